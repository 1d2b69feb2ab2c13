// JSON Schemas of the project, as the tests use them.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace test_support {

// Stems of all schemas/*.schema.json, in order.
std::vector<std::string> schema_stems();
nlohmann::json read_schema(const std::string& stem);
// Examples of schemas/examples/<kind>/<stem>/*.json, kind `valid` or `invalid`.
std::vector<nlohmann::json> schema_examples(const std::string& kind, const std::string& stem);

class SchemaCheck {
 public:
  explicit SchemaCheck(const nlohmann::json& schema);
  ~SchemaCheck();
  bool accepts(const nlohmann::json& document) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace test_support
