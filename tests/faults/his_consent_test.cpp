// Consents that come as FHIR documents, from the HIS or a file, with real processes.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/core/signing.h"
#include "ledger-client/core/base64.h"
#include "ledger-client/core/canonical_json.h"
#include "tests/faults/consent_hospitals.h"

using namespace consent_hospitals;
using nlohmann::json;

TEST_CASE("consents of the HIS count when they are imported, and what can't be read denies") {
  Hospitals hospitals;
  auto& agent = hospitals.answering;
  const std::string policy = hospitals.grant({}, "any");
  CHECK(hospitals.given());
  hospitals.import(privacy_consent({{"type", "deny"}}));
  CHECK_FALSE(hospitals.given());
  hospitals.import(privacy_consent({{"type", "deny"}}, "inactive"));
  CHECK(hospitals.given());
  // A denial of what can't be represented.
  hospitals.import(privacy_consent({{"type", "deny"}, {"dataPeriod", {{"start", "2020"}}}}));
  CHECK_FALSE(hospitals.given());
  const auto rows = agent.command_json({"consent", "list"}).at("consents");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].at("remark") ==
        "denies all, for it can't be read: provision.dataPeriod: can't be represented");
  // Revoked by hand and forgotten, it does not come back by itself.
  const std::string denial = rows[0].at("id");
  agent.command_json({"consent", "revoke", denial});
  agent.command_json({"consent", "forget", denial});
  CHECK(agent.command({"his", "import", hospitals.federation.folder() / "import.json"}).status == 0);
  CHECK(hospitals.given());
  // What only permits and can't be read permits nothing.
  hospitals.import(privacy_consent({{"type", "permit"}, {"dataPeriod", {{"start", "2020"}}}}));
  CHECK(hospitals.given());
  agent.command_json({"consent", "revoke", policy});
  CHECK_FALSE(hospitals.given());
}

TEST_CASE("a patient's own signature is checked, what can't be represented is not imported") {
  Hospitals hospitals;
  auto& agent = hospitals.answering;
  edge::initialise_cryptography();
  const auto key = edge::make_ed25519_signer(edge::Secret(std::vector<std::uint8_t>(32, 9)));
  const std::string public_key = ledger::base64url_encode(key->public_key().bytes);
  const json document = privacy_consent({{"type", "permit"}});
  const auto consent = hospitals.federation.folder() / "consent.json",
             signature = hospitals.federation.folder() / "consent.jws";
  std::ofstream(consent) << document.dump(2);
  std::ofstream(signature) << edge::sign_detached_jws(*key, "patient", "2026-11-22T08:00:00.000Z", {},
                                                      ledger::canonical_json(document));
  const auto import = [&](const std::string& with) {
    return agent.command(
        {"consent", "import", consent, "--signature", signature, "--patient-key", with, "--json"});
  };
  const auto other = edge::make_ed25519_signer(edge::Secret(std::vector<std::uint8_t>(32, 8)));
  CHECK(import(ledger::base64url_encode(other->public_key().bytes)).status != 0);
  CHECK(import("x").status != 0);
  CHECK(hospitals.count("SELECT count(*) FROM consent") == 0);
  const auto imported = import(public_key);
  INFO(imported.output);
  REQUIRE(imported.status == 0);
  CHECK(json::parse(imported.output).at("attested") == "patient");
  CHECK(hospitals.given());

  std::ofstream(consent)
      << privacy_consent({{"type", "permit"}, {"securityLabel", {{{"code", "R"}}}}}).dump();
  const auto refused = agent.command({"consent", "import", consent});
  CHECK(refused.status == 65);
  CHECK_THAT(refused.output, Catch::Contains("provision.securityLabel: can't be represented"));
  CHECK(agent.command({"consent", "grant", "--patient", "nobody", "--peer", "any", "--purpose", "TREAT"})
            .status != 0);
  CHECK(agent.command({"consent", "grant", "--patient", kPatient, "--group", "gone", "--purpose", "TREAT"})
            .status == 64);
  const auto stranger =
      agent.command({"consent", "grant", "--patient", kPatient, "--peer", "somebody", "--purpose", "TREAT"});
  CHECK(stranger.status == 64);
  CHECK_THAT(stranger.output, Catch::StartsWith("error: `somebody` is not an IP address"));
}
