#include "ledger-client/store/replica.h"

#include <catch2/catch.hpp>

#include "ledger-client/store/verify.h"
#include "tests/support/test_history.h"

using ledger::Replica;
using ledger::ReplicaBatch;
using Kind = ledger::ReplicaRefusal::Kind;
using test_support::History;
using test_support::kOrigin;
using test_support::LogKey;

namespace {

struct Fixture {
  test_support::TempDir dir;
  LogKey key{kOrigin};
  std::array<ledger::NoteKey, 1> keys{key.key()};
  History log{key};
  std::filesystem::path file = dir / "replica.db";
};

// The refusal, or kTaken.
struct Outcome {
  bool taken = false;
  ledger::ReplicaRefusal refusal;
};
Outcome append(Replica& replica, const ReplicaBatch& batch, std::span<const ledger::NoteKey> keys) {
  const auto result = replica.append(batch, keys);
  return result ? Outcome{true, {}} : Outcome{false, result.error()};
}

void check_same(const Replica& replica, const History& log, std::uint64_t size) {
  CHECK(replica.size() == size);
  CHECK(replica.root() == log.root(size));
  if (size > 0) CHECK(replica.line(size - 1) == log.lines()[size - 1]);
}

std::optional<std::string> fault_of(const std::filesystem::path& file, const LogKey& key) {
  const auto report = ledger::verify_log(ledger::LogReader(file), std::array{key.key()});
  return report.fault ? std::optional(report.fault->reason) : std::nullopt;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "live batches are taken up to their checkpoint, and verify like a journal") {
  log.add(2100);
  {
    Replica replica(file, kOrigin);
    CHECK(replica.size() == 0);
    CHECK_FALSE(replica.newest_note());
    CHECK_FALSE(replica.first_damage(keys));
    for (const auto& [from, to] : {std::pair{0, 1}, {1, 3}, {3, 1024}, {1024, 1100}, {1100, 2100}}) {
      REQUIRE(append(replica, log.batch(from, to), keys).taken);
      check_same(replica, log, to);
      CHECK(replica.newest_note() == log.note(to));
      CHECK_FALSE(replica.first_damage(keys));
    }
    CHECK(replica.root_at(1024) == log.root(1024));
    CHECK(replica.reader().origin() == kOrigin);
  }
  CHECK_FALSE(fault_of(file, key));
  Replica again(file, kOrigin);
  CHECK(again.repaired().empty());
  check_same(again, log, 2100);
  CHECK(ledger::Frontier::from_nodes(2100, again.frontier())->root() == log.root(2100));
  CHECK(again.newest_note() == log.note(2100));
}

TEST_CASE_METHOD(Fixture, "catching up goes by consistency proofs and survives a restart at every batch") {
  log.add(3000);
  for (std::uint64_t from = 0; from < 3000; from += 700) {
    Replica replica(file, kOrigin);
    CHECK(replica.repaired().empty());
    REQUIRE(replica.size() == from);
    const auto to = std::min<std::uint64_t>(from + 700, 3000);
    REQUIRE(append(replica, log.batch(from, to, 3000), keys).taken);
    check_same(replica, log, to);
    CHECK(replica.newest_note() == log.note(3000));
    CHECK_FALSE(fault_of(file, key));  // vouched for by the proof
    CHECK_FALSE(replica.first_damage());
  }
  const auto report = ledger::verify_log(ledger::LogReader(file), keys);
  CHECK_FALSE(report.fault);
  CHECK(report.checkpoint->size == 3000);
  CHECK_FALSE(report.beyond);
}

TEST_CASE_METHOD(Fixture, "what is held already is compared and not stored again") {
  log.add(50);
  Replica replica(file, kOrigin);
  REQUIRE(append(replica, log.batch(0, 20), keys).taken);
  CHECK(append(replica, log.batch(0, 20), keys).taken);
  CHECK(append(replica, log.batch(5, 15), keys).taken);
  CHECK(append(replica, log.batch(5, 15, 40), keys).taken);  // an older range with a newer checkpoint
  CHECK(replica.size() == 20);
  CHECK(replica.newest_note() == log.note(40));
  CHECK(append(replica, log.batch(10, 30, 40), keys).taken);
  check_same(replica, log, 30);
  CHECK(append(replica, log.batch(30, 40), keys).taken);
  CHECK_FALSE(fault_of(file, key));
}

TEST_CASE_METHOD(Fixture, "a gap is said and changes nothing") {
  log.add(30);
  Replica replica(file, kOrigin);
  REQUIRE(append(replica, log.batch(0, 10), keys).taken);
  const auto outcome = append(replica, log.batch(11, 30), keys);
  CHECK(outcome.refusal.kind == Kind::kGap);
  CHECK_THAT(outcome.refusal.reason, Catch::Contains("entries 10 to 10 are missing"));
  check_same(replica, log, 10);
}

TEST_CASE_METHOD(Fixture, "structure gates: every broken batch is refused whole") {
  log.add(40);
  Replica replica(file, kOrigin);
  REQUIRE(append(replica, log.batch(0, 10), keys).taken);
  const LogKey other_key("ehr/10-20-0-9");
  auto batch = log.batch(10, 40);
  const auto refused = [&](const std::string& reason) {
    const auto outcome = append(replica, batch, keys);
    INFO(outcome.refusal.reason);
    CHECK_FALSE(outcome.taken);
    CHECK(outcome.refusal.kind == Kind::kRefused);
    CHECK_THAT(outcome.refusal.reason, Catch::Contains(reason));
    check_same(replica, log, 10);
  };
  SECTION("index") {
    batch.lines.erase(batch.lines.begin() + 5);
    refused("entry 15: entry: the index is not the next one");
  }
  SECTION("prev") {
    batch.lines[29] = History(key).add(39, 7).add(1, 7).lines()[39];
    refused("prev is not the hash");
  }
  SECTION("canonical form") {
    batch.lines[3].insert(1, " ");
    refused("canonical");
  }
  SECTION("size of a line") {
    batch.lines[3] = std::string(ledger::kMaxEntryBytes + 1, 'x');
    refused("longer than 8 KiB");
  }
  SECTION("another log's entries") {
    batch.lines = History(other_key).add(40).batch(10, 40).lines;
    refused("belongs to another log");
  }
  SECTION("another log's checkpoint") {
    batch.note = History(other_key).add(40).note(40);
    refused("the checkpoint is refused");
  }
  SECTION("time going back") {
    auto entry = ledger::parse_entry(log.lines()[10]).value();
    entry.time = ledger::parse_time("2026-11-22T07:59:59.999Z").value();
    batch.lines = {ledger::encode_entry(entry)};
    refused("the time is before");
  }
  SECTION("one byte of an entry") {
    batch.lines[29][20] ^= 1;
    refused("");
    CHECK(append(replica, log.batch(10, 40), keys).taken);
  }
  SECTION("signature") {
    batch.note[batch.note.size() - 10] ^= 1;
    refused("the checkpoint is refused");
  }
  SECTION("a checkpoint that covers less") {
    batch.note = log.note(39);
    refused("does not cover");
  }
  SECTION("no proof") {
    log.add(10);
    batch.note = log.note(50);
    refused("do not lead to the signed root");
  }
  SECTION("a proof between other sizes") {
    log.add(10);
    batch.note = log.note(50);
    batch.consistency = log.consistency(39, 50);
    refused("do not lead to the signed root");
  }
}

TEST_CASE_METHOD(Fixture, "unknown types and void entries never stall a replica") {
  log.add(3)
      .add_entry("made.tomorrow", R"({"anything":[1,2,{"x":null}]})")
      .add_entry("bundle.issued", "{}")
      .add(3);
  Replica replica(file, kOrigin);
  REQUIRE(append(replica, log.batch(0, 8), keys).taken);
  const auto report = ledger::verify_log(ledger::LogReader(file), keys);
  CHECK_FALSE(report.fault);
  CHECK(report.unknown_types == 1);
  CHECK(report.void_count == 1);
}

TEST_CASE_METHOD(Fixture, "a validly signed checkpoint that can't be true contradicts") {
  log.add(60);
  auto lie = log.fork(25);
  lie.add(35, 1000);
  Replica replica(file, kOrigin);
  REQUIRE(append(replica, log.batch(0, 40, 50), keys).taken);
  const auto contradicts = [&](const ledger::Result<ledger::Done, ledger::ReplicaRefusal>& result,
                               const std::string& note) {
    REQUIRE_FALSE(result);
    INFO(result.error().reason);
    CHECK(result.error().kind == Kind::kContradiction);
    CHECK(result.error().signed_note == note);
    check_same(replica, log, 40);
    CHECK(replica.newest_note() == log.note(50));
  };
  SECTION("the same size as held, another root") {
    contradicts(replica.take_checkpoint(lie.note(40), keys), lie.note(40));
  }
  SECTION("smaller") {
    contradicts(replica.take_checkpoint(lie.note(30), keys), lie.note(30));
  }
  SECTION("the size of the target, another root") {
    contradicts(replica.take_checkpoint(lie.note(50), keys), lie.note(50));
    contradicts(replica.append(lie.batch(40, 50), keys), lie.note(50));
  }
  SECTION("larger, with a proof that shows another beginning") {
    contradicts(replica.append({40, {}, lie.note(60), lie.consistency(40, 60)}, keys), lie.note(60));
  }
  SECTION("larger, with entries from the fork on") {
    contradicts(replica.append(lie.batch(20, 60), keys), lie.note(60));
    contradicts(replica.append(lie.batch(20, 30, 60), keys), lie.note(60));
  }
  SECTION("beyond the target, which it does not extend") {
    auto later = log.fork(45);
    later.add(15, 1000);
    contradicts(replica.append(later.batch(40, 60), keys), later.note(60));
  }
  SECTION("what does not lead to the signed root convicts nobody") {
    auto batch = lie.batch(20, 60);
    batch.lines[39] = log.lines()[59];
    const auto outcome = append(replica, batch, keys);
    CHECK(outcome.refusal.kind == Kind::kRefused);
    CHECK(outcome.refusal.signed_note == lie.note(60));
    auto proof = lie.consistency(40, 60);
    proof.back()[0] ^= 1;
    CHECK(append(replica, {40, {}, lie.note(60), proof}, keys).refusal.kind == Kind::kRefused);
    CHECK(append(replica, lie.batch(40, 60), keys).refusal.kind == Kind::kRefused);  // undecided
  }
  SECTION("a smaller checkpoint of the same history is fine") {
    CHECK(replica.take_checkpoint(log.note(30), keys));
    CHECK(replica.take_checkpoint(log.note(45), keys));
    CHECK(replica.take_checkpoint(log.note(0), keys));
    CHECK(replica.newest_note() == log.note(50));
  }
}

TEST_CASE_METHOD(Fixture, "the newest checkpoint is remembered, whatever is cut") {
  log.add(60);
  Replica replica(file, kOrigin);
  REQUIRE(replica.take_checkpoint(log.note(60), keys));
  CHECK(replica.newest_note() == log.note(60));
  REQUIRE(append(replica, log.batch(0, 40), keys).taken);
  REQUIRE(append(replica, log.batch(40, 60), keys).taken);
  replica.cut(10);
  CHECK(replica.size() == 0);
  CHECK(replica.newest_note() == log.note(60));
  auto lie = log.fork(5);
  lie.add(55, 1000);
  const auto outcome = append(replica, lie.batch(0, 60), keys);
  CHECK(outcome.refusal.kind == Kind::kContradiction);
  CHECK(append(replica, log.batch(0, 60), keys).taken);
}

TEST_CASE_METHOD(Fixture, "cosignatures that verify are kept and come together, others never are") {
  log.add(30);
  const test_support::WitnessKey first("w1", "1"), second("w2", "2"), stranger("w3", "3");
  const std::array all{key.key(), first.key(), second.key()};
  const auto text = log.note(20).substr(0, log.note(20).find("\n\n") + 1);
  const auto by_first = first.cosign(1700000000, text), by_second = second.cosign(1700000001, text);
  Replica replica(file, kOrigin);
  auto batch = log.batch(0, 20);
  batch.note += by_first + stranger.cosign(1, text);
  REQUIRE(append(replica, batch, all).taken);
  CHECK(replica.newest_note() == log.note(20) + by_first);
  REQUIRE(replica.take_checkpoint(log.note(20) + by_second, all));
  CHECK(replica.newest_note() == log.note(20) + by_second + by_first);
  CHECK(replica.reader().newest_checkpoint_note() == log.note(20) + by_second + by_first);
  CHECK_FALSE(replica.witnessed_note());

  SECTION("without the witness' key its line is left out") {
    REQUIRE(append(replica, log.batch(20, 25), keys).taken);
    CHECK(replica.newest_note() == log.note(25));
  }
  SECTION("witnessed over what is held") {
    replica.note_witnessed(log.note(20) + by_first + by_second);
    CHECK(replica.witnessed_note() == log.note(20) + by_first + by_second);
    replica.note_witnessed(log.note(10) + by_first);                     // an older one
    replica.note_witnessed(log.fork(19).add(1, 9).note(20) + by_first);  // not of these entries
    CHECK(replica.witnessed_note() == log.note(20) + by_first + by_second);
    replica.cut(0);
    CHECK_FALSE(replica.witnessed_note());
    REQUIRE(append(replica, log.batch(0, 25), keys).taken);
    CHECK(replica.witnessed_note() == log.note(20) + by_first + by_second);
  }
  SECTION("witnessed before its entries are here") {
    replica.note_witnessed(log.note(30) + by_first);
    CHECK_FALSE(replica.witnessed_note());
    REQUIRE(append(replica, log.batch(20, 25, 30), all).taken);
    CHECK_FALSE(replica.witnessed_note());
    REQUIRE(append(replica, log.batch(25, 30), all).taken);
    CHECK(replica.witnessed_note() == log.note(30) + by_first);
    Replica again(dir / "other.db", kOrigin);
    CHECK_FALSE(again.witnessed_note());
  }
  CHECK_FALSE(replica.first_damage(all));
}
