#include "agent/adapters/ledger_answers.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "ledger-client/core/checkpoint.h"
#include "ledger-client/core/sha256.h"
#include "ledger-client/store/journal.h"
#include "tests/support/test_history.h"
#include "tests/support/test_log.h"
#include "tests/support/two_agents.h"

using namespace edge;
using test_support::kOrigin;

namespace {

// A journal in a state directory of its own, and answers from it.
struct Stored {
  explicit Stored(std::uint64_t entries = 0) {
    for (std::uint64_t number = 0; number < entries; ++number)
      REQUIRE(journal->append({test_support::issued(number)}));
  }
  // Entries that are near the largest, in one commit.
  void append_large(std::uint64_t count) {
    std::vector<ledger::NewEntry> entries;
    for (std::uint64_t number = 0; number < count; ++number) {
      entries.push_back(
          {"test.large", nlohmann::json{{"data", std::string(7'000, 'x')}}.dump(), std::to_string(number)});
    }
    REQUIRE(journal->append(std::move(entries)));
  }
  LedgerRange range(std::uint64_t from, std::uint64_t count = kMaxRangeEntries) {
    const auto answer = answers.range({kOrigin, from, count});
    REQUIRE(answer);
    const auto read = parse_ledger_range_answer(*answer);
    REQUIRE(read);
    return *read;
  }
  ledger::Checkpoint checkpoint(const std::string& note) const {
    return ledger::open_checkpoint(note, key.key()).value().checkpoint;
  }

  test_support::TempDir dir;
  test_support::LogKey key{kOrigin};
  std::unique_ptr<ledger::Journal> journal =
      std::make_unique<ledger::Journal>(test_support::journal_options(dir.path(), key));
  StoredLedgerAnswers answers{logs_in(dir.path(), kOrigin)};
};

std::string refusal(const Outcome<std::string>& outcome) {
  return outcome ? "" : std::string(code_text(outcome.error().code));
}

}  // namespace

TEST_CASE("ledger answers: ranges with what is needed to verify them") {
  Stored stored(20);
  ledger::Frontier tree;
  for (std::uint64_t from = 0; from < 20; from += 7) {
    const auto range = stored.range(from, 7);
    CHECK(range.origin == kOrigin);
    CHECK(range.from == from);
    CHECK(range.lines.size() == std::min<std::uint64_t>(7, 20 - from));
    for (const auto& line : range.lines) tree.append(ledger::leaf_hash(ledger::as_bytes(line)));
    const auto checkpoint = stored.checkpoint(range.note);
    CHECK(checkpoint.size == 20);
    CHECK(ledger::verify_consistency(tree.size(), 20, tree.root(), checkpoint.root, range.consistency));
  }
  CHECK(stored.range(20).lines.empty());
  CHECK(stored.range(20).consistency.empty());
  CHECK(stored.range(0).lines.size() == 20);
  CHECK(refusal(stored.answers.range({kOrigin, 21, 1})) == "not-available");
  // What is appended meanwhile is in the next answer.
  REQUIRE(stored.journal->append({test_support::issued(20)}));
  CHECK(stored.range(20).lines.size() == 1);
}

TEST_CASE("ledger answers: a range ends at 1,000 entries or a mebibyte") {
  Stored stored;
  stored.append_large(200);
  const auto range = stored.range(0);
  std::size_t bytes = 0;
  for (const auto& line : range.lines) bytes += line.size() + 1;
  CHECK(bytes <= kMaxRangeBytes);
  CHECK(bytes + range.lines.front().size() + 2 > kMaxRangeBytes);
  CHECK(stored.range(range.lines.size()).lines.size() == 200 - range.lines.size());
}

TEST_CASE("ledger answers: proofs between any two sizes") {
  Stored stored(9);
  const ledger::LogReader log(stored.dir / "agent.db");
  const auto node = [&log](unsigned level, std::uint64_t index) { return log.node(level, index); };
  for (std::uint64_t size = 1; size <= 9; ++size) {
    for (std::uint64_t old_size = 0; old_size <= size; ++old_size) {
      INFO(old_size << " to " << size);
      const auto answer = stored.answers.proof({kOrigin, old_size, size});
      REQUIRE(answer);
      const auto proof = parse_ledger_proof_answer(*answer);
      REQUIRE(proof);
      CHECK(proof->size == size);
      CHECK(stored.checkpoint(proof->note).size == 9);
      if (old_size == 0) {
        CHECK(proof->consistency.empty());
        continue;
      }
      CHECK(ledger::verify_consistency(old_size, size, ledger::root_from_nodes(old_size, node),
                                       ledger::root_from_nodes(size, node), proof->consistency));
    }
  }
  CHECK(refusal(stored.answers.proof({kOrigin, 3, 10})) == "not-available");
}

TEST_CASE("ledger answers: other logs, and logs without an entry") {
  Stored stored;
  CHECK(stored.range(0).lines.empty());
  CHECK(stored.checkpoint(stored.range(0).note).size == 0);
  CHECK(refusal(stored.answers.range({kOrigin, 1, 1})) == "not-available");
  CHECK(refusal(stored.answers.proof({kOrigin, 0, 1})) == "not-available");
  const std::string other = "ehr/10-20-0-6/2";
  CHECK(refusal(stored.answers.range({other, 0, 1})) == "not-available");
  CHECK(replica_file("/s", other) == "/s/replicas/ehr_10-20-0-6_2.db");
  CHECK(replica_file("/s", other) != replica_file("/s", "ehr/10-20-0-6-2"));
  // A copy that has not got all the entries of the newest checkpoint it has seen leads to it all the same.
  const test_support::LogKey other_key(other);
  test_support::History log(other_key);
  log.add(8);
  std::filesystem::create_directories(stored.dir / "replicas");
  ledger::Replica copy(replica_file(stored.dir.path(), other), other);
  REQUIRE(copy.append(log.batch(0, 5, 8), std::array{other_key.key()}));
  const auto range = parse_ledger_range_answer(stored.answers.range({other, 0, 1'000}).value()).value();
  CHECK(range.lines.size() == 5);
  CHECK(ledger::open_checkpoint(range.note, other_key.key())->checkpoint.size == 8);
  CHECK(ledger::verify_consistency(5, 8, log.root(5), log.root(8), range.consistency));
}

TEST_CASE("ledger answers: cosign is the witness' answer, once there is one") {
  Stored stored;
  const auto agents = test_support::make_two_agents();
  const ledger::Member& asker = *agents.federation.find(agents.b.address);
  CHECK(refusal(stored.answers.cosign(asker, {"old 0\n"})) == "unsupported");
  stored.answers.set_cosign([](const CosignQuery& query) {
    return CosignAnswer{409, query.body.size(), ""};
  });
  const auto answer = stored.answers.cosign(asker, {"old 0\n"});
  REQUIRE(answer);
  CHECK(parse_cosign_answer(*answer).value() == CosignAnswer{409, 6, ""});
}
