#include "ledger-client/core/federation_diff.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "ledger-client/core/base64.h"
#include "tests/support/signed_federation.h"
#include "tests/support/test_log.h"

using Catch::Contains;
using nlohmann::json;
using test_support::next_version;

namespace {

json member(const std::string& address, const std::string& name) {
  const json key{{"id", "sign-1"},
                 {"use", "sign"},
                 {"public", ledger::base64url_encode(ledger::Bytes(32, 1))},
                 {"from", "2026-01-01T00:00:00.000Z"}};
  return {{"address", address},
          {"name", name},
          {"roles", {"hospital"}},
          {"status", "active"},
          {"keys", json::array({key})}};
}

json two_hospitals() {
  return test_support::first_version(
      {{"members", {member("10.20.0.5", "Klinikum Nord"), member("10.20.0.6", "Saint Anne")}}});
}

std::string diff(const json& before, const json& after) {
  const auto old = ledger::parse_federation(before.dump()), now = ledger::parse_federation(after.dump());
  REQUIRE((old && now));
  return ledger::changes_text(ledger::diff_federations(&*old, *now));
}

}  // namespace

TEST_CASE("a diff says each change once, in words") {
  const json one = two_hospitals();
  json two = next_version(one);
  CHECK(diff(one, two) == "~ version: 1 -> 2\n");
  two["members"][1]["status"] = "revoked";
  two["members"][1]["revocation"] = {
      {"cutoff", {{"origin", "ehr/10-20-0-6"}, {"size", 7}, {"root", std::string(64, 'a')}}},
      {"suspect_from", 5}};
  two["members"][0]["roles"] = {"hospital", "witness"};
  two["members"][0]["keys"][0]["to"] = "2026-06-01T00:00:00.000Z";
  two["admins"].push_back(test_support::test_admin("bob").listed());
  two["threshold"] = 2;
  two["members"].push_back(member("10.20.0.7", "San Luca"));
  const std::string text = diff(one, two);
  INFO(text);
  for (const auto* line :
       {"~ threshold: 1 -> 2\n", "+ admin bob: ", "~ member 10.20.0.6 status: active -> revoked\n",
        "+ member 10.20.0.6 revocation: what ehr/10-20-0-6 holds below 7 stays valid (root aaaa",
        "aaaa), suspect from 5\n", "~ member 10.20.0.5 roles: hospital -> hospital, witness\n",
        "~ member 10.20.0.5 key sign-1: ", "to 2026-06-01T00:00:00.000Z\n", "+ member 10.20.0.7: San Luca\n",
        "+ member 10.20.0.7 key sign-1: "}) {
    CHECK_THAT(text, Contains(line));
  }
  CHECK(text.find('!') == std::string::npos);
  const auto old = ledger::parse_federation(one.dump()), now = ledger::parse_federation(two.dump());
  const json list = json::parse(ledger::changes_json(ledger::diff_federations(&*old, *now)));
  CHECK(list[0] == json{{"change", "changed"}, {"subject", "version"}, {"before", "1"}, {"after", "2"}});
  CHECK(json::parse(ledger::changes_json(ledger::diff_federations(nullptr, *now))).size() > 8);
}

TEST_CASE("a diff warns of what is easily overlooked") {
  const json one = two_hospitals();
  json two = next_version(one);
  SECTION("a name that looks like another's") {
    two["members"].push_back(member("10.20.0.7", "Klinikum N\u043erd"));  // a Cyrillic o
    CHECK_THAT(diff(one, two),
               Contains("! member 10.20.0.7: its name looks like the name of member 10.20.0.5"));
    CHECK_THAT(diff(one, two), Contains("mixes letters of several scripts"));
  }
  SECTION("a revoked member who comes back") {
    json one_revoked = one;
    one_revoked["members"][1]["status"] = "revoked";
    CHECK_THAT(diff(one_revoked, two), Contains("! member 10.20.0.6: was revoked"));
    two["members"][1]["status"] = "revoked";
    CHECK(diff(one_revoked, two).find("was revoked") == std::string::npos);
  }
  SECTION("a name that has a blank more") {
    two["members"].push_back(member("10.20.0.7", "KLINIKUM   Nord"));
    CHECK_THAT(diff(one, two),
               Contains("! member 10.20.0.7: its name looks like the name of member 10.20.0.5"));
  }
  SECTION("a revocation without a cutoff") {
    two["members"][1]["status"] = "revoked";
    CHECK_THAT(diff(one, two), Contains("! member 10.20.0.6: is revoked without a cutoff"));
  }
  SECTION("a member who is taken out") {
    two["members"].erase(1);
    CHECK_THAT(diff(one, two), Contains("- member 10.20.0.6: Saint Anne\n") &&
                                   Contains("! member 10.20.0.6: leaves the document"));
  }
  SECTION("keys that go, or are others under the same id") {
    two["members"][0]["keys"] = json::array();
    two["members"][1]["keys"][0]["public"] = ledger::base64url_encode(ledger::Bytes(32, 2));
    CHECK_THAT(diff(one, two),
               Contains("! member 10.20.0.5: key sign-1 is gone") &&
                   Contains("! member 10.20.0.6: key sign-1 is another key under the same id"));
  }
  SECTION("a quorum that can't be reached") {
    two["witness_quorum"] = 1;
    CHECK_THAT(diff(one, two), Contains("! witness_quorum: is more than there are active witnesses"));
    // Nobody cosigns its own log: with two witnesses each of their logs has one.
    for (auto& witness : two["members"]) {
      witness["roles"] = {"hospital", "witness"};
      auto name = "ehr/" + witness["address"].get<std::string>() + "/witness";
      std::replace(name.begin(), name.end(), '.', '-');
      witness["keys"].push_back({{"id", "witness-1"},
                                 {"use", "witness"},
                                 {"public", test_support::WitnessKey(name, name).key().to_vkey()},
                                 {"from", "2026-01-01T00:00:00.000Z"}});
    }
    CHECK_THAT(diff(one, two), !Contains("! witness_quorum"));
    two["witness_quorum"] = 2;
    CHECK_THAT(diff(one, two), Contains("! witness_quorum: can't be reached for the logs of the witnesses"));
  }
}
