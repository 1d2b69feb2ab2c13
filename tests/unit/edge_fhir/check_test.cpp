#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "agent/core/fhir/document.h"
#include "agent/core/fhir/document_check.h"
#include "ledger-client/core/canonical_json.h"
#include "tests/support/shared_data.h"
#include "tests/unit/edge_fhir/sample_document.h"

using namespace edge::fhir;
using nlohmann::json;
using Pointer = json::json_pointer;

namespace {

json document() {
  auto result = assemble(test_support::golden_patient("patient-full"));
  REQUIRE(result.ok());
  return json::parse(result->text);
}

std::string reason(const json& bundle) {
  auto result = check_bundle(bundle.dump());
  return result ? "accepted" : result.error().reason;
}

std::string removed(const std::string& pointer) {
  json bundle = document();
  Pointer at(pointer);
  json& parent = bundle.at(at.parent_pointer());
  if (parent.is_array())
    parent.erase(std::stoul(at.back()));
  else
    parent.erase(at.back());
  return reason(bundle);
}

std::string set(const std::string& pointer, const json& value) {
  json bundle = document();
  bundle[Pointer(pointer)] = value;
  return reason(bundle);
}

}  // namespace

TEST_CASE("each rule of a document refuses its own violation and names the place") {
  const std::string composition = "/entry/0/resource", section = composition + "/section/0";
  CHECK(reason(document()) == "accepted");
  CHECK(set("/type", "batch") == "type: neither a document nor a collection");
  CHECK(removed("/identifier") == "identifier: required");
  CHECK(removed("/identifier/value") == "identifier: needs system and value");
  CHECK(set("/timestamp", "2026-01-31T09:15") == "timestamp: not an instant");
  CHECK(set("/total", 3) == "total: only searches and histories have one");
  CHECK(removed("/entry/1/fullUrl") == "entry[1].fullUrl: required");
  CHECK(set("/entry/1/fullUrl", "Patient/1") == "entry[1].fullUrl: not absolute");
  CHECK(set("/entry/1/request", {{"method", "PUT"}}) == "entry[1].request: has no place in this Bundle");
  CHECK(removed("/entry/2/resource") == "entry[2].resource: required");
  CHECK(set("/entry/2/resource/resourceType", "Zebra") ==
        "entry[2].resource.resourceType: not a FHIR R4 resource");
  CHECK(removed("/entry/0") != "accepted");
  CHECK(removed("/entry/1") == "entry: no Patient");
  CHECK(set(composition + "/status", "done") == "entry[0].resource.status: not a status of a Composition");
  CHECK(set(composition + "/type/coding/0/code", "1") ==
        "entry[0].resource.type: not a patient summary (LOINC 60591-5)");
  CHECK(removed(composition + "/author") == "entry[0].resource.author: required");
  CHECK(removed(composition + "/title") == "entry[0].resource.title: required");
  CHECK(set(composition + "/date", "yesterday") == "entry[0].resource.date: not a dateTime");
  CHECK(removed(section) == "entry[0].resource.section: the required section 11450-4 is missing");
  CHECK(removed(section + "/text") == "entry[0].resource.section[0].text: required");
  CHECK(removed(section + "/entry") ==
        "entry[0].resource.section[0]: a required section needs an entry or an emptyReason");
  CHECK(set(section + "/emptyReason", {{"text", "x"}}) ==
        "entry[0].resource.section[0]: entry and emptyReason exclude each other");
  CHECK(set(section + "/text/div", "<div>x</div>") ==
        "entry[0].resource.section[0].text.div: narrative: the root is not an XHTML div");
  CHECK(set(section + "/entry/0/reference", "urn:uuid:00000000-0000-4000-8000-000000000000") ==
        "entry[0].resource.section[0].entry[0]: reference does not resolve");
  CHECK(set(section + "/entry/0/reference", document()["entry"][1]["fullUrl"]) ==
        "entry[0].resource.section[0].entry: a resource of a kind this section can't hold");
  CHECK(removed("/entry/1/resource/birthDate") == "entry[1].resource.birthDate: required");
}

TEST_CASE("fullUrls are unique, there is one Composition and one Patient") {
  json bundle = document();
  bundle["entry"].push_back(bundle["entry"].back());
  CHECK(reason(bundle).find("fullUrl: not unique") != std::string::npos);
  for (std::size_t copied : {0U, 1U}) {
    bundle = document();
    bundle["entry"].push_back(bundle["entry"][copied]);
    bundle["entry"].back()["fullUrl"] = "urn:uuid:00000000-0000-4000-8000-00000000aaaa";
    CHECK(reason(bundle).find("a second ") != std::string::npos);
  }
}

