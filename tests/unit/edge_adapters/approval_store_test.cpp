// Motions in agent.db and votes in the ledger: what is granted, once, and what of it survives.
#include "agent/adapters/approval_store.h"

#include <sodium.h>

#include <catch2/catch.hpp>
#include <thread>

#include "ledger-client/core/entry_rules.h"
#include "ledger-client/store/log_reader.h"
#include "tests/support/shared_data.h"
#include "tests/support/signed_federation.h"
#include "tests/support/test_log.h"

using namespace edge;
using ledger::Choice;
using test_support::test_admin;

namespace {

struct Case {
  test_support::TempDir folder;
  test_support::LogKey key{test_support::kOrigin};
  std::unique_ptr<ledger::Journal> journal;
  std::unique_ptr<ApprovalStore> store;
  ledger::TimePoint now = *ledger::parse_time("2026-11-22T08:10:00.000Z");
  ledger::TimePoint entries_at = *ledger::parse_time("2026-11-22T08:00:00.000Z");
  ApprovalPolicy policy;

  Case() {
    initialise_cryptography();
    for (const char* id : {"anna", "ben", "cleo"})
      policy.roster.push_back({id, test_admin(id).signer->public_key(), std::nullopt});
    policy.keys = policy.break_glass = policy.federation = 2;
    migrate_agent_tables(folder / "agent.db");
    open();
  }
  void open() {
    store.reset(), journal.reset();
    auto options = test_support::journal_options(folder.path(), key);
    options.now = [this] { return entries_at; };
    journal = std::make_unique<ledger::Journal>(options);
    store = std::make_unique<ApprovalStore>(
        *journal,
        ApprovalStore::Options{folder / "agent.db", test_support::kOrigin, [this] { return now; },
                               [](std::span<std::uint8_t> out) { randombytes_buf(out.data(), out.size()); }});
    use();
  }
  void use() { store->use(policy, std::chrono::hours(24)); }
  Outcome<MotionRow> vote(std::uint64_t seq, const std::string& id, Choice choice,
                          std::uint8_t other_key = 0) {
    const auto row = store->find(seq);
    REQUIRE(row);
    return store->vote(
        sign_vote(*test_admin(id, other_key).signer, id, choice, ledger::motion_sha256(row->motion)));
  }
  bool approve(std::uint64_t seq, const std::string& id) { return vote(seq, id, Choice::kApprove).ok(); }
  std::uint64_t entries() const { return journal->checkpoint().size; }
};

const Deed kRevoke = revoke_key("sign-1", "compromised");

}  // namespace

TEST_CASE("what needs no approval is granted, what needs some waits for exactly its motion") {
  Case c;
  c.policy.keys = 0;
  c.use();
  const auto free = c.store->require(kRevoke);
  REQUIRE(free);
  CHECK(free->granted);
  CHECK_FALSE(free->motion);
  CHECK(c.store->use_up({&*free, 1}));
  CHECK_FALSE(c.store->propose(kRevoke));  // there is nothing to vote on

  c.policy.keys = 2;
  c.use();
  const auto first = c.store->require(kRevoke);
  REQUIRE(first);
  CHECK_FALSE(first->granted);
  const auto seq = first->motion->motion.seq;
  CHECK(c.store->require(kRevoke)->motion->motion.seq == seq);  // asked again: the same motion
  CHECK(c.store->require(revoke_key("sign-2", "compromised"))->motion->motion.seq == seq + 1);
  CHECK(c.store->require(revoke_key("sign-1", "lost"))->motion->motion.seq == seq + 2);

  CHECK(c.approve(seq, "anna"));
  CHECK_FALSE(c.store->require(kRevoke)->granted);  // one short
  CHECK(c.approve(seq, "anna"));                    // the same again: nothing more
  CHECK(c.entries() == 1);
  CHECK_FALSE(c.store->require(kRevoke)->granted);
  CHECK(c.approve(seq, "cleo"));
  const auto granted = c.store->require(kRevoke);
  REQUIRE(granted);
  CHECK(granted->granted);
  CHECK_FALSE(c.store->require(revoke_key("sign-1", "lost"))->granted);

  CHECK(c.store->use_up({&*granted, 1}));
  CHECK_FALSE(c.store->use_up({&*granted, 1}));
  const auto again = c.store->require(kRevoke);
  CHECK_FALSE(again->granted);
  CHECK(again->motion->motion.seq == seq + 3);
  CHECK_FALSE(c.approve(seq, "ben"));  // it is done
}

