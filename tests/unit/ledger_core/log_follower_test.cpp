#include "ledger-client/core/log_follower.h"

#include <sodium.h>
#include <catch2/catch.hpp>

#include "ledger-client/core/sha256.h"

using ledger::EntriesMessage;
using ledger::LogFollower;

namespace {

const std::string kOrigin = "ehr/10-20-0-5";

// A log in memory that publishes as an agent does.
class Publisher {
 public:
  explicit Publisher(const std::string& seed_text = "a") {
    REQUIRE(sodium_init() >= 0);
    const auto seed = ledger::sha256(seed_text);
    crypto_sign_seed_keypair(key.key.bytes.data(), secret_.data(), seed.data());
    key.name = kOrigin;
  }

  // Appends `count` entries with bodies of about `size` bytes; the messages of this batch.
  std::vector<std::string> append(std::uint64_t count, std::size_t size = 10) {
    EntriesMessage batch{kOrigin, frontier.size(), frontier.nodes(), {}};
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto time = ledger::parse_time("2026-11-22T08:00:00.000Z").value();
      auto line = ledger::encode_entry(
          {frontier.size(), kOrigin, prev_, time, "made.up", "{\"x\":\"" + std::string(size, 'x') + "\"}"});
      prev_ = ledger::sha256(line);
      frontier.append(ledger::leaf_hash(ledger::as_bytes(line)));
      batch.lines.push_back(std::move(line));
    }
    return ledger::encode_entries_messages(batch);
  }

  std::string checkpoint() const {
    const auto root = frontier.size() == 0 ? ledger::empty_root() : frontier.root();
    const auto text = ledger::Checkpoint{kOrigin, frontier.size(), root}.to_text();
    ledger::Signature signature{};
    crypto_sign_detached(signature.data(), nullptr, ledger::as_bytes(text).data(), text.size(),
                         secret_.data());
    return text + "\n" + ledger::note_signature_line(key, signature);
  }

  ledger::NoteKey key;
  ledger::Frontier frontier;

 private:
  std::array<std::uint8_t, 64> secret_{};
  ledger::Hash prev_ = ledger::first_prev(kOrigin);
};

}  // namespace

TEST_CASE("entries messages come back as they were, split below their limit") {
  Publisher log;
  log.append(5);
  const auto messages = log.append(200, 4000);
  REQUIRE(messages.size() > 3);
  std::uint64_t next = 5;
  for (const auto& message : messages) {
    CHECK(message.size() <= ledger::limits::kEntriesMessageBytes);
    const auto decoded = ledger::decode_entries_message(message);
    REQUIRE(decoded);
    CHECK(decoded->origin == kOrigin);
    CHECK(decoded->from == next);
    next += decoded->lines.size();
    CHECK(ledger::encode_entries_messages(*decoded) == std::vector{message});
  }
  CHECK(next == 205);
  CHECK(ledger::encode_entries_messages({kOrigin, 0, {}, {}}).empty());
}

TEST_CASE("malformed entries messages are refused") {
  const std::string line = "x\n";
  const std::string hash = "\"" + std::string(64, 'a') + "\"";
  const auto header = [](const std::string& from, const std::string& frontier) {
    return "{\"from\":" + from + ",\"frontier\":[" + frontier + "],\"origin\":\"o\"}\n";
  };
  CHECK(ledger::decode_entries_message(header("0", "") + line));
  CHECK(ledger::decode_entries_message(header("3", hash + "," + hash) + line));
  for (const auto& bad : {std::string(), std::string("\n"), line, header("0", ""), header("0", "") + "x",
                          header("1", "") + line, header("0", hash) + line, header("-1", "") + line,
                          header("1.5", hash) + line, header("1", "7") + line, header("1", "\"aa\"") + line,
                          std::string("[]\n") + line, std::string("{\"from\":0,\"frontier\":[]}\n") + line,
                          std::string("{\"from\":0,\"frontier\":[],\"origin\":1}\n") + line,
                          std::string("{\"from\":0,\"frontier\":[],\"origin\":\"o\",\"x\":1}\n") + line,
                          header("0", "") + std::string(ledger::limits::kEntriesMessageBytes, 'x') + "\n"}) {
    INFO(bad.substr(0, 80));
    CHECK_FALSE(ledger::decode_entries_message(bad));
  }
}

