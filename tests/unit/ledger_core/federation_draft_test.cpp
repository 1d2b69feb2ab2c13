// Drafts between admins: votes for and against, and when a tool may sign a second draft of one version.
#include "ledger-client/core/federation_draft.h"

#include <catch2/catch.hpp>

#include "agent/core/federation_signing.h"
#include "tests/support/signed_federation.h"
#include "tests/unit/ledger_core/schema_support.h"

using nlohmann::json;
using test_support::next_version;
using test_support::signed_by;
using test_support::test_admin;
using test_support::TestAdmin;

namespace {

const TestAdmin kAlice = test_admin("alice"), kBob = test_admin("bob"), kCarol = test_admin("carol");
const auto kNow = *ledger::parse_time("2026-11-22T08:00:00.000Z");
const auto kLater = kNow + std::chrono::hours(24);

// Three admins, two of whom decide.
struct Council {
  json one{{"v", 1},
           {"version", 1},
           {"threshold", 2},
           {"admins", {kAlice.listed(), kBob.listed(), kCarol.listed()}},
           {"members", json::array()}};
  ledger::FederationDocument first =
      std::move(ledger::open_first(signed_by(one, {kAlice, kBob}), std::nullopt)).value();

  ledger::FederationDraft draft(int quorum, const std::vector<TestAdmin>& by = {}) const {
    json two = next_version(one);
    two["witness_quorum"] = quorum;
    return {signed_by(two, by), kLater, "a reason", {}};
  }
  ledger::DraftState judge(const ledger::FederationDraft& draft) const {
    auto state = ledger::judge_draft(&first, draft, kNow);
    if (!state) FAIL(state.error().reason);
    return std::move(state.value());
  }
};

ledger::FederationDraft reject(ledger::FederationDraft draft, const TestAdmin& admin) {
  return edge::add_rejection(std::move(draft), admin.id, *admin.signer);
}

ledger::Hash hash_of(const ledger::FederationDraft& draft) {
  return ledger::parse_federation_document(draft.document, true)->sha256;
}

}  // namespace

TEST_CASE("a draft passes with the votes it needs, and is dead when it can't get them") {
  const Council council;
  CHECK_FALSE(council.judge(council.draft(1)).passes);
  CHECK_FALSE(council.judge(council.draft(1, {kAlice})).passes);
  const auto passing = council.draft(1, {kAlice, kCarol});
  CHECK(council.judge(passing).passes);
  CHECK(
      ledger::verify_successor(council.first, ledger::passed_document(passing, council.judge(passing))).ok());
  CHECK_FALSE(council.judge(reject(council.draft(1), kAlice)).dead);
  CHECK(council.judge(reject(reject(council.draft(1), kAlice), kBob)).dead);
}

TEST_CASE("who says yes and no has said nothing, and everybody sees it") {
  const Council council;
  const auto both = reject(council.draft(1, {kAlice, kBob}), kBob);
  const auto state = council.judge(both);
  CHECK(state.both == std::vector<std::string>{"bob"});
  CHECK(state.votes.previous == std::vector<std::string>{"alice"});
  CHECK(state.rejected.empty());
  CHECK_FALSE(state.passes);
  const auto enough = reject(council.draft(1, {kAlice, kBob, kCarol}), kBob);
  const auto passed = council.judge(enough);
  CHECK(passed.passes);
  CHECK(json::parse(ledger::passed_document(enough, passed))["signatures"].size() == 2);
}

TEST_CASE("a second draft of one version is signed only over the dead body of the first") {
  const Council council;
  const auto first = council.draft(1);
  const std::vector<ledger::CastVote> cast{{2, hash_of(first), true}};
  auto second = council.draft(2);
  const auto may = [&](const ledger::FederationDraft& draft) {
    return ledger::may_approve(&council.first, draft, cast, kNow).ok();
  };
  CHECK(may(first));  // again: the same
  CHECK_FALSE(may(second));
  second.rejections = reject(first, kBob).rejections;
  CHECK_FALSE(may(second));
  second.rejections.push_back(reject(first, kBob).rejections.front());
  CHECK_FALSE(may(second));  // twice the same admin
  second.rejections = reject(reject(first, kBob), kCarol).rejections;
  CHECK(may(second));
  CHECK_FALSE(council.judge(second).dead);  // they are of the other draft
  second.rejections = reject(reject(council.draft(3), kBob), kCarol).rejections;
  CHECK_FALSE(may(second));  // of a third draft
  second.rejections = reject(reject(first, kBob), test_admin("mallory")).rejections;
  CHECK_FALSE(may(second));
  // What was signed of another version is no matter.
  CHECK(
      ledger::may_approve(&council.first, second = council.draft(2), {{3, hash_of(first), true}}, kNow).ok());
}

