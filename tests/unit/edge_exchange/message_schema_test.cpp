// Messages and their schemas: the encoders write the examples, and readers and schemas give the same verdict
// on damaged copies of them.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "agent/core/reply.h"
#include "agent/core/request.h"
#include "ledger-client/core/canonical_json.h"
#include "tests/support/message_examples.h"
#include "tests/support/shared_data.h"
#include "tests/unit/ledger_core/json_damage.h"
#include "tests/unit/ledger_core/schema_support.h"

using namespace edge;
using nlohmann::json;
using test_support::SchemaCheck;

namespace {

constexpr int kRounds = 1500;

// What a reader says about the form of a payload; `reason` of a refusal tells form from meaning.
struct Verdict {
  bool accepted = false;
  std::string reason;
};
template <class T>
Verdict verdict(const ledger::Result<T>& result) {
  return result ? Verdict{true, {}} : Verdict{false, result.error().reason};
}

Verdict read_request(const std::string& payload, const test_support::TwoAgents& agents) {
  const auto b = agents.b.identity();
  const std::string jws = sign_jws(*b.signer, b.kid, message_type::kRequest, payload);
  const auto outcome =
      verify_request(jws, {agents.b.address, "0193a5d0-7c1e-7abc-8def-0123456789ab", ""}, agents.federation,
                     {agents.a.address}, *ledger::parse_time("2026-11-22T08:00:00.000Z"));
  if (const auto* refused = std::get_if<RefusedRequest>(&outcome)) return {false, refused->refusal.reason};
  if (const auto* dropped = std::get_if<Dropped>(&outcome)) return {false, dropped->reason};
  return {true, {}};
}

// The schema also says what only acceptance checks: which encodings and sizes there are.
Verdict read_manifest(const std::string& payload, const test_support::TwoAgents& agents) {
  auto manifest = parse_manifest(payload);
  if (!manifest) return verdict(manifest);
  const ManifestExpectation expected{agents.federation.find(agents.a.address),
                                     agents.b.address,
                                     manifest->envelope.id,
                                     manifest->request_sha256,
                                     "TREAT",
                                     manifest->anchor.has_value(),
                                     0,
                                     {},
                                     std::uint64_t{1} << 60U};
  manifest->envelope.from = agents.a.address;
  manifest->envelope.to = agents.b.address;
  const auto accepted = accept_manifest(std::move(*manifest), expected);
  if (accepted) return {true, {}};
  for (const auto* form : {"unknown encoding", "another chunk size", "no ciphertext", "anchor or salt"}) {
    if (accepted.error().reason.find(form) != std::string::npos) return verdict(accepted);
  }
  return {true, {}};
}

Verdict read(const std::string& schema, const std::string& payload, const test_support::TwoAgents& agents) {
  if (schema == "request") return read_request(payload, agents);
  if (schema == "manifest") return read_manifest(payload, agents);
  if (schema == "error") return verdict(parse_error(payload));
  if (schema == "ack") return verdict(parse_ack(payload));
  REQUIRE(schema == "receipt");
  return verdict(parse_receipt(payload));
}

// Refusals of a request whose form is right: whom it is for, when, and of which federation.
bool about_meaning(const std::string& reason) {
  for (const auto* words : {"from differs", "addressed to somebody", "id differs", "expires before",
                            "lives longer", "issued in the future", "expired", "a newer federation version",
                            // At most `size`, which a schema can't say.
                            "params.old_size"}) {
    if (reason.find(words) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("the examples of messages are what the encoders write, and the schemas accept them") {
  const auto agents = test_support::make_two_agents();
  for (const auto& example : test_support::message_examples(agents)) {
    INFO(example.schema << "/" << example.name);
    const auto file =
        test_support::source_root() / "schemas/examples/valid" / example.schema / (example.name + ".json");
    const json payload = json::parse(test_support::payload_of(example.jws));
    CHECK(json::parse(test_support::read_file(file)) == payload);
    CHECK(SchemaCheck(test_support::read_schema(example.schema)).accepts(payload));
    CHECK(read(example.schema, payload.dump(), agents).accepted);
  }
}

TEST_CASE("every refusal that can be sent fits the schema") {
  const auto agents = test_support::make_two_agents();
  const SchemaCheck check(test_support::read_schema("error"));
  for (const Code code :
       {Code::kNotAvailable, Code::kNotAMember, Code::kExpired, Code::kReplayed, Code::kBusy, Code::kTooLarge,
        Code::kMalformed, Code::kUnsupported, Code::kFailed}) {
    const Envelope envelope{
        "0193a5d0-7c1e-7abc-8def-0123456789ab", agents.a.address, agents.b.address, 1, {}};
    const auto jws = sign_error({envelope, {}, code}, agents.a.identity());
    CHECK(check.accepts(json::parse(test_support::payload_of(jws))));
  }
}

TEST_CASE("messages: reader and schema agree on damaged payloads") {
  const auto agents = test_support::make_two_agents();
  for (const std::string schema : {"request", "manifest", "error", "ack", "receipt"}) {
    const SchemaCheck check(test_support::read_schema(schema));
    const auto examples = test_support::schema_examples("valid", schema);
    std::mt19937 random(4);
    int accepted = 0, refused = 0;
    for (int round = 0; round < kRounds; ++round) {
      const json& example = examples[random() % examples.size()];
      json document = json::parse(ledger::canonical_json(test_support::mutated(example, random)));
      const Verdict reader = read(schema, document.dump(), agents);
      // The OperationOutcome is for other tools; the reader goes by the code alone.
      if (document.is_object() && document.contains("outcome")) document["outcome"] = example["outcome"];
      INFO(schema << ": " << document.dump() << ": " << reader.reason);
      const bool form = check.accepts(document);
      if (reader.accepted) CHECK(form);
      if (form && !about_meaning(reader.reason) && !test_support::only_beyond_regular_expressions(document))
        CHECK(reader.accepted);
      ++(reader.accepted ? accepted : refused);
    }
    INFO(schema);
    CHECK(accepted > kRounds / 50);
    CHECK(refused > kRounds / 10);
  }
}
