// The schemas in schemas/ mean what they say: the validator knows every word in them, every rule rejects
// something, and they say the same as the scanners that judge entries and federation documents by the
// thousand.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/unit/ledger_core/schema_support.h"

using nlohmann::json;
using test_support::SchemaCheck;

namespace {

// Draft-07 as valijson implements it. A newer word (prefixItems, dependentRequired, unevaluatedProperties,
// minContains, …) would be skipped without a sound, and a rule that nobody checks is worse than none.
const std::set<std::string> kKnownKeywords{"$schema",
                                           "$id",
                                           "$ref",
                                           "$comment",
                                           "title",
                                           "description",
                                           "definitions",
                                           "examples",
                                           "default",
                                           "type",
                                           "enum",
                                           "const",
                                           "properties",
                                           "required",
                                           "minProperties",
                                           "maxProperties",
                                           "patternProperties",
                                           "additionalProperties",
                                           "propertyNames",
                                           "dependencies",
                                           "items",
                                           "additionalItems",
                                           "contains",
                                           "minItems",
                                           "maxItems",
                                           "uniqueItems",
                                           "minLength",
                                           "maxLength",
                                           "pattern",
                                           "format",
                                           "minimum",
                                           "maximum",
                                           "exclusiveMinimum",
                                           "exclusiveMaximum",
                                           "multipleOf",
                                           "allOf",
                                           "anyOf",
                                           "oneOf",
                                           "not",
                                           "if",
                                           "then",
                                           "else"};
// Members whose values are maps from a name to a schema.
const std::set<std::string> kNamedSchemas{"properties", "patternProperties", "definitions"};
// Members whose values are no schemas.
const std::set<std::string> kPlainValues{"enum", "const", "required", "examples", "default", "dependencies"};

void check_words(const json& schema, const std::string& place, std::vector<std::string>& problems) {
  if (schema.is_array()) {
    for (const json& item : schema) check_words(item, place, problems);
    return;
  }
  if (!schema.is_object()) return;
  if (schema.contains("pattern") && schema.value("maxLength", 1000) > 256) {
    problems.push_back(place + ": a pattern without a maxLength of at most 256");
  }
  for (const auto& [word, value] : schema.items()) {
    if (!kKnownKeywords.contains(word)) problems.push_back(place + ": unknown word " + word);
    if (kPlainValues.contains(word)) continue;
    if (!kNamedSchemas.contains(word)) {
      check_words(value, place + "/" + word, problems);
      continue;
    }
    for (const auto& [name, inner] : value.items())
      check_words(inner, place + "/" + word + "/" + name, problems);
  }
}

// Bundles have examples beside the tests of the bundle.
bool has_examples_here(const std::string& stem) {
  return stem != "bundle";
}

// Builds, for every rule of a schema that applies somewhere in an example, a copy of the example that breaks
// this rule.
class RuleBreaker {
 public:
  RuleBreaker(const json& schema, const json& example) : root_(schema), example_(example) {
    walk(schema, json::json_pointer{});
  }
  const std::vector<std::pair<std::string, json>>& broken() const { return broken_; }

 private:
  void add(const std::string& rule, const json::json_pointer& at, json value) {
    json copy = example_;
    copy[at] = std::move(value);
    broken_.emplace_back(rule + " at " + at.to_string(), std::move(copy));
  }

  void walk(const json& schema, const json::json_pointer& at) {
    if (schema.contains("$ref")) {
      walk(root_.at(json::json_pointer(schema["$ref"].get<std::string>().substr(1))), at);
      return;
    }
    const json& value = example_.at(at);
    break_scalar_rules(schema, value, at);
    break_object_rules(schema, value, at);
    if (schema.contains("items") && value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) walk(schema["items"], at / i);
    }
    // Of alternatives, the walk follows those the value was written for.
    for (const auto* word : {"anyOf", "oneOf"}) {
      if (!schema.contains(word)) continue;
      add(word, at, json::array({json::object()}));
      for (const json& choice : schema[word]) {
        if (choice.contains("$ref") && fits(choice, value)) walk(choice, at);
      }
    }
  }

  bool fits(json choice, const json& value) const {
    choice = json{{"allOf", {choice}}, {"definitions", root_["definitions"]}};
    return SchemaCheck(choice).accepts(value);
  }