TEST_CASE("what is used up in a transaction that fails is not used up") {
  Case c;
  const auto seq = c.store->require(kRevoke)->motion->motion.seq;
  REQUIRE((c.approve(seq, "anna") && c.approve(seq, "ben")));
  const auto granted = *c.store->require(kRevoke);
  struct Fails {};
  CHECK_THROWS_AS(c.journal->append({},
                                    [&](ledger::sqlite::Database& database, std::uint64_t) {
                                      c.store->use_up(database, granted);
                                      throw Fails{};
                                    }),
                  Fails);
  CHECK(c.store->require(kRevoke)->granted);
}

TEST_CASE("several at once use a motion up once, and a refused command makes one motion") {
  Case c;
  std::vector<std::jthread> threads;
  std::atomic<int> used{0};
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { (void)c.store->require(kRevoke); });
  threads.clear();
  REQUIRE(c.store->list(true).size() == 1);
  REQUIRE((c.approve(1, "anna") && c.approve(1, "ben")));
  const auto granted = *c.store->require(kRevoke);
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] { used += c.store->use_up({&granted, 1}).ok() ? 1 : 0; });
  threads.clear();
  CHECK(used == 1);
}

TEST_CASE("several approvals are used up together or not at all") {
  Case c;
  const Deed other = rotate_key("sign-1", 7);
  for (const Deed& deed : {kRevoke, other}) {
    const auto seq = c.store->require(deed)->motion->motion.seq;
    REQUIRE((c.approve(seq, "anna") && c.approve(seq, "ben")));
  }
  const std::array both{*c.store->require(kRevoke), *c.store->require(other)};
  REQUIRE(c.store->use_up({&both[1], 1}));
  CHECK_FALSE(c.store->use_up(both));
  CHECK(c.store->require(kRevoke)->granted);
  CHECK_FALSE(c.store->require(rotate_key("sign-1", 8))->granted);
}

TEST_CASE("contradictory votes are both anchored, and neither counts") {
  Case c;
  const auto seq = c.store->require(kRevoke)->motion->motion.seq;
  REQUIRE((c.approve(seq, "anna") && c.approve(seq, "ben")));
  CHECK(c.store->require(kRevoke)->granted);
  const auto row = c.vote(seq, "ben", Choice::kReject);
  REQUIRE(row);
  CHECK(row->tally.both == std::vector<std::string>{"ben"});
  CHECK(c.entries() == 3);
  CHECK_FALSE(c.store->require(kRevoke)->granted);
  CHECK(c.approve(seq, "cleo"));
  CHECK(c.store->require(kRevoke)->granted);
}

TEST_CASE("votes that can't count are not anchored") {
  Case c;
  const auto seq = c.store->require(kRevoke)->motion->motion.seq;
  CHECK_FALSE(c.approve(seq, "mallory"));
  CHECK_FALSE(c.vote(seq, "anna", Choice::kApprove, 1));  // another key under her name
  CHECK_FALSE(c.store->vote("no vote"));
  auto other = c.store->find(seq)->motion;
  other.seq = 9;
  CHECK_FALSE(c.store->vote(
      sign_vote(*test_admin("anna").signer, "anna", Choice::kApprove, ledger::motion_sha256(other))));
  c.policy.roster[0].revoked_from = 0;
  c.use();
  CHECK_FALSE(c.approve(seq, "anna"));
  c.now += std::chrono::hours(24);
  CHECK_FALSE(c.approve(seq, "ben"));  // expired
  CHECK(c.entries() == 0);
  // Nobody votes about himself; with too few left there is no motion at all.
  CHECK_FALSE(c.store->propose({std::string(ledger::matter::kKeysRecover), "ben", R"({"key":"age-1"})"}));
}