TEST_CASE("a hand that rejected does not sign, and one that signed does not reject") {
  const Council council;
  const auto draft = council.draft(1);
  CHECK_FALSE(ledger::may_approve(&council.first, draft, {{2, hash_of(draft), false}}, kNow).ok());
  CHECK_FALSE(ledger::may_reject(&council.first, draft, {{2, hash_of(draft), true}}, kNow).ok());
  CHECK(ledger::may_reject(&council.first, draft, {{2, hash_of(draft), false}}, kNow).ok());
  CHECK(ledger::may_approve(&council.first, draft, {{2, hash_of(council.draft(2)), false}}, kNow).ok());
}

TEST_CASE("drafts that expired, or follow something else, are not signed") {
  const Council council;
  const auto draft = council.draft(1);
  CHECK_FALSE(ledger::may_approve(&council.first, draft, {}, kLater).ok());
  CHECK_FALSE(ledger::may_reject(&council.first, draft, {}, kLater).ok());
  CHECK(ledger::judge_draft(&council.first, draft, kLater)->expired);
  CHECK_FALSE(ledger::may_approve(nullptr, draft, {}, kNow).ok());
  json elsewhere = next_version(council.one);
  elsewhere["prev"] = std::string(64, 'a');
  CHECK_FALSE(ledger::may_approve(&council.first, {signed_by(elsewhere, {}), kLater, "", {}}, {}, kNow).ok());
  CHECK_FALSE(ledger::judge_draft(&council.first, council.draft(1, {test_admin("mallory")}), kNow).ok());
}

TEST_CASE("an admin the draft adds can't help it past the old ones") {
  const Council council;
  const TestAdmin dave = test_admin("dave");
  json two = next_version(council.one);
  two["admins"].push_back(dave.listed());
  two["threshold"] = 3;
  const auto state = council.judge({signed_by(two, {kAlice, dave}), kLater, "", {}});
  CHECK(state.votes.previous == std::vector<std::string>{"alice"});
  CHECK(state.votes.own == std::vector<std::string>{"alice", "dave"});
  CHECK_FALSE(state.passes);
}

TEST_CASE("copies that admins signed apart become one draft") {
  const Council council;
  const auto merged = ledger::merge_drafts(
      {council.draft(1, {kAlice}), council.draft(1, {kBob}), reject(council.draft(1, {kAlice}), kCarol)});
  REQUIRE(merged.ok());
  const auto state = council.judge(*merged);
  CHECK(state.passes);
  CHECK(state.rejected == std::vector<std::string>{"carol"});
  CHECK_FALSE(ledger::merge_drafts({council.draft(1), council.draft(2)}).ok());
}

TEST_CASE("a draft's file is read as it was written, and its schema knows it") {
  const Council council;
  const auto draft = reject(council.draft(1, {kAlice}), kBob);
  const std::string text = ledger::encode_draft(draft);
  const auto read = ledger::parse_draft(text);
  REQUIRE(read.ok());
  CHECK(ledger::encode_draft(*read) == text);
  CHECK(test_support::SchemaCheck(test_support::read_schema("federation-draft")).accepts(json::parse(text)));
  CHECK(test_support::SchemaCheck(test_support::read_schema("federation-document"))
            .accepts(json::parse(draft.document)));
  for (const auto& [pointer, value] : {std::pair{"/v", json(2)},
                                       {"/more", json(1)},
                                       {"/expires", json("tomorrow")},
                                       {"/reason", json("a\u202eb")},
                                       {"/rejections", json::array({1})},
                                       {"/document", json::object()}}) {
    json damaged = json::parse(text);
    damaged[json::json_pointer(pointer)] = value;
    INFO(pointer);
    CHECK_FALSE(ledger::parse_draft(damaged.dump()).ok());
  }
}