TEST_CASE("JSON that hides or exhausts is refused") {
  std::string text = document().dump();
  CHECK_FALSE(check_bundle(test_support::replaced(text, R"("type":"document")",
                                                  R"("type":"document","type":"document")"))
                  .ok());
  CHECK_FALSE(check_bundle(text + "x").ok());
  CHECK_FALSE(check_bundle(text.substr(0, text.size() / 2)).ok());
  CHECK_FALSE(check_bundle("").ok());
  CHECK_FALSE(check_bundle("[1]").ok());
  CHECK_FALSE(
      check_bundle(test_support::replaced(text, "\"value\":6.3", "\"value\":12345678901234567890")).ok());
  CHECK_FALSE(check_bundle(test_support::replaced(text, "\"value\":6.3", "\"value\":1e999")).ok());
  CHECK_FALSE(
      check_bundle(test_support::replaced(text, "\"value\":6.3",
                                          "\"value\":" + std::string(200, '[') + "1" + std::string(200, ']')))
          .ok());
  for (const char* empty : {"null", "\"\"", "[]", "{}"}) {
    INFO(empty);
    CHECK(check_bundle(test_support::replaced(text, "\"HbA1c\"", empty)).ok() == false);
  }
  CheckLimits limits;
  limits.max_bytes = 100;
  CHECK_FALSE(check_bundle(text, limits).ok());
  limits = CheckLimits();
  limits.max_entries = 5;
  CHECK_FALSE(check_bundle(text, limits).ok());
}

// The pass looks at eight characters at a time, so every place in a word and every length counts.
TEST_CASE("a character is treated alike wherever it stands") {
  json bundle = document();
  for (const char* unsigned_part : {"id", "meta"}) bundle.erase(unsigned_part);
  json& title = bundle["entry"][0]["resource"]["title"];
  for (std::size_t size = 1; size <= 18; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (const char* special :
           {"\"", "\\", "\n", "\x1f", " ", "!", "\x7f", "\u00e9", "\ud7ff", "\U0001f9ea"}) {
        title = std::string(at, 'a') + special + std::string(size - at, 'z');
        const auto checked = check_bundle(bundle.dump());
        REQUIRE(checked);
        REQUIRE(checked->canonical == ledger::canonical_json(bundle));
      }
      title = std::string(at, 'a') + "@" + std::string(size - 1 - at, 'z');
      std::string half = bundle.dump();
      half.replace(half.find('@'), 1, "\\udc00");
      REQUIRE_FALSE(check_bundle(half));  // half a surrogate pair
    }
  }
}

TEST_CASE("no value of a refused Bundle is in its reason") {
  json bundle = document();
  bundle["entry"][1]["resource"]["Planted-Name"] = {{"Planted-Name", json::array({nullptr, json::object()})}};
  CHECK(reason(bundle) != "accepted");
  CHECK(reason(bundle).find("Planted") == std::string::npos);
}

TEST_CASE("a collection is about one patient") {
  auto collection = assemble_collection(test_support::golden_patient("patient-full"));
  REQUIRE(collection.ok());
  CHECK(check_bundle(collection->text)->type == BundleType::kCollection);
  json bundle = json::parse(collection->text);
  bundle["entry"][2]["resource"]["subject"]["reference"] = "Patient/somebody-else";
  CHECK(reason(bundle).find("another patient") != std::string::npos);
}

TEST_CASE("valid documents of other systems pass, invalid ones do not") {
  auto examples = test_support::shared_data("data/ips-examples");
  if (!examples) return;
  std::size_t valid = 0, invalid = 0;
  for (const auto& file : std::filesystem::directory_iterator(*examples)) {
    if (file.path().extension() != ".json") continue;
    std::string text = test_support::read_file(file.path());
    auto result = check_bundle(text);
    INFO(file.path().filename() << ' ' << (result ? std::string() : result.error().reason));
    REQUIRE(result.ok());
    json bundle = json::parse(text);
    for (const char* name : {"id", "meta", "signature"}) bundle.erase(name);
    CHECK(result->canonical == ledger::canonical_json(bundle));
    ++valid;
  }
  for (const auto& file : std::filesystem::directory_iterator(*examples / "invalid-realworld")) {
    INFO(file.path().filename());
    CHECK_FALSE(check_bundle(test_support::read_file(file.path())).ok());
    ++invalid;
  }
  CHECK(valid > 5);
  CHECK(invalid > 3);
}