TEST_CASE(
    "an approval that was not used in time grants nothing, and a rejected motion is followed by another") {
  Case c;
  const auto seq = c.store->require(kRevoke)->motion->motion.seq;
  REQUIRE((c.vote(seq, "anna", Choice::kReject).ok() && c.vote(seq, "ben", Choice::kReject).ok()));
  CHECK_FALSE(c.approve(seq, "cleo"));  // dead
  const auto next = c.store->require(kRevoke)->motion->motion.seq;
  CHECK(next == seq + 1);
  REQUIRE((c.approve(next, "anna") && c.approve(next, "ben")));
  CHECK(c.store->require(kRevoke)->granted);
  c.now += std::chrono::hours(25);
  CHECK_FALSE(c.store->require(kRevoke)->granted);
}

TEST_CASE("what has expired by the log's newest entry stays so when the clock goes back") {
  Case c;
  const auto passed = c.store->require(kRevoke)->motion->motion.seq;
  REQUIRE((c.approve(passed, "anna") && c.approve(passed, "ben")));
  const auto open = c.store->require(rotate_key("sign-1", 7))->motion->motion.seq;
  const auto before = c.now;
  c.now += std::chrono::hours(25);
  c.entries_at = c.now;
  const auto later = c.store->require(rotate_key("age-1", 7))->motion->motion.seq;
  REQUIRE(c.approve(later, "anna"));
  c.now = c.entries_at = before;
  CHECK_FALSE(c.store->require(kRevoke)->granted);
  CHECK_FALSE(c.approve(open, "anna"));
  CHECK(c.entries() == 3);
  // What is moved now can be voted on: it lives from the newest entry on.
  const auto fresh = c.store->propose(kRevoke)->motion.seq;
  REQUIRE((c.approve(fresh, "anna") && c.approve(fresh, "ben")));
  CHECK(c.store->require(kRevoke)->granted);
}

TEST_CASE("who asks for more, or lists others, is not content with what was enough") {
  Case c;
  const auto seq = c.store->require(kRevoke)->motion->motion.seq;
  REQUIRE((c.approve(seq, "anna") && c.approve(seq, "ben")));
  c.policy.keys = 3;
  c.use();
  CHECK_FALSE(c.store->require(kRevoke)->granted);
  c.policy.keys = 2;
  c.policy.roster[1].key = test_admin("ben", 1).signer->public_key();
  c.use();
  CHECK_FALSE(c.store->require(kRevoke)->granted);
}

TEST_CASE("the glass may be broken while the newest motion that passed allows it, also after a restart") {
  Case c;
  CHECK_FALSE(c.store->break_glass_stands());
  const auto pass = [&](bool allow) {
    const auto row = c.store->propose(allow_break_glass(allow));
    REQUIRE(row);
    REQUIRE(c.approve(row->motion.seq, "anna"));
    const bool before = c.store->break_glass_stands();
    REQUIRE(c.approve(row->motion.seq, "ben"));
    return before;
  };
  CHECK_FALSE(pass(true));  // one short
  CHECK(c.store->break_glass_stands());
  c.open();
  CHECK(c.store->break_glass_stands());
  c.now += std::chrono::hours(1'000);
  c.use();
  CHECK(c.store->break_glass_stands());  // until somebody says otherwise
  CHECK(pass(false));
  CHECK_FALSE(c.store->break_glass_stands());
  c.policy.break_glass = 0;
  c.use();
  CHECK(c.store->break_glass_stands());
}

TEST_CASE("votes are read from the ledger, and each is an entry anybody can check") {
  Case c;
  const auto seq = c.store->require(kRevoke)->motion->motion.seq;
  REQUIRE((c.approve(seq, "anna") && c.vote(seq, "ben", Choice::kReject).ok()));
  c.open();
  CHECK(c.store->find(seq)->tally.approved == std::vector<std::string>{"anna"});
  CHECK(c.store->find(seq)->tally.rejected == std::vector<std::string>{"ben"});
  const ledger::LogReader log(c.folder / "agent.db");
  REQUIRE(log.size() == 2);
  const auto cast = ledger::decode_vote(*ledger::parse_entry(*log.line(0)));
  REQUIRE(cast);
  CHECK(cast->motion == c.store->find(seq)->motion);
  CHECK(cast->key == test_admin("anna").signer->public_key());
}
