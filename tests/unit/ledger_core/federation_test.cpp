#include "ledger-client/core/federation.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "ledger-client/core/base64.h"
#include "tests/unit/ledger_core/schema_support.h"

using ledger::Address;
using ledger::NoteKey;
using ledger::NoteKeyType;
using nlohmann::json;

namespace {

const std::string kAge = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

std::string vkey(const std::string& name, NoteKeyType type, std::uint8_t fill) {
  NoteKey key{name, type, {}};
  key.key.bytes.fill(fill);
  return key.to_vkey();
}

json key(const std::string& id, const std::string& use, const std::string& text,
         const std::string& from = "2026-01-01T00:00:00.000Z") {
  return {{"id", id}, {"use", use}, {"public", text}, {"from", from}, {"to", nullptr}};
}

json member(const std::string& ip) {
  const Address address = *Address::parse(ip);
  return {{"address", ip},
          {"name", "Hospital " + ip},
          {"roles", {"hospital", "witness"}},
          {"status", "active"},
          {"keys",
           {key("sign-1", "sign", ledger::base64url_encode(ledger::Bytes(32, 1))),
            key("log-1", "log", vkey(address.origin(), NoteKeyType::kEd25519, 2)),
            key("witness-1", "witness", vkey(address.witness_name(), NoteKeyType::kCosignatureV1, 3)),
            key("age-1", "age", kAge)}}};
}

json document() {
  return {{"v", 1},
          {"version", 1},
          {"prev", nullptr},
          {"threshold", 1},
          {"admins", {{{"id", "a"}, {"key", ledger::base64url_encode(ledger::Bytes(32, 9))}}}},
          {"witness_quorum", 2},
          {"ca_spki_sha256", std::string(64, 'a')},
          {"members", {member("10.20.0.5"), member("fd00::6")}}};
}

// The refusal's words, or nothing where the document is accepted.
std::string refusal(const json& value) {
  const auto federation = ledger::parse_federation(value.dump());
  return federation ? "" : federation.error().reason;
}

}  // namespace

TEST_CASE("a federation document is read whole") {
  const auto federation = ledger::parse_federation(document().dump());
  REQUIRE(federation.ok());
  CHECK(federation->version == 1);
  CHECK(federation->witness_quorum == 2);
  CHECK(federation->members.size() == 2);
  const auto* hospital = federation->find(*Address::parse("fd00::6"));
  REQUIRE(hospital);
  CHECK(hospital->has_role("witness"));
  CHECK_FALSE(hospital->has_role("store"));
  CHECK(hospital->log_key()->name == "ehr/fd00--6");
  CHECK(hospital->witness_key()->name == "ehr/fd00--6/witness");
  CHECK(hospital->age_recipient() == kAge);
  CHECK_FALSE(federation->find(*Address::parse("10.20.0.7")));
  CHECK(federation->witness_keys().size() == 2);
}

TEST_CASE("what only some federations have may be missing") {
  json value = document();
  for (const auto* name : {"prev", "witness_quorum", "ca_spki_sha256"}) value.erase(name);
  CHECK(refusal(value).empty());
}

TEST_CASE("two groups of admins without a common one are never both enough") {
  const auto refused = [](std::size_t admins, std::uint64_t threshold) {
    json value = document();
    value["admins"] = json::array();
    for (std::size_t i = 0; i < admins; ++i) {
      value["admins"].push_back(
          {{"id", "a" + std::to_string(i)},
           {"key", ledger::base64url_encode(ledger::Bytes(32, static_cast<std::uint8_t>(i)))}});
    }
    value["threshold"] = threshold;
    return !refusal(value).empty();
  };
  for (std::size_t admins = 0; admins < 8; ++admins) {
    for (std::uint64_t threshold = 0; threshold < 9; ++threshold) {
      INFO(threshold << " of " << admins);
      CHECK(refused(admins, threshold) == (threshold > admins || 2 * threshold <= admins));
    }
  }
}

TEST_CASE("admins are persons with a key each, and versions are linked from the second on") {
  json value = document();
  value["admins"].push_back({{"id", "b"}, {"key", value["admins"][0]["key"]}});
  value["threshold"] = 2;
  CHECK(refusal(value) == "federation: admins[1].key is there twice");
  value["admins"][1] = {{"id", "a"}, {"key", ledger::base64url_encode(ledger::Bytes(32, 8))}};
  CHECK(refusal(value) == "federation: admins[1].id is there twice");
  for (const auto* id : {"A", "-a", "\u0430lice", "a b", "a_b"}) {
    value["admins"][1]["id"] = id;
    CHECK(refusal(value).starts_with("federation: admins[1].id "));
  }
  value = document();
  value["version"] = 2;
  CHECK(refusal(value).starts_with("federation: prev "));
  value["prev"] = std::string(64, '1');
  CHECK(refusal(value).empty());
  value["version"] = 1;
  CHECK(refusal(value).starts_with("federation: prev "));
}

