// Motions and votes: what has a form, what counts, and a second way to count.
#include "ledger-client/core/motion_tally.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "agent/core/approval.h"
#include "ledger-client/core/base64.h"
#include "ledger-client/core/entry_rules.h"
#include "ledger-client/core/sha256.h"
#include "tests/support/signed_federation.h"
#include "tests/unit/ledger_core/schema_support.h"

using ledger::Choice;
using ledger::Ignored;
using nlohmann::json;
using test_support::test_admin;
using test_support::TestAdmin;

namespace {

const auto kNow = *ledger::parse_time("2026-11-22T08:00:00.000Z");
const auto kExpires = kNow + std::chrono::hours(24);

ledger::Motion review(std::uint64_t threshold = 2) {
  const edge::Deed deed = edge::review_break_glass(41);
  return {"018f3c5e-0000-7000-8000-000000000001", "ehr/10-20-0-5", deed.matter, deed.subject,
          ledger::sha256(deed.payload),           threshold,       7,           kExpires};
}

ledger::Roster roster(const std::vector<std::string>& ids) {
  ledger::Roster out;
  for (const auto& id : ids) out.push_back({id, test_admin(id).signer->public_key(), std::nullopt});
  return out;
}
const ledger::Roster kThree = roster({"anna", "ben", "cleo"});

ledger::AnchoredVote vote(const ledger::Motion& motion, const std::string& id, Choice choice,
                          std::uint64_t index = 50, ledger::TimePoint time = kNow, std::uint8_t key = 0) {
  const TestAdmin admin = test_admin(id, key);
  const auto parsed =
      ledger::parse_vote(edge::sign_vote(*admin.signer, id, choice, ledger::motion_sha256(motion)));
  REQUIRE(parsed);
  REQUIRE(ledger::verify_vote(*parsed, admin.signer->public_key()));
  return {*parsed, admin.signer->public_key(), index, time};
}

ledger::MotionTally tally(const ledger::Motion& motion, const std::vector<ledger::AnchoredVote>& votes,
                          const ledger::Roster& of = kThree) {
  return ledger::tally_votes(motion, of, votes, 0, 100, kNow);
}

Ignored only_ignored(const ledger::MotionTally& tally) {
  REQUIRE(tally.ignored.size() == 1);
  CHECK_FALSE(ledger::ignored_text(tally.ignored.front().why).empty());
  return tally.ignored.front().why;
}

}  // namespace

TEST_CASE("a motion has one text, and a hash that everything in it changes") {
  const auto motion = review();
  const std::string text = ledger::encode_motion(motion);
  CHECK(ledger::parse_motion(text).value() == motion);
  CHECK_FALSE(ledger::parse_motion(text + " "));
  CHECK_FALSE(ledger::parse_motion(" " + text));
  for (const json& example : test_support::schema_examples("valid", "motion"))
    CHECK(ledger::parse_motion(ledger::Result<std::string>(example.dump()).value()));
  for (const json& example : test_support::schema_examples("invalid", "motion"))
    CHECK_FALSE(ledger::parse_motion(example.dump()));
  for (const auto& change : std::vector<std::function<void(ledger::Motion&)>>{
           [](auto& m) { m.id.back() = '2'; }, [](auto& m) { m.origin = "ehr/10-20-0-6"; },
           [](auto& m) { m.matter = ledger::matter::kKeysRevoke; }, [](auto& m) { m.subject = "42"; },
           [](auto& m) { m.payload_sha256[0] ^= 1; }, [](auto& m) { ++m.threshold; },
           [](auto& m) { ++m.seq; }, [](auto& m) { m.expires += std::chrono::milliseconds(1); }}) {
    auto other = motion;
    change(other);
    CHECK(ledger::motion_sha256(other) != ledger::motion_sha256(motion));
  }
  auto wrong = motion;
  wrong.subject = "Jane Doe";
  CHECK_THROWS_AS(ledger::encode_motion(wrong), std::invalid_argument);
}

