// The single-pass scanners against the JSON Schemas: on damaged copies of the examples both give the same
// verdict.
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "ledger-client/core/address.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/entry_rules.h"
#include "ledger-client/core/federation.h"
#include "tests/unit/ledger_core/schema_support.h"

using nlohmann::json;
using test_support::SchemaCheck;

namespace {

constexpr int kRounds = 1500;

// Places of all values in a document.
std::vector<json::json_pointer> places(const json& document) {
  std::vector<json::json_pointer> found;
  const json flat = document.flatten();
  for (const auto& [pointer, ignored] : flat.items()) {
    for (json::json_pointer place(pointer); !place.empty(); place = place.parent_pointer())
      found.push_back(place);
  }
  return found;
}

// Damages texts near what is allowed, so that every rule's edge is met from both sides.
std::string damaged(std::string text, std::mt19937& random) {
  static const std::string characters = "0159afAFgzZ-.:/+_ T\n\"\\#";
  const std::size_t at = text.empty() ? 0 : random() % text.size();
  const char c = characters[random() % characters.size()];
  switch (random() % 5) {
    case 0:
      return text.insert(at, 1, c);
    case 1:
      return text.empty() ? text : text.erase(at, 1);
    case 2:
      return text + text;
    default:
      if (!text.empty()) text[at] = c;
      return text;
  }
}

json other_value(const json& value, std::mt19937& random) {
  static const std::vector<json> values{nullptr,
                                        true,
                                        0,
                                        1,
                                        -1,
                                        1.5,
                                        1e30,
                                        9007199254740992,
                                        9007199254740991,
                                        "",
                                        "x",
                                        "10.20.0.5",
                                        "fd00::6",
                                        "TREAT",
                                        "T",
                                        "2026-02-28T23:00:00.000Z",
                                        "2026-11-22T08:00:00.001Z",
                                        "sign-2",
                                        "log-10",
                                        "revoked",
                                        "age",
                                        "store",
                                        json::array(),
                                        json::object(),
                                        {{"a", 1}}};
  if (value.is_string() && random() % 3 != 0) return damaged(value.get<std::string>(), random);
  if (value.is_number_unsigned() && random() % 2 != 0)
    return value.get<std::int64_t>() - static_cast<std::int64_t>(random() % 3);
  return values[random() % values.size()];
}

json mutated(const json& document, std::mt19937& random) {
  json copy = document;
  for (unsigned changes = random() % 2 + 1; changes > 0; --changes) {
    const auto all = places(copy);
    if (all.empty()) return copy;
    const auto place = all[random() % all.size()];
    json& around = copy[place.parent_pointer()];
    switch (random() % 8) {
      case 0:
        if (around.is_object()) around.erase(place.back());
        break;
      case 1:
        if (around.is_object()) around["zusatz"] = 1;
        if (around.is_array()) around.push_back(around[0]);
        break;
      default:
        copy[place] = other_value(copy[place], random);
    }
  }
  return copy;
}

// What a schema's regular expressions can't say: 30 February, and which spelling of an IPv6 address is
// canonical.
bool only_beyond_regular_expressions(const json& entry) {
  const json flat = entry.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    if (!value.is_string()) continue;
    const auto text = value.get<std::string>();
    const bool date = text.size() == 24 && text[10] == 'T' && text[8] >= '2' && !ledger::parse_time(text);
    const auto address = ledger::Address::parse(text);
    const bool colons =
        text.find(':') != text.npos && text.find('T') == text.npos && (!address || address->text() != text);
    if (date || colons) return true;
  }
  return false;
}

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
