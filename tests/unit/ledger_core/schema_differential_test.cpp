// The single-pass scanners against the JSON Schemas: on damaged copies of the examples both give the same
// verdict.
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/entry_rules.h"
#include "ledger-client/core/federation.h"
#include "tests/unit/ledger_core/json_damage.h"
#include "tests/unit/ledger_core/schema_support.h"

using nlohmann::json;
using test_support::mutated;
using test_support::only_beyond_regular_expressions;
using test_support::SchemaCheck;

namespace {

constexpr int kRounds = 1500;

struct Verdicts {
  int accepted = 0, refused = 0;
};

void compare(bool scanner, bool schema, const json& document, Verdicts& verdicts) {
  INFO(document.dump());
  if (scanner) CHECK(schema);
  if (schema && !only_beyond_regular_expressions(document)) CHECK(scanner);
  ++(scanner ? verdicts.accepted : verdicts.refused);
}

}  // namespace

TEST_CASE("envelope: scanner and schema agree on damaged entries") {
  const SchemaCheck check(test_support::read_schema("entry"));
  std::mt19937 random(1);
  Verdicts verdicts;
  const auto examples = test_support::schema_examples("valid", "entry");
  for (int round = 0; round < kRounds; ++round) {
    const json document = mutated(examples[random() % examples.size()], random);
    // The scanner demands canonical bytes; so both read the canonical text, where 1.0 is 1.
    const std::string line = ledger::canonical_json(document);
    const json envelope = json::parse(line);
    compare(ledger::parse_entry(line).ok(), check.accepts(envelope), envelope, verdicts);
  }
  CHECK(verdicts.accepted > kRounds / 10);
  CHECK(verdicts.refused > kRounds / 10);
}

TEST_CASE("bodies: scanner and schema agree on damaged bodies of every type") {
  for (const std::string type : {"bundle.issued", "bundle.received", "bundle.delivered", "refusals"}) {
    const SchemaCheck check(test_support::read_schema("entry-" + type));
    std::mt19937 random(2);
    Verdicts verdicts;
    const auto examples = test_support::schema_examples("valid", "entry-" + type);
    for (int round = 0; round < kRounds; ++round) {
      const std::string text = ledger::canonical_json(mutated(examples[random() % examples.size()], random));
      const json body = json::parse(text);
      ledger::Entry entry;
      entry.type = type;
      entry.body = text;
      compare(ledger::judge_entry(entry).meaning == ledger::Meaning::kEffective, check.accepts(body), body,
              verdicts);
    }
    INFO(type);
    CHECK(verdicts.accepted > kRounds / 50);
    CHECK(verdicts.refused > kRounds / 10);
  }
}

// The schema says the form; whose key it is, its checksum, what is unique and what comes first, only the
// reader says.
TEST_CASE(
    "federation: what the reader accepts the schema accepts, and what only the reader refuses has one of its "
    "reasons") {
  const SchemaCheck check(test_support::read_schema("federation"));
  std::mt19937 random(3);
  int accepted = 0, refused_by_both = 0;
  const auto examples = test_support::schema_examples("valid", "federation");
  for (int round = 0; round < kRounds; ++round) {
    const json document =
        json::parse(ledger::canonical_json(mutated(examples[random() % examples.size()], random)));
    const auto federation = ledger::parse_federation(document.dump());
    const bool schema = check.accepts(document);
    INFO(document.dump());
    if (federation) {
      CHECK(schema);
      ++accepted;
    } else if (!schema) {
      ++refused_by_both;
    } else {
      const std::string& reason = federation.error().reason;
      INFO(reason);
      bool beyond_schema = only_beyond_regular_expressions(document);
      for (const auto* words : {"twice", "another member's", "is not after from", "note key",
                                "somebody else's", "age1 recipient", "more than there are admins"}) {
        beyond_schema = beyond_schema || reason.find(words) != std::string::npos;
      }
      CHECK(beyond_schema);
    }
  }
  CHECK(accepted > kRounds / 20);
  CHECK(refused_by_both > kRounds / 10);
}
