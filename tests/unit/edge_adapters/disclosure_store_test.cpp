#include "agent/adapters/disclosure_store.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "ledger-client/store/log_reader.h"
#include "tests/support/test_log.h"

using namespace edge;

namespace {

const ledger::Address kPeer = *ledger::Address::parse("10.20.0.6");
const ledger::Address kOther = *ledger::Address::parse("10.20.0.7");

// A store over a ledger of its own, whose clock the test turns.
struct Case {
  test_support::TempDir folder;
  test_support::LogKey key{test_support::kOrigin};
  ledger::TimePoint now = *ledger::parse_time("2026-11-22T08:10:00.000Z");
  std::unique_ptr<ledger::Journal> journal;
  std::unique_ptr<DisclosureStore> store;
  int ids = 0;

  Case() {
    migrate_agent_tables(folder / "agent.db");
    auto options = test_support::journal_options(folder.path(), key);
    options.now = [this] { return now; };
    journal = std::make_unique<ledger::Journal>(options);
    store = std::make_unique<DisclosureStore>(
        *journal,
        DisclosureStore::Options{folder / "agent.db", std::chrono::hours(1), [this] { return now; },
                                 [](std::span<std::uint8_t> out) { std::fill(out.begin(), out.end(), 7); }});
  }

  RefusalRecord refusal(Code code, const ledger::Address& peer = kPeer) {
    char id[40];
    std::snprintf(id, sizeof id, "0193a5d0-7c1e-7abc-8def-%012d", ++ids);
    ledger::Hash hash{};
    hash[0] = static_cast<std::uint8_t>(ids);
    return {peer, id, hash, "summary", "TREAT", now + std::chrono::minutes(5), {code, "a true reason"},
            {},   {}};
  }
  std::vector<nlohmann::json> ledger_lines() const {
    const ledger::LogReader log(folder / "agent.db");
    std::vector<nlohmann::json> lines;
    log.for_each(0, log.size(), [&](std::uint64_t, std::string_view line) {
      lines.push_back(nlohmann::json::parse(line));
      return true;
    });
    return lines;
  }
};

}  // namespace

TEST_CASE("refusals are on the ledger as one count per peer and hour, when the hour is over") {
  Case c;
  for (const Code code : {Code::kNotAvailable, Code::kMalformed, Code::kReplayed, Code::kExpired})
    c.store->refuse(c.refusal(code));
  c.store->refuse(c.refusal(Code::kNotAvailable, kOther));
  // Neither is a refusal of what was asked.
  c.store->refuse(c.refusal(Code::kBusy));
  c.store->refuse(c.refusal(Code::kFailed));
  const auto again = c.refusal(Code::kNotAvailable);
  c.store->refuse(again);
  c.store->refuse(again);  // one request, refused once

  c.now += std::chrono::minutes(49);
  CHECK(c.store->append_refusal_counts() == 0);
  CHECK(c.ledger_lines().empty());
  c.now += std::chrono::minutes(1);
  CHECK(c.store->append_refusal_counts() == 2);
  CHECK(c.store->append_refusal_counts() == 0);
  const auto lines = c.ledger_lines();
  REQUIRE(lines.size() == 2);
  const auto body = [](const ledger::Address& peer, int count) {
    return nlohmann::json{{"peer", peer.text()}, {"hour", "2026-11-22T08:00:00.000Z"}, {"count", count}};
  };
  CHECK(lines[0].at("type") == "refusals");
  CHECK(lines[0].at("body") == body(kPeer, 5));
  CHECK(lines[1].at("body") == body(kOther, 1));
}

TEST_CASE("a refused id is known with its code until the watermark passes it") {
  Case c;
  const auto refused = c.refusal(Code::kNotAvailable);
  c.store->refuse(refused);
  const auto known = c.store->known(kPeer, refused.request);
  REQUIRE(known);
  CHECK(known->sha256 == refused.sha256);
  CHECK(known->code == Code::kNotAvailable);
  CHECK_FALSE(known->issued);
  CHECK_FALSE(c.store->known(kOther, refused.request));  // ids are the sender's own

  CHECK(c.store->prune(std::chrono::minutes(16)) == c.now - std::chrono::minutes(16));
  CHECK(c.store->known(kPeer, refused.request));
  c.now += std::chrono::minutes(22);
  const auto watermark = c.store->prune(std::chrono::minutes(16));
  CHECK(watermark > refused.expires);
  CHECK_FALSE(c.store->known(kPeer, refused.request));
  // A clock that goes back does not bring the watermark back.
  c.now -= std::chrono::hours(5);
  CHECK(c.store->prune(std::chrono::minutes(16)) == watermark);
}

TEST_CASE("an issued id is known as long as its transfer is kept, whatever was refused under it since") {
  Case c;
  const auto refused = c.refusal(Code::kNotAMember);
  ledger::Hash issued{};
  issued[0] = 9;
  ledger::sqlite::Database(c.folder / "agent.db", ledger::sqlite::Mode::kReadWrite)
      .exec(
          ("INSERT INTO outbound(peer, id, state, created, deadline, finished, request_sha256, entry_index, "
           "content_type, plaintext_size, plaintext_sha256, ciphertext_size, ciphertext_sha256, merkle_root) "
           "VALUES('" +
           kPeer.text() + "', '" + refused.request + "', 1, 0, 0, " + std::to_string(to_integer(c.now)) +
           ", x'" + ledger::to_hex(issued) + "', 0, '', 0, x'', 0, x'', x'')")
              .c_str());
  c.store->refuse(refused);
  const auto known = c.store->known(kPeer, refused.request);
  REQUIRE(known);
  CHECK(known->issued);
  CHECK(known->sha256 == issued);
  (void)c.store->forget_before(c.now);
  CHECK(c.store->known(kPeer, refused.request)->issued);
  (void)c.store->forget_before(c.now + std::chrono::milliseconds(1));
  CHECK_FALSE(c.store->known(kPeer, refused.request)->issued);
}
