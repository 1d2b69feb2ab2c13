#include "ledger-client/core/base64.h"
#include "ledger-client/core/entry_rules.h"
#include "ledger-client/core/key_validity.h"
#include "tests/support/signed_federation.h"
#include "tests/unit/ledger_cli/stored_log.h"

using ledger::KeyRotated;
using nlohmann::json;
using test_support::StoredLog;
using test_support::TestAdmin;

namespace {

std::string public_text(const TestAdmin& key) {
  return ledger::base64url_encode(key.signer->public_key().bytes);
}

ledger::NewEntry announced(KeyRotated rotation, const TestAdmin& by, const TestAdmin* next) {
  const auto statement = ledger::rotation_statement(test_support::kOrigin, rotation);
  const auto sign = [&](const TestAdmin& key) {
    return ledger::base64url_encode(key.signer->sign(ledger::as_bytes(statement)));
  };
  rotation.signature = sign(by);
  if (next != nullptr) rotation.possession = sign(*next);
  return {std::string(ledger::entry_type::kKeyRotated), ledger::encode_body(rotation), rotation.key};
}

json listed(const std::string& id, const std::string& use, const std::string& text) {
  return {{"id", id}, {"use", use}, {"public", text}, {"from", "2026-01-01T00:00:00.000Z"}, {"to", nullptr}};
}

}  // namespace

TEST_CASE("show says whether the announcement of a key is signed by those who must") {
  const StoredLog log(0);
  const TestAdmin first = test_support::test_admin("first"), second = test_support::test_admin("second"),
                  third = test_support::test_admin("third");
  const std::string recipient = "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg";
  {
    ledger::Journal journal(journal_options(log.dir.path(), log.key));
    REQUIRE(journal.append({
        announced({"sign-1", "sign-2", public_text(second), "sign-1", {}, {}}, first, &second),
        announced({"sign-2", "sign-3", public_text(third), "sign-2", {}, {}}, third, &third),
        announced({"age-1", "age-2", recipient, "sign-1", {}, {}}, first, nullptr),
        announced({"sign-3", "sign-4", public_text(first), "sign-3", {}, {}}, third, &second),
        announced({"sign-8", "sign-9", public_text(third), "sign-8", {}, {}}, second, &third),
        announced({"sign-6", "sign-7", public_text(second), "sign-6", {}, {}}, first, &second),
        test_support::issued(0),
    }));
  }
  const json member{
      {"address", "10.20.0.5"},
      {"name", "H"},
      {"roles", {"hospital"}},
      {"status", "active"},
      {"keys",
       {listed("log-1", "log", log.key.key().to_vkey()), listed("sign-1", "sign", public_text(first)),
        listed("sign-2", "sign", public_text(second)), listed("sign-3", "sign", public_text(third)),
        listed("sign-6", "sign", public_text(first)), listed("sign-7", "sign", public_text(third))}}};
  const auto file = (log.dir / "federation.json").string();
  test_support::write_file(file, test_support::first_document({{"members", {member}}}));
  const auto shown = [&](const std::string& index) {
    const auto out = log({"show", "10.20.0.5", index, "--federation", file, "--json"}, false);
    INFO(out.err);
    REQUIRE(out.status == 0);
    return out.json().value("announcement", "");
  };
  CHECK(shown("0") == "holds: signed by sign-1 and by sign-2");
  CHECK(shown("1") == "does not hold: the old key did not sign it");
  CHECK(shown("2") == "holds: signed by sign-1");
  CHECK(shown("3") == "does not hold: the new key did not sign it");
  CHECK(shown("4") == "not checked: no federation document given lists sign-8");
  CHECK(shown("5") == "does not hold: the federation document lists another key as sign-7");
  CHECK(shown("6").empty());
  CHECK_THAT(log({"show", "10.20.0.5", "0", "--federation", file}, false).out,
             Catch::Contains("announcement                     holds: signed by sign-1 and by sign-2"));
  // A log's key alone says nothing of the others.
  CHECK(log({"show", "10.20.0.5", "0", "--json"}).json()["announcement"] ==
        "not checked: no federation document given lists sign-1");
}
