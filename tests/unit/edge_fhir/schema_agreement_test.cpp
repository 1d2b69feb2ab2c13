// The receiver's check and schemas/bundle.schema.json hold the same rules where the schema can say them:
// every mutation of a document that the schema rejects, the check refuses too; and the check's structural
// refusals are the schema's.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "agent/core/fhir/document_check.h"
#include "tests/support/shared_data.h"
#include "tests/unit/edge_fhir/sample_document.h"

using nlohmann::json;
using Pointer = json::json_pointer;

namespace {

class Schema {
 public:
  Schema() {
    const json text =
        json::parse(test_support::read_file(test_support::source_root() / "schemas/bundle.schema.json"));
    valijson::adapters::NlohmannJsonAdapter adapter(text);
    valijson::SchemaParser().populateSchema(adapter, schema_);
  }
  bool accepts(const json& document) const {
    valijson::adapters::NlohmannJsonAdapter adapter(document);
    return valijson::Validator().validate(schema_, adapter, nullptr);
  }

 private:
  valijson::Schema schema_;
};

bool checked(const json& document) {
  return edge::fhir::check_bundle(document.dump()).ok();
}

// All places the schema has rules for: the Bundle's own members and the Composition's, three levels deep.
void places(const json& value, const Pointer& at, std::size_t depth, std::vector<Pointer>& out) {
  if (depth == 0) return;
  std::size_t index = 0;
  if (value.is_object())
    for (const auto& [name, inner] : value.items()) {
      out.push_back(at / name);
      places(inner, at / name, depth - 1, out);
    }
  if (value.is_array())
    for (const json& inner : value) {
      out.push_back(at / index);
      places(inner, at / index, depth - 1, out);
      if (++index == 4) break;
    }
}

std::vector<json> mutations(const json& document, const Pointer& at) {
  std::vector<json> out;
  json copy = document;
  json& parent = copy.at(at.parent_pointer());
  if (parent.is_array())
    parent.erase(std::stoul(at.back()));
  else
    parent.erase(at.back());
  out.push_back(copy);
  for (const json& value :
       {json(true), json("none of these"), json(""), json::array(), json::object(), json(nullptr)}) {
    copy = document;
    copy[at] = value;
    out.push_back(copy);
  }
  return out;
}

}  // namespace

TEST_CASE("what the schema rejects, the check refuses") {
  const Schema schema;
  auto assembled = edge::fhir::assemble(test_support::golden_patient("patient-bare"));
  const json document = json::parse(assembled->text);
  REQUIRE(schema.accepts(document));
  REQUIRE(checked(document));
  std::vector<Pointer> all;
  places(document, Pointer(""), 6, all);
  std::size_t rejected = 0;
  for (const Pointer& at : all)
    for (const json& mutation : mutations(document, at)) {
      if (schema.accepts(mutation)) continue;
      ++rejected;
      INFO(at.to_string());
      CHECK_FALSE(checked(mutation));
    }
  CHECK(rejected > 100);
}

TEST_CASE("the schema's examples are judged alike by the check") {
  const auto examples = test_support::source_root() / "schemas/examples";
  for (const char* kind : {"valid", "invalid"})
    for (const auto& file : std::filesystem::directory_iterator(examples / kind / "bundle")) {
      INFO(file.path().filename());
      const json document = json::parse(test_support::read_file(file.path()));
      auto result = edge::fhir::check_bundle(document.dump());
      bool document_accepted = result.ok() && result->type == edge::fhir::BundleType::kDocument;
      CHECK(document_accepted == (std::string(kind) == "valid"));
      CHECK(Schema().accepts(document) == (std::string(kind) == "valid"));
    }
}
