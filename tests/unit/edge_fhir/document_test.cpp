#include "agent/core/fhir/document.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/core/fhir/document_check.h"
#include "agent/core/secret.h"
#include "ledger-client/core/canonical_json.h"
#include "tests/support/shared_data.h"
#include "tests/unit/edge_fhir/sample_document.h"

using namespace edge::fhir;
using nlohmann::json;
using test_support::golden_patient;

namespace {

Assembled assembled(const AssembleInput& input) {
  auto result = assemble(input);
  INFO((result ? std::string() : result.error().reason));
  REQUIRE(result.ok());
  return *result;
}

json section(const Assembled& document, const std::string& code) {
  json bundle = json::parse(document.text);
  for (const json& section : bundle["entry"][0]["resource"]["section"])
    if (section["code"]["coding"][0]["code"] == code) return section;
  return json();
}

std::size_t count_of(const Assembled& document, const std::string& kind) {
  json bundle = json::parse(document.text);
  std::size_t count = 0;
  for (const json& entry : bundle["entry"]) count += entry["resource"]["resourceType"] == kind;
  return count;
}

}  // namespace

// EHR_ACCEPT_GOLDEN=1 writes what is made now as what is expected.
TEST_CASE("documents of the golden patients do not change unnoticed") {
  for (const std::string name : {"patient-full", "patient-bare"}) {
    std::string text = assembled(golden_patient(name)).text;
    auto file = test_support::source_root() / "tests/golden/fhir" / (name + ".ips");
    if (std::getenv("EHR_ACCEPT_GOLDEN")) std::ofstream(file, std::ios::binary) << text;
    CHECK(text == test_support::read_file(file));
  }
}

TEST_CASE("the canonical form beside a document is that of its text, and a receiver accepts it") {
  for (const std::string name : {"patient-full", "patient-bare"}) {
    AssembleInput input = golden_patient(name);
    for (const auto& document : {assemble(input), assemble_collection(input)}) {
      REQUIRE(document.ok());
      json bundle = json::parse(document->text);
      bundle.erase("id");
      bundle.erase("meta");
      CHECK(document->canonical == ledger::canonical_json(bundle));
      auto checked = check_bundle(document->text);
      INFO((checked ? std::string() : checked.error().reason));
      REQUIRE(checked.ok());
      CHECK(checked->canonical == document->canonical);
      CHECK(checked->entries == document->entries);
    }
  }
}

TEST_CASE("required sections are there for a patient of whom nothing is known") {
  AssembleInput input = golden_patient("patient-bare");
  input.resources.clear();
  Assembled document = assembled(input);
  for (const char* code : {"11450-4", "48765-2", "10160-0"}) {
    CHECK(section(document, code)["emptyReason"]["coding"][0]["code"] == "unavailable");
    CHECK_FALSE(section(document, code).contains("entry"));
  }
  CHECK(section(document, "30954-2").is_null());
  CHECK(document.entries == 4);
}

TEST_CASE("only the sections asked for are filled, and references bring in no other") {
  AssembleInput input = golden_patient("patient-full");
  input.sections = {Section::kMedications};
  Assembled document = assembled(input);
  CHECK(section(document, "11450-4")["emptyReason"]["coding"][0]["code"] == "withheld");
  CHECK(section(document, "10160-0").contains("entry"));
  CHECK(section(document, "8716-3").is_null());
  CHECK(document.text.find("Diabetes") == std::string::npos);
  CHECK(check_bundle(document.text).ok());
}

TEST_CASE("the newest result of a code stands for it") {
  AssembleInput input = golden_patient("patient-full");
  std::string text = assembled(input).text;
  CHECK(text.find("6.30") != std::string::npos);
  CHECK(text.find("7.1") == std::string::npos);
  for (SectionRule& rule : input.rules) rule.latest_per_code = false;
  CHECK(assembled(input).text.find("7.1") != std::string::npos);
}