TEST_CASE("a vote has one text, and is nothing else this key signs") {
  const TestAdmin anna = test_admin("anna");
  const auto hash = ledger::motion_sha256(review());
  const std::string text = edge::sign_vote(*anna.signer, "anna", Choice::kApprove, hash);
  const auto vote_read = ledger::parse_vote(text);
  REQUIRE(vote_read);
  CHECK(ledger::encode_vote(*vote_read) == text);
  CHECK(ledger::verify_vote(*vote_read, anna.signer->public_key()));
  CHECK_FALSE(ledger::verify_vote(*vote_read, test_admin("ben").signer->public_key()));
  auto other = *vote_read;
  other.choice = Choice::kReject;
  CHECK_FALSE(ledger::verify_vote(other, anna.signer->public_key()));
  other = *vote_read, other.approver = "ben";
  CHECK_FALSE(ledger::verify_vote(other, anna.signer->public_key()));
  const std::string payload = ledger::vote_payload(Choice::kApprove, hash);
  CHECK_FALSE(ledger::parse_vote(edge::sign_jws(*anna.signer, "anna", "ehr-request+jws", payload)));
  CHECK_FALSE(ledger::parse_vote(edge::sign_jws(*anna.signer, "Anna", ledger::kVoteTyp, payload)));
  CHECK_FALSE(ledger::parse_vote(edge::sign_jws(*anna.signer, "anna", ledger::kVoteTyp, payload + " ")));
  CHECK_FALSE(ledger::parse_vote(edge::sign_jws(*anna.signer, "anna", ledger::kVoteTyp, "{}")));
}

TEST_CASE("one approval short does not pass, enough do, and too many rejections kill") {
  const auto motion = review();
  CHECK(tally(motion, {}).open());
  CHECK(tally(motion, {vote(motion, "anna", Choice::kApprove)}).open());
  const auto passed =
      tally(motion, {vote(motion, "anna", Choice::kApprove), vote(motion, "ben", Choice::kApprove)});
  CHECK(passed.passed);
  CHECK(passed.approved == std::vector<std::string>{"anna", "ben"});
  CHECK(tally(motion, {vote(motion, "anna", Choice::kReject)}).open());
  const auto dead =
      tally(motion, {vote(motion, "anna", Choice::kReject), vote(motion, "ben", Choice::kReject)});
  CHECK(dead.dead);
  CHECK_FALSE(dead.passed);
  // Who asks for more today is not content with what was enough yesterday.
  CHECK_FALSE(
      ledger::tally_votes(motion, kThree,
                          {vote(motion, "anna", Choice::kApprove), vote(motion, "ben", Choice::kApprove)}, 3,
                          100, kNow)
          .passed);
}

TEST_CASE("who approves and rejects has said nothing, in either order, and it shows") {
  const auto motion = review();
  const auto yes = vote(motion, "ben", Choice::kApprove), no = vote(motion, "ben", Choice::kReject, 51);
  for (const auto& order : {std::vector{yes, no}, std::vector{no, yes}}) {
    auto votes = order;
    votes.push_back(vote(motion, "anna", Choice::kApprove, 52));
    auto counted = tally(motion, votes);
    CHECK(counted.both == std::vector<std::string>{"ben"});
    CHECK(counted.approved == std::vector<std::string>{"anna"});
    CHECK(counted.rejected.empty());
    CHECK(counted.open());
    votes.push_back(vote(motion, "cleo", Choice::kReject, 53));
    CHECK(tally(motion, votes).dead);  // nobody is left who could
    votes.back() = vote(motion, "cleo", Choice::kApprove, 53);
    CHECK(tally(motion, votes).passed);
  }
}

