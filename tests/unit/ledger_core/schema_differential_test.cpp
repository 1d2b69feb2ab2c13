// The single-pass scanners against the JSON Schemas: on damaged copies of the examples both give the same
// verdict.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/entry_rules.h"
#include "ledger-client/core/federation.h"
#include "ledger-client/core/origin.h"
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

// A later log of the agent whose log a body names.
std::string origin_after(const json& body) {
  const auto origin = body.is_object() ? body.value("origin", json()) : json();
  if (!origin.is_string()) return {};
  const std::string text = origin;
  return text.substr(0, text.find('/', 4)) + "/999999999";
}

// In its line, where the envelope and the body are read in one pass, an entry means the same.
void check_one_pass(ledger::Entry entry) {
  if (!ledger::has_origin_form(entry.origin)) entry.origin = "ehr/10-20-0-5";
  auto twice = ledger::chain_start(entry.origin), once = twice;
  entry.prev = twice.prev;
  const std::string line = ledger::encode_entry(entry);
  const auto followed = ledger::follow_chain(twice, line);
  const auto judged = ledger::follow_and_judge(once, line);
  INFO(line);
  REQUIRE(followed.ok() == judged.ok());
  if (!judged) return;
  const auto judgement = ledger::judge_entry(*followed);
  CHECK(judged->entry.body == followed->body);
  CHECK(judged->judgement.meaning == judgement.meaning);
  CHECK(judged->judgement.reason == judgement.reason);
  CHECK(once.prev == twice.prev);
}

// Whether a refusal has one of the reasons that no schema can have.
bool has_words(const std::string& reason, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](const char* word) { return reason.find(word) != std::string::npos; });
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
  for (const std::string type :
       {"bundle.issued", "bundle.received", "bundle.delivered", "refusals", "peer-checkpoint",
        "origin.retired", "consent.granted", "consent.revoked", "break-glass.used", "break-glass.reviewed",
        "key.rotated", "key.revoked", "federation.adopted"}) {
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
      // Where an origin.retired stands is not for a schema of its body: here it stands where it should.
      entry.origin = origin_after(body);
      compare(ledger::judge_entry(entry).meaning == ledger::Meaning::kEffective, check.accepts(body), body,
              verdicts);
      check_one_pass(entry);
    }
    INFO(type);
    CHECK(verdicts.accepted > kRounds / 50);
    CHECK(verdicts.refused > kRounds / 10);
  }
}

// Inside the notes, and how their sizes go with prefix_root, only the reader looks.
TEST_CASE("equivocation: what the reader accepts the schema accepts, and the rest is about the notes") {
  const SchemaCheck check(test_support::read_schema("entry-equivocation"));
  std::mt19937 random(4);
  int accepted = 0, refused_by_both = 0;
  const auto examples = test_support::schema_examples("valid", "entry-equivocation");
  for (int round = 0; round < kRounds; ++round) {
    ledger::Entry entry;
    entry.type = ledger::entry_type::kEquivocation;
    // Damage may tear the dash of a signature line, which is no longer a text then.
    const json damaged = mutated(examples[random() % examples.size()], random);
    entry.body = ledger::canonicalize(damaged.dump(-1, ' ', false, json::error_handler_t::replace)).value();
    check_one_pass(entry);
    const auto judgement = ledger::judge_entry(entry);
    const bool schema = check.accepts(json::parse(entry.body));
    INFO(entry.body << "\n" << judgement.reason);
    if (judgement.meaning == ledger::Meaning::kEffective) {
      CHECK(schema);
      ++accepted;
    } else if (!schema) {
      ++refused_by_both;
    } else {
      CHECK(has_words(judgement.reason, {"note", "checkpoint: ", "belong where the sizes differ"}));
    }
  }
  CHECK(accepted > kRounds / 50);
  CHECK(refused_by_both > kRounds / 10);
}

// What was signed, and that the hash is the motion's, only the reader sees.
TEST_CASE("votes: what the reader accepts the schema accepts, and the rest is about hash and signature") {
  const SchemaCheck check(test_support::read_schema("entry-vote"));
  std::mt19937 random(5);
  int refused_by_both = 0, only_reader = 0;
  const auto examples = test_support::schema_examples("valid", "entry-vote");
  for (int round = 0; round < kRounds; ++round) {
    ledger::Entry entry;
    entry.type = ledger::entry_type::kVote;
    entry.origin = "ehr/10-20-0-5";
    entry.body = ledger::canonical_json(mutated(examples[random() % examples.size()], random));
    check_one_pass(entry);
    const json body = json::parse(entry.body);
    const auto judgement = ledger::judge_entry(entry);
    const bool schema = check.accepts(body);
    INFO(entry.body << "\n" << judgement.reason);
    if (judgement.meaning == ledger::Meaning::kEffective) {
      CHECK(schema);
    } else if (!schema) {
      ++refused_by_both;
    } else if (!only_beyond_regular_expressions(body)) {
      CHECK(has_words(judgement.reason, {"the motion it repeats", "is not the key's"}));
      ++only_reader;
    }
  }
  CHECK(only_reader > kRounds / 50);
  CHECK(refused_by_both > kRounds / 10);
  for (const json& example : examples) {
    ledger::Entry entry;
    entry.type = ledger::entry_type::kVote;
    entry.origin = "ehr/10-20-0-5";
    entry.body = ledger::canonical_json(example);
    CHECK(ledger::judge_entry(entry).meaning == ledger::Meaning::kEffective);
    entry.origin = "ehr/10-20-0-6";  // the same vote in another's log
    CHECK(ledger::judge_entry(entry).meaning == ledger::Meaning::kVoid);
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
      const bool beyond_schema =
          only_beyond_regular_expressions(document) ||
          has_words(reason, {"twice", "another member's", "is not after from", "note key", "somebody else's",
                             "age1 recipient", "more than half of the admins", "version 1, or is missing",
                             "lacks prev", "not shown as they are"});
      CHECK(beyond_schema);
    }
  }
  CHECK(accepted > kRounds / 20);
  CHECK(refused_by_both > kRounds / 10);
}