TEST_CASE("names hold nothing that is not shown as it is") {
  for (const auto* name : {"Klinikum N\u00f6rdlingen", "\u65e5\u672c\u75c5\u9662", "Saint Anne's (2)",
                           "\u0411\u043e\u043b\u044c\u043d\u0438\u0446\u0430"}) {
    json value = document();
    value["members"][0]["name"] = name;
    CHECK(refusal(value).empty());
  }
  for (const auto* name :
       {"Klinik\u200b", "\u202eklinik", "Kli\u00adnik", "Klinik\n", "Klinik\u0007", " Klinik", "Klinik ",
        "Klini\u2066k", "a\u00a0b", "No\u0308rd", "\ue000", "\ufeffKlinik"}) {
    json value = document();
    value["members"][0]["name"] = name;
    INFO(name);
    CHECK(refusal(value).starts_with("federation: members[0].name "));
  }
}

TEST_CASE("a signing key counts from its first instant to before its last") {
  json value = document();
  value["members"][0]["keys"][0]["to"] = "2026-02-01T00:00:00.000Z";
  const auto federation = ledger::parse_federation(value.dump()).value();
  const auto& hospital = federation.members[0];
  const auto at = [](const char* text) { return *ledger::parse_time(text); };
  CHECK_FALSE(hospital.sign_key("sign-1", at("2025-12-31T23:59:59.999Z")));
  CHECK(hospital.sign_key("sign-1", at("2026-01-01T00:00:00.000Z")));
  CHECK(hospital.sign_key("sign-1", at("2026-01-31T23:59:59.999Z")));
  CHECK_FALSE(hospital.sign_key("sign-1", at("2026-02-01T00:00:00.000Z")));
  CHECK_FALSE(hospital.sign_key("sign-2", at("2026-01-15T00:00:00.000Z")));
  CHECK_FALSE(hospital.sign_key("log-1", at("2026-01-15T00:00:00.000Z")));
}

TEST_CASE("the newest key of a use is the one, and inactive witnesses don't count") {
  json value = document();
  value["members"][0]["keys"].push_back(
      key("log-2", "log", vkey("ehr/10-20-0-5/2", NoteKeyType::kEd25519, 7), "2026-06-01T00:00:00.000Z"));
  value["members"][1]["status"] = "suspended";
  const auto federation = ledger::parse_federation(value.dump()).value();
  CHECK(federation.members[0].log_key()->name == "ehr/10-20-0-5/2");
  REQUIRE(federation.witness_keys().size() == 1);
  CHECK(federation.witness_keys()[0].name == "ehr/10-20-0-5/witness");
}

TEST_CASE("a log's keys are those of its origin, whatever their time, through rotation and retirement") {
  json value = document();
  auto& keys = value["members"][0]["keys"];
  keys.push_back(
      key("log-3", "log", vkey("ehr/10-20-0-5/2", NoteKeyType::kEd25519, 8), "2026-09-01T00:00:00.000Z"));
  keys.push_back(
      key("log-2", "log", vkey("ehr/10-20-0-5", NoteKeyType::kEd25519, 7), "2026-06-01T00:00:00.000Z"));
  keys[1]["to"] = "2026-07-01T00:00:00.000Z";
  const auto federation = ledger::parse_federation(value.dump()).value();
  const auto& hospital = federation.members[0];
  const auto at = [](const char* text) { return *ledger::parse_time(text); };

  const auto all = hospital.log_keys();
  REQUIRE(all.size() == 3);
  CHECK(all[0].key.key.bytes[0] == 2);
  CHECK(all[1].key.key.bytes[0] == 7);
  CHECK(all[2].key.name == "ehr/10-20-0-5/2");
  CHECK(all[0].valid_at(at("2026-01-01T00:00:00.000Z")));
  CHECK(all[0].valid_at(at("2026-06-30T23:59:59.999Z")));
  CHECK_FALSE(all[0].valid_at(at("2026-07-01T00:00:00.000Z")));
  CHECK_FALSE(all[1].valid_at(at("2026-05-31T23:59:59.999Z")));
  CHECK(all[1].valid_at(at("2099-01-01T00:00:00.000Z")));

  CHECK(hospital.newest_origin() == "ehr/10-20-0-5/2");
  CHECK(hospital.log_key()->name == "ehr/10-20-0-5/2");
  CHECK(hospital.log_keys_of("ehr/10-20-0-5").size() == 2);
  CHECK(federation.log_keys_of("ehr/10-20-0-5/2").size() == 1);
  CHECK(federation.log_keys_of("ehr/10-20-0-5/3").empty());
  CHECK(federation.log_keys_of("ehr/10-20-0-9").empty());
  CHECK(federation.log_keys_of("ehr/10-20-0-5/1").empty());
  CHECK(federation.find_origin("ehr/10-20-0-5/3") == &hospital);
  CHECK_FALSE(federation.find_origin("10.20.0.5"));
}