TEST_CASE("a vote counts once, and only of who is asked, in time") {
  const auto motion = review();
  const auto first = vote(motion, "anna", Choice::kApprove);
  CHECK(only_ignored(tally(motion, {first, vote(motion, "anna", Choice::kApprove, 51)})) ==
        Ignored::kRepeated);
  CHECK_FALSE(tally(motion, {first, first}).passed);
  CHECK(only_ignored(tally(motion, {vote(motion, "mallory", Choice::kApprove)})) ==
        Ignored::kUnknownApprover);
  CHECK(only_ignored(tally(motion, {vote(motion, "anna", Choice::kApprove, 50, kNow, 1)})) ==
        Ignored::kOtherKey);
  CHECK(only_ignored(tally(motion, {vote(motion, "anna", Choice::kApprove, 50, kExpires)})) ==
        Ignored::kLate);
  CHECK(tally(motion, {vote(motion, "anna", Choice::kApprove, 50, kExpires - std::chrono::milliseconds(1))})
            .ignored.empty());
  auto later = motion;
  later.seq = 8;
  CHECK(only_ignored(tally(motion, {vote(later, "anna", Choice::kApprove)})) == Ignored::kOtherMotion);
  CHECK(ledger::tally_votes(motion, kThree, {}, 0, 100, kExpires).expired);
}

TEST_CASE("a revoked approver's votes count below the place of the revocation") {
  const auto motion = review(1);
  auto revoked = kThree;
  revoked[0].revoked_from = 60;
  CHECK(tally(motion, {vote(motion, "anna", Choice::kApprove, 59)}, revoked).passed);
  CHECK(only_ignored(tally(motion, {vote(motion, "anna", Choice::kApprove, 60)}, revoked)) ==
        Ignored::kRevoked);
  CHECK(tally(review(3), {}, revoked).dead);  // two are left
}

TEST_CASE("nobody approves what is about himself") {
  const edge::Deed deed{std::string(ledger::matter::kKeysRecover), "anna", R"({"key":"age-1"})"};
  auto motion = review();
  motion.matter = deed.matter, motion.subject = deed.subject;
  CHECK(only_ignored(tally(motion, {vote(motion, "anna", Choice::kApprove)})) == Ignored::kOwnMatter);
  CHECK(
      tally(motion, {vote(motion, "ben", Choice::kApprove), vote(motion, "cleo", Choice::kApprove)}).passed);
  motion.threshold = 3;
  CHECK(tally(motion, {}).dead);
}

