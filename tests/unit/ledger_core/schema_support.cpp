#include "tests/unit/ledger_core/schema_support.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "tests/support/shared_data.h"

namespace test_support {

namespace {
constexpr std::string_view kEnding = ".schema.json";
std::filesystem::path schemas() {
  return source_root() / "schemas";
}
}  // namespace

std::vector<std::string> schema_stems() {
  std::vector<std::string> stems;
  for (const auto& file : std::filesystem::directory_iterator(schemas())) {
    const std::string name = file.path().filename().string();
    if (name.ends_with(kEnding)) stems.push_back(name.substr(0, name.size() - kEnding.size()));
  }
  std::sort(stems.begin(), stems.end());
  return stems;
}

nlohmann::json read_schema(const std::string& stem) {
  return nlohmann::json::parse(read_file(schemas() / (stem + std::string{kEnding})));
}

std::vector<nlohmann::json> schema_examples(const std::string& kind, const std::string& stem) {
  std::vector<nlohmann::json> examples;
  const auto folder = schemas() / "examples" / kind / stem;
  if (!std::filesystem::exists(folder)) return examples;
  for (const auto& file : std::filesystem::directory_iterator(folder))
    examples.push_back(nlohmann::json::parse(read_file(file)));
  return examples;
}

struct SchemaCheck::State {
  valijson::Schema schema;
};

SchemaCheck::SchemaCheck(const nlohmann::json& schema) : state_(std::make_unique<State>()) {
  valijson::SchemaParser parser;
  const valijson::adapters::NlohmannJsonAdapter adapter(schema);
  parser.populateSchema(adapter, state_->schema);
}
SchemaCheck::~SchemaCheck() = default;

bool SchemaCheck::accepts(const nlohmann::json& document) const {
  valijson::Validator validator;
  const valijson::adapters::NlohmannJsonAdapter adapter(document);
  return validator.validate(state_->schema, adapter, nullptr);
}

}  // namespace test_support