TEST_CASE("a section's limit holds") {
  AssembleInput input = golden_patient("patient-full");
  for (SectionRule& rule : input.rules) rule.limit = 1;
  CHECK(section(assembled(input), "10160-0")["entry"].size() == 1);
}

TEST_CASE("there is one statement about tobacco, whatever the rules say") {
  AssembleInput input = golden_patient("patient-full");
  for (SectionRule& rule : input.rules) rule.latest_per_code = false;
  for (Prepared resource : std::vector<Prepared>(input.resources))
    if (resource.section == Section::kSocialHistory) {
      resource.full_url = "urn:uuid:00000000-0000-4000-8000-00000000abcd";
      resource.key = "Observation/other";
      input.resources.push_back(resource);
    }
  CHECK(section(assembled(input), "29762-2")["entry"].size() == 1);
}

TEST_CASE("a document holds one patient's resources only") {
  AssembleInput input = golden_patient("patient-bare");
  Assembled document = assembled(input);
  CHECK(document.text.find("someone else") == std::string::npos);
  CHECK(count_of(document, "Patient") == 1);
}

TEST_CASE("the highest confidentiality is the document's") {
  json bundle = json::parse(assembled(golden_patient("patient-full")).text);
  CHECK(bundle["meta"]["security"][0]["code"] == "R");
  CHECK(bundle["entry"][0]["resource"]["confidentiality"] == "R");
  bundle = json::parse(assembled(golden_patient("patient-bare")).text);
  CHECK(bundle["meta"]["security"][0]["code"] == "N");
}

TEST_CASE("a device of the patient's becomes a statement of its use, a medicine of its own is named") {
  Assembled document = assembled(golden_patient("patient-full"));
  CHECK(count_of(document, "DeviceUseStatement") == 2);
  CHECK(section(document, "46264-8")["text"]["div"].get<std::string>().find("Pacemaker") !=
        std::string::npos);
  std::string medicines = section(document, "10160-0")["text"]["div"];
  CHECK(medicines.find("Aspirin &lt;100 mg&gt;") != std::string::npos);
  CHECK(medicines.find("<!--") == std::string::npos);
}

TEST_CASE("a document beyond the limit is not made") {
  AssembleInput input = golden_patient("patient-full");
  input.max_bytes = 5000;
  CHECK_FALSE(assemble(input).ok());
  CHECK_FALSE(assemble_collection(input).ok());
}

TEST_CASE("a signed document verifies until a value changes") {
  Assembled document = assembled(golden_patient("patient-full"));
  std::array<std::uint8_t, 32> seed{};
  seed[0] = 7;
  auto signer = edge::make_ed25519_signer(edge::Secret(ledger::ByteView(seed)));
  SignatureInput signature;
  signature.signer = signer.get();
  signature.kid = "k1";
  signature.agent_address = "127.0.10.1";
  signature.now = *ledger::parse_time("2026-11-22T08:00:00.000Z");
  std::string text = splice_signature(document.text, make_signature(document.canonical, signature));

  auto checked = check_bundle(text);
  REQUIRE(checked.ok());
  CHECK(verify_signature(*checked, signer->public_key()).ok());
  CHECK_FALSE(verify_signature(*checked, ledger::PublicKey{}).ok());
  CHECK(has_identifier(*checked, {"urn:example:mrn", "A-1"}));
  CHECK(has_identifier(*checked, {"", "A-1"}));
  CHECK_FALSE(has_identifier(*checked, {"urn:example:other", "A-1"}));

  auto same_value = check_bundle(test_support::replaced(text, R"("value":6.30)", R"("value":6.3)"));
  CHECK(verify_signature(*same_value, signer->public_key()).ok());
  auto changed = check_bundle(test_support::replaced(text, R"("value":6.30)", R"("value":6.31)"));
  REQUIRE(changed.ok());
  CHECK_FALSE(verify_signature(*changed, signer->public_key()).ok());
  CHECK_FALSE(verify_signature(*check_bundle(document.text), signer->public_key()).ok());
}