TEST_CASE("a vote's entry is read back, and holds nothing that could be moved to another motion") {
  const TestAdmin anna = test_admin("anna");
  const auto motion = review();
  const ledger::VoteCast cast{motion, vote(motion, "anna", Choice::kReject).vote, anna.signer->public_key()};
  ledger::Entry entry;
  entry.origin = motion.origin;
  entry.type = ledger::entry_type::kVote;
  entry.body = ledger::encode_body(cast);
  const auto read = ledger::decode_vote(entry);
  REQUIRE(read);
  CHECK(read->motion == motion);
  CHECK(read->vote.signature == cast.vote.signature);
  CHECK(entry.body.size() < 1'000);
  auto forged = cast;
  forged.motion.subject = "42";
  CHECK_THROWS_AS(ledger::encode_body(forged), std::invalid_argument);
  forged = cast;
  forged.vote.choice = Choice::kApprove;
  CHECK_THROWS_AS(ledger::encode_body(forged), std::invalid_argument);
  json body = json::parse(entry.body);
  for (const auto& [name, value] : {std::pair<const char*, json>{"choice", "approve"},
                                    {"subject", "42"},
                                    {"approver", "ben"},
                                    {"seq", 8}}) {
    json other = body;
    other[name] = value;
    entry.body = other.dump();
    CHECK(ledger::judge_entry(entry).meaning == ledger::Meaning::kVoid);
  }
}

TEST_CASE("the file a motion travels in says what it is about") {
  const edge::Deed deed = edge::review_break_glass(41);
  const edge::MotionFile file{review(), deed.payload, kThree};
  const std::string text = edge::encode_motion_file(file);
  CHECK(edge::parse_motion_file(text)->motion == file.motion);
  CHECK(test_support::SchemaCheck(test_support::read_schema("motion-file")).accepts(json::parse(text)));
  auto other = json::parse(text);
  other["payload"]["entry"] = 42;
  CHECK_FALSE(edge::parse_motion_file(other.dump()));
  for (const json& example : test_support::schema_examples("invalid", "motion-file"))
    CHECK_FALSE(edge::parse_motion_file(example.dump()));
}

// The rules once more, said about each approver apart: what did this one say that counts?
namespace {

struct Expected {
  std::vector<std::string> approved, rejected, both;
  bool passed = false, dead = false;
};

Expected expected(const ledger::Motion& motion, const ledger::Roster& of,
                  const std::vector<ledger::AnchoredVote>& votes) {
  Expected out;
  std::size_t able = 0;
  for (const auto& approver : of) {
    const auto said = [&](Choice choice) {
      return std::any_of(votes.begin(), votes.end(), [&](const ledger::AnchoredVote& one) {
        return one.vote.approver == approver.id && one.vote.choice == choice &&
               one.vote.motion == ledger::motion_sha256(motion) && one.signed_by == approver.key &&
               one.time < motion.expires && motion.subject != approver.id &&
               !(approver.revoked_from && one.index >= *approver.revoked_from);
      });
    };
    const bool yes = said(Choice::kApprove), no = said(Choice::kReject);
    if (yes && no) out.both.push_back(approver.id);
    if (yes && !no) out.approved.push_back(approver.id);
    if (no && !yes) out.rejected.push_back(approver.id);
    const bool silent = !yes && !no && approver.id != motion.subject && !approver.revoked_from;
    able += (yes && !no) || silent ? 1 : 0;
  }
  out.passed = out.approved.size() >= motion.threshold;
  out.dead = able < motion.threshold;
  return out;
}

}  // namespace

TEST_CASE("counting agrees with a second formulation over generated votes") {
  std::mt19937 random(6);
  const auto below = [&](std::size_t limit) { return random() % limit; };
  const std::vector<std::string> names{"anna", "ben", "cleo", "dora", "mallory"};
  // Signed once: every vote there can be.
  std::map<std::tuple<std::uint64_t, std::size_t, bool, std::uint8_t, bool>, ledger::SignedVote> signed_votes;
  int passed = 0, dead = 0, both = 0;
  for (int round = 0; round < 3'000; ++round) {
    auto motion = review(1 + below(4));
    const bool own = below(4) == 0;
    if (own) motion.subject = "ben";
    auto of = roster({"anna", "ben", "cleo", "dora"});
    if (below(3) == 0) of[below(4)].revoked_from = 55;
    std::vector<ledger::AnchoredVote> votes;
    for (std::size_t i = below(9); i > 0; --i) {
      const std::size_t who = below(names.size());
      const bool yes = below(3) != 0, other_motion = below(10) == 0;
      const auto key = static_cast<std::uint8_t>(below(10) == 0);
      auto about = motion;
      if (other_motion) about.seq = 8;
      const auto at = std::tuple{motion.threshold * 2 + (own ? 1 : 0), who, yes, key, other_motion};
      auto found = signed_votes.find(at);
      if (found == signed_votes.end())
        found =
            signed_votes
                .emplace(at,
                         vote(about, names[who], yes ? Choice::kApprove : Choice::kReject, 0, kNow, key).vote)
                .first;
      votes.push_back({found->second, test_admin(names[who], key).signer->public_key(), 50 + below(10),
                       below(8) == 0 ? kExpires : kNow});
    }
    const auto counted = tally(motion, votes, of);
    const auto again = expected(motion, of, votes);
    CHECK(counted.approved == again.approved);
    CHECK(counted.rejected == again.rejected);
    CHECK(counted.both == again.both);
    CHECK(counted.passed == again.passed);
    CHECK(counted.dead == again.dead);
    CHECK_FALSE((counted.passed && counted.dead));
    CHECK(counted.approved.size() + counted.rejected.size() + 2 * counted.both.size() +
              counted.ignored.size() ==
          votes.size());
    passed += counted.passed, dead += counted.dead, both += !counted.both.empty();
  }
  CHECK(passed > 300);
  CHECK(dead > 300);
  CHECK(both > 100);
}