  void break_scalar_rules(const json& schema, const json& value, const json::json_pointer& at) {
    if (schema.contains("type")) add("type", at, value.is_boolean() ? json("x") : json(true));
    if (schema.contains("const")) add("const", at, "none of this");
    if (schema.contains("enum")) add("enum", at, "none of these");
    if (schema.contains("minimum")) add("minimum", at, schema["minimum"].get<std::int64_t>() - 1);
    if (schema.contains("maximum")) add("maximum", at, schema["maximum"].get<std::int64_t>() + 2);
    if (schema.contains("minLength")) add("minLength", at, "");
    if (schema.contains("maxLength"))
      add("maxLength", at, std::string(schema["maxLength"].get<std::size_t>() + 1, 'a'));
    if (schema.contains("pattern")) add("pattern", at, "\n!");
    if (schema.contains("maxItems"))
      add("maxItems", at, json(schema["maxItems"].get<std::size_t>() + 1, value.empty() ? json() : value[0]));
    if (schema.contains("uniqueItems") && !value.empty())
      add("uniqueItems", at, json::array({value[0], value[0]}));
  }

  void break_object_rules(const json& schema, const json& value, const json::json_pointer& at) {
    if (schema.value("additionalProperties", json(true)) == json(false))
      add("additionalProperties", at / "nobodys", 1);
    for (const json& name : schema.value("required", json::array())) {
      json copy = example_;
      copy[at].erase(name.get<std::string>());
      broken_.emplace_back("required " + name.dump() + " at " + at.to_string(), std::move(copy));
    }
    const json dependencies = schema.value("dependencies", json::object());
    for (const auto& [name, others] : dependencies.items()) {
      if (!value.contains(name)) continue;
      json copy = example_;
      copy[at].erase(others[0].get<std::string>());
      broken_.emplace_back("dependencies of " + name + " at " + at.to_string(), std::move(copy));
    }
    if (!schema.contains("properties") || !value.is_object()) return;
    for (const auto& [name, inner] : schema["properties"].items()) {
      if (value.contains(name)) walk(inner, at / name);
    }
  }

  const json& root_;
  const json& example_;
  std::vector<std::pair<std::string, json>> broken_;
};

}  // namespace

TEST_CASE("every schema is written in words the validator knows") {
  const auto stems = test_support::schema_stems();
  CHECK(stems.size() >= 6);
  for (const auto& stem : stems) {
    std::vector<std::string> problems;
    check_words(test_support::read_schema(stem), stem, problems);
    for (const auto& problem : problems) FAIL_CHECK(problem);
  }
}

TEST_CASE("the check for unknown words finds them") {
  for (const auto* word :
       {"prefixItems", "dependentRequired", "unevaluatedProperties", "minContains", "$defs"}) {
    std::vector<std::string> problems;
    check_words(json{{"properties", {{"type", {{"anyOf", {{{word, 1}}}}}}}}}, "x", problems);
    CHECK(problems.size() == 1);
  }
  std::vector<std::string> problems;
  check_words(json{{"items", {{"pattern", "x"}}}}, "x", problems);
  CHECK(problems.size() == 1);
}

TEST_CASE("valid examples are accepted, invalid ones are not") {
  for (const auto& stem : test_support::schema_stems()) {
    const SchemaCheck check(test_support::read_schema(stem));
    INFO(stem);
    const auto valid = test_support::schema_examples("valid", stem),
               invalid = test_support::schema_examples("invalid", stem);
    if (has_examples_here(stem)) CHECK_FALSE((valid.empty() || invalid.empty()));
    for (const json& example : valid) CHECK(check.accepts(example));
    for (const json& example : invalid) CHECK_FALSE(check.accepts(example));
  }
}

TEST_CASE("every rule of the schemas rejects an example that breaks it") {
  for (const auto& stem : test_support::schema_stems()) {
    if (!has_examples_here(stem)) continue;
    const json schema = test_support::read_schema(stem);
    const SchemaCheck check(schema);
    for (const json& example : test_support::schema_examples("valid", stem)) {
      const RuleBreaker breaker(schema, example);
      CHECK(breaker.broken().size() >= 8);
      for (const auto& [rule, document] : breaker.broken()) {
        INFO(stem << ": " << rule);
        CHECK_FALSE(check.accepts(document));
      }
    }
  }
}