TEST_CASE("a witness' keys of before a rotation stay known") {
  json value = document();
  value["members"][0]["keys"].push_back(key("witness-2", "witness",
                                            vkey("ehr/10-20-0-5/witness", NoteKeyType::kCosignatureV1, 9),
                                            "2026-06-01T00:00:00.000Z"));
  value["members"][1]["status"] = "revoked";
  const auto federation = ledger::parse_federation(value.dump()).value();
  CHECK(federation.members[0].witness_key()->key.bytes[0] == 9);
  REQUIRE(federation.members[0].witness_keys().size() == 2);
  CHECK(federation.members[0].witness_keys()[0].key.key.bytes[0] == 3);
  CHECK(federation.witness_keys().size() == 1);
  CHECK(federation.all_witness_keys().size() == 2);
  CHECK(federation.members[1].witness_keys().size() == 1);
  CHECK_FALSE(ledger::Member{*Address::parse("10.20.0.7"), "", {}, {}, {}}.newest_origin());
}

TEST_CASE("every refusal names its place") {
  struct Row {
    const char* pointer;
    json value;
    const char* place;
  };
  const std::string other_log = vkey("ehr/10-20-0-9", NoteKeyType::kEd25519, 2);
  for (const Row& row :
       {Row{"/v", 2, "v"},
        Row{"/version", 0, "version"},
        Row{"/version", -1, "version"},
        Row{"/version", "1", "version"},
        Row{"/version", 1.5, "version"},
        Row{"/witness_quorum", -1, "witness_quorum"},
        Row{"/ca_spki_sha256", "AB", "ca_spki_sha256"},
        Row{"/prev", "", "prev"},
        Row{"/threshold", 2, "threshold"},
        Row{"/admins/0/key", "x", "admins[0].key"},
        Row{"/admins/0/more", 1, "admins[0]"},
        Row{"/more", 1, "the document"},
        Row{"/members", json::object(), "members"},
        Row{"/members/1/address", "FD00::6", "members[1].address"},
        Row{"/members/1/address", "fd00::6:1883:x", "members[1].address"},
        Row{"/members/1/name", "", "members[1].name"},
        Row{"/members/1/more", 1, "members[1]"},
        Row{"/members/1/roles/0", "admin", "members[1].roles[0]"},
        Row{"/members/1/roles/1", "hospital", "members[1].roles[1]"},
        Row{"/members/1/status", "gone", "members[1].status"},
        Row{"/members/0/keys/0/id", "sign-0", "members[0].keys[0].id"},
        Row{"/members/0/keys/0/id", "sign-01", "members[0].keys[0].id"},
        Row{"/members/0/keys/0/id", "log-1", "members[0].keys[0].id"},
        Row{"/members/0/keys/0/id", "sign-", "members[0].keys[0].id"},
        Row{"/members/0/keys/0/use", "tls", "members[0].keys[0].use"},
        Row{"/members/0/keys/0/public", "AAAA", "members[0].keys[0].public"},
        Row{"/members/0/keys/0/from", "2026-01-01", "members[0].keys[0].from"},
        Row{"/members/0/keys/0/to", "2026-01-01T00:00:00.000Z", "members[0].keys[0].to"},
        Row{"/members/0/keys/0/more", 1, "members[0].keys[0]"},
        Row{"/members/0/keys/1/public", other_log, "members[0].keys[1].public"},
        Row{"/members/0/keys/1/public", vkey("ehr/10-20-0-5/1", NoteKeyType::kEd25519, 2),
            "members[0].keys[1].public"},
        Row{"/members/0/keys/1/public", vkey("ehr/10-20-0-5/witness", NoteKeyType::kEd25519, 2),
            "members[0].keys[1].public"},
        Row{"/members/0/keys/1/public", vkey("ehr/10-20-0-5", NoteKeyType::kCosignatureV1, 2),
            "members[0].keys[1].public"},
        Row{"/members/0/keys/2/public", vkey("ehr/10-20-0-5", NoteKeyType::kCosignatureV1, 2),
            "members[0].keys[2].public"},
        Row{"/members/0/keys/3/public", kAge.substr(0, 61) + "q", "members[0].keys[3].public"},
        Row{"/members/0/keys/3/public", "age1x", "members[0].keys[3].public"}}) {
    json value = document();
    value[json::json_pointer(row.pointer)] = row.value;
    INFO(row.pointer << " " << row.value);
    CHECK(refusal(value).starts_with(std::string{"federation: "} + row.place + " "));
  }
}

