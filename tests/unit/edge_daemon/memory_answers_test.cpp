#include "agent/daemon/memory_answers.h"

#include <catch2/catch.hpp>

#include "ledger-client/core/sha256.h"
#include "tests/support/two_agents.h"

using namespace edge;

namespace {

// Answers of a to b and others; nothing is connected, so what is sent is lost at once.
struct Case {
  Case() { config.limits.answers_bytes = 2u << 20; }

  static std::string id(int number) {
    const std::string digits = std::to_string(number);
    return "0193a5d0-7c1e-7abc-8def-" + std::string(12 - digits.size(), '0') + digits;
  }
  Answer answer(int number, std::size_t bytes, const char* peer = "10.20.0.6") const {
    Answer answer{{{id(number), agents.a.address, *ledger::Address::parse(peer), 1, {}}, {}}, {}};
    answer.payload.memory = ledger::Bytes(bytes, 7);
    CiphertextHasher hasher;
    hasher.update(answer.payload.memory);
    answer.payload.seal.ciphertext = hasher.finish();
    answer.manifest.chunk_count = answer.payload.seal.ciphertext.chunk_roots.size();
    answer.manifest.request_sha256 = ledger::sha256("request");
    return answer;
  }
  Ack ack(int number, std::uint64_t next, std::vector<std::uint64_t> missing = {}) const {
    return {{id(number), agents.b.address, agents.a.address, 1, {}}, next, std::move(missing)};
  }

  test_support::TwoAgents agents = test_support::make_two_agents();
  CurrentFederation federation{std::make_shared<const ledger::Federation>(agents.federation)};
  Config config;
  Counters counters;
  mqtt_transport::Connection connection{{"mqtt://127.0.0.1:1", {}, "nobody", {}, {}, {}, {}, {}, {}, {}}, {}};
  Context context{&config,
                  &federation,
                  agents.a.identity(),
                  {},
                  &connection,
                  nullptr,
                  nullptr,
                  &counters,
                  [] { return ledger::TimePoint{}; },
                  [](std::span<std::uint8_t> out) { std::fill(out.begin(), out.end(), 0); }};
  MemoryAnswers answers{context};
};

constexpr std::size_t kSize = 600'000;  // three chunks

}  // namespace

TEST_CASE("answers in memory: the last acknowledgement ends one, the deadline all") {
  Case c;
  REQUIRE(c.answers.send(c.answer(1, kSize)));
  CHECK(c.answers.bytes() == kSize);
  CHECK_FALSE(c.answers.on_ack(c.ack(2, 3)));
  CHECK(c.answers.on_ack(c.ack(1, 2)));
  CHECK(c.answers.on_ack(c.ack(1, 3, {0})));  // the end, but for one
  CHECK(c.answers.on_ack(c.ack(1, 99)));
  CHECK(c.answers.bytes() == kSize);
  CHECK(c.answers.on_ack(c.ack(1, 3)));
  CHECK(c.answers.bytes() == 0);
  CHECK_FALSE(c.answers.on_ack(c.ack(1, 3)));

  REQUIRE(c.answers.send(c.answer(2, kSize)));
  c.answers.tick();
  CHECK(c.answers.bytes() == kSize);
  c.answers.tick(Timer::Clock::now() + std::chrono::minutes(1));
  CHECK(c.answers.bytes() == 0);
}

TEST_CASE("answers in memory: a peer has its share, all together the limit") {
  Case c;
  REQUIRE(c.answers.send(c.answer(1, kSize)));
  CHECK_FALSE(c.answers.send(c.answer(2, kSize)));           // more than half of the room
  REQUIRE(c.answers.send(c.answer(2, kSize, "10.20.0.7")));  // another peer's
  REQUIRE(c.answers.send(c.answer(2, kSize, "10.20.0.8")));
  CHECK_FALSE(c.answers.send(c.answer(2, kSize, "10.20.0.9")));  // no room at all
  CHECK(c.answers.bytes() == 3 * kSize);
  c.answers.tick(Timer::Clock::now() + std::chrono::minutes(1));
  for (int number = 0; number < 16; ++number) REQUIRE(c.answers.send(c.answer(number, 1'000)));
  CHECK_FALSE(c.answers.send(c.answer(16, 1'000)));  // too many of one peer
  CHECK(c.answers.send(c.answer(16, 1'000, "10.20.0.7")));
}

TEST_CASE("answers in memory: one larger than half of the room is taken where there is nothing else") {
  Case c;
  CHECK(c.answers.send(c.answer(1, 1'500'000)));
  CHECK_FALSE(c.answers.send(c.answer(2, 1'000)));
  CHECK(c.answers.send(c.answer(2, 1'000, "10.20.0.7")));
  CHECK_FALSE(c.answers.send(c.answer(3, 3u << 20, "10.20.0.8")));
}

TEST_CASE("answers in memory: the same request gets the same state, another one is told apart") {
  Case c;
  const auto verified = [&](const std::string& params) {
    const auto now = *ledger::parse_time("2026-11-22T08:00:00.000Z");
    const Request request{{Case::id(1), c.agents.b.address, c.agents.a.address, 1, now},
                          Operation::kLedgerRange,
                          now + std::chrono::minutes(10),
                          "HOPERAT",
                          {},
                          params};
    return std::get<VerifiedRequest>(verify_request(sign_request(request, c.agents.b.identity()),
                                                    {c.agents.b.address, Case::id(1), ""},
                                                    c.agents.federation, {c.agents.a.address}, now));
  };
  const auto asked = verified(R"({"count":9,"from":0,"origin":"ehr/10-20-0-5"})");
  const auto other = verified(R"({"count":8,"from":0,"origin":"ehr/10-20-0-5"})");
  CHECK(c.answers.repeat(asked) == MemoryAnswers::Known::kNothing);
  auto answer = c.answer(1, kSize);
  answer.manifest.request_sha256 = asked.sha256();
  REQUIRE(c.answers.send(std::move(answer)));
  CHECK(c.answers.repeat(asked) == MemoryAnswers::Known::kSame);
  CHECK(c.answers.repeat(other) == MemoryAnswers::Known::kOther);
  CHECK(c.answers.on_ack(c.ack(1, 3)));
  CHECK(c.answers.repeat(other) == MemoryAnswers::Known::kNothing);
}