TEST_CASE("entries are handed out once a signed checkpoint vouches for them, from wherever one joins") {
  Publisher log;
  const auto joined = GENERATE(0, 1, 7, 256);
  log.append(static_cast<std::uint64_t>(joined));
  LogFollower follower(kOrigin, {log.key});
  REQUIRE(follower.take_checkpoint(log.checkpoint()));
  for (const std::uint64_t count : {1, 3, 200}) {
    std::size_t handed_out = 0;
    for (const auto& message : log.append(count, 3000)) {
      const auto step = follower.take_entries(message);
      REQUIRE(step);
      CHECK(step->verified.empty());
    }
    const auto step = follower.take_checkpoint(log.checkpoint());
    REQUIRE(step);
    CHECK(step->gap.empty());
    handed_out += step->verified.size();
    CHECK(handed_out == count);
    CHECK(follower.checkpoint()->size == log.frontier.size());
  }
}

TEST_CASE("a checkpoint that comes before its entries, and messages that come twice") {
  Publisher log;
  LogFollower follower(kOrigin, {log.key});
  const auto first = log.append(4).front();
  CHECK(follower.take_checkpoint(log.checkpoint())->verified.empty());
  CHECK(follower.take_entries(first)->verified.size() == 4);
  CHECK(follower.take_entries(first)->verified.empty());
  CHECK(follower.take_checkpoint(log.checkpoint())->verified.empty());
}

TEST_CASE("a lost message is a gap that is said, and following goes on") {
  Publisher log;
  LogFollower follower(kOrigin, {log.key});
  REQUIRE(follower.take_entries(log.append(4).front()));
  CHECK(follower.take_checkpoint(log.checkpoint())->verified.size() == 4);
  log.append(3);  // lost
  const auto step = follower.take_entries(log.append(2).front());
  REQUIRE(step);
  CHECK_THAT(step->gap, Catch::Contains("entries 4 to 6"));
  CHECK(follower.take_checkpoint(log.checkpoint())->verified.size() == 2);
}

TEST_CASE("what was not signed is not handed out") {
  Publisher log;
  Publisher other("b");
  LogFollower follower(kOrigin, {log.key});
  SECTION("another key's checkpoint") {
    REQUIRE(follower.take_entries(log.append(4).front()));
    other.append(4);
    CHECK_FALSE(follower.take_checkpoint(other.checkpoint()));
    CHECK(follower.take_checkpoint(log.checkpoint())->verified.size() == 4);
  }
  SECTION("other entries than the signed ones") {
    log.append(4);
    REQUIRE(follower.take_entries(other.append(4, 11).front()));
    CHECK_FALSE(follower.take_checkpoint(log.checkpoint()));
  }
  SECTION("a forged compact range") {
    log.append(8);
    auto message = ledger::decode_entries_message(log.append(2).front()).value();
    message.frontier[0][0] ^= 1;
    REQUIRE(follower.take_entries(ledger::encode_entries_messages(message).front()));
    CHECK_FALSE(follower.take_checkpoint(log.checkpoint()));
  }
  SECTION("a broken chain is refused and what came before stands") {
    REQUIRE(follower.take_entries(log.append(2).front()));
    auto message = ledger::decode_entries_message(log.append(2).front()).value();
    auto broken = message;
    broken.lines[1][broken.lines[1].find("made")] = 'n';
    broken.lines[0][broken.lines[0].find("made")] = 'n';
    CHECK_FALSE(follower.take_entries(ledger::encode_entries_messages(broken).front()));
    REQUIRE(follower.take_entries(ledger::encode_entries_messages(message).front()));
    CHECK(follower.take_checkpoint(log.checkpoint())->verified.size() == 4);
  }
  SECTION("two roots for one size") {
    Publisher same;
    log.append(4);
    same.append(4, 11);
    REQUIRE(follower.take_checkpoint(log.checkpoint()));
    CHECK_FALSE(follower.take_checkpoint(same.checkpoint()));
  }
}