TEST_CASE("no member may be missing, no key twice, no name twice") {
  for (const auto* name : {"v", "version", "threshold", "admins", "members"}) {
    json value = document();
    value.erase(name);
    CHECK_FALSE(refusal(value).empty());
  }
  for (const auto* name : {"address", "name", "roles", "status", "keys"}) {
    json value = document();
    value["members"][0].erase(name);
    CHECK_FALSE(refusal(value).empty());
  }
  for (const auto* name : {"id", "use", "public", "from"}) {
    json value = document();
    value["members"][0]["keys"][0].erase(name);
    CHECK_FALSE(refusal(value).empty());
  }
  json twice = document();
  twice["members"][0]["keys"].push_back(twice["members"][0]["keys"][0]);
  CHECK(refusal(twice).starts_with("federation: members[0].keys[4].id"));
  json same_address = document();
  same_address["members"].push_back(member("10.20.0.5"));
  CHECK(refusal(same_address) == "federation: members[2].address is another member's as well");
  CHECK_FALSE(ledger::parse_federation("[]").ok());
  CHECK_FALSE(ledger::parse_federation("").ok());
  std::string text = document().dump();
  CHECK_FALSE(ledger::parse_federation(text.insert(1, "\"v\":1,")).ok());
}

TEST_CASE("of a key's cutoff and its member's the stricter counts") {
  ledger::Member member{*Address::parse("10.20.0.5"), "A", {}, ledger::MemberStatus::kRevoked, {}, {}};
  ledger::Hash early{}, late{};
  early.fill(1), late.fill(2);
  member.keys.push_back({"sign-1", ledger::KeyUse::kSign, "", {}, {}, {}});
  const auto cutoff = [&] { return *member.cutoff_of("sign-1"); };
  CHECK_FALSE(member.cutoff_of("sign-1"));
  member.revocation = ledger::Cutoff{"ehr/10-20-0-5", 7, early, {}};
  CHECK(cutoff() == *member.revocation);
  CHECK(member.cutoff_of("sign-2") == member.revocation);
  member.keys[0].revocation = ledger::Cutoff{"ehr/10-20-0-5", 9, late, 8};
  CHECK(cutoff() == *member.revocation);  // the key alone would count for longer
  member.keys[0].revocation->suspect_from = 5;
  CHECK(cutoff() == ledger::Cutoff{"ehr/10-20-0-5", 7, early, 5});
  member.keys[0].revocation->size = 6;
  CHECK(cutoff() == ledger::Cutoff{"ehr/10-20-0-5", 6, late, 5});
  member.revocation->suspect_from = 3;
  CHECK(cutoff() == ledger::Cutoff{"ehr/10-20-0-5", 6, late, 3});
  CHECK(member.cutoff_of("sign-2") == member.revocation);
  // Nothing lies below the cutoffs of two logs.
  member.keys[0].revocation->origin = "ehr/10-20-0-5/2";
  CHECK(cutoff().size == 0);
  member.revocation.reset();
  CHECK(cutoff() == *member.keys[0].revocation);
}

TEST_CASE("refusals quote nothing of the document") {
  json value = document();
  value["members"][0]["status"] = "SECRET";
  value["SECRET"] = 1;
  CHECK(refusal(value).find("SECRET") == std::string::npos);
}

TEST_CASE("a revocation names a log of the member, and stands only where somebody is revoked") {
  const json cutoff{{"origin", "ehr/10-20-0-5"}, {"size", 7}, {"root", std::string(64, 'a')}};
  json document = json::parse(test_support::schema_examples("valid", "federation").at(0).dump());
  json& member = document["members"].at(0);
  const std::string origin = ledger::Address::parse(member["address"].get<std::string>())->origin();
  const auto good = [&] { return ledger::parse_federation(document.dump()).ok(); };
  member["status"] = "revoked";
  member["revocation"] = {{"cutoff", cutoff}, {"suspect_from", 7}};
  member["revocation"]["cutoff"]["origin"] = origin;
  REQUIRE(good());
  const auto federation = ledger::parse_federation(document.dump());
  CHECK(federation->members[0].cutoff_of("sign-1")->size == 7);
  member["revocation"]["suspect_from"] = 8;
  CHECK_FALSE(good());
  member["revocation"].erase("suspect_from");
  CHECK(good());
  member["revocation"]["cutoff"]["origin"] = "ehr/10-99-0-9";
  CHECK_FALSE(good());
  member["revocation"]["cutoff"]["origin"] = origin + "/2";  // a later log of the same member
  CHECK(good());
  member["status"] = "active";
  CHECK_FALSE(good());
}
