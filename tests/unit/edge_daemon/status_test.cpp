// What an agent says about itself is what the schemas and their examples say.
#include "agent/daemon/status.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/message_examples.h"
#include "tests/support/shared_data.h"
#include "tests/unit/ledger_core/schema_support.h"

using namespace edge;
using nlohmann::json;

namespace {

// The text against its schema and, but for the version, against the example.
void check(const std::string& schema, const std::string& name, const std::string& text) {
  INFO(schema << ": " << text);
  json document = json::parse(text);
  CHECK(test_support::SchemaCheck(test_support::read_schema(schema)).accepts(document));
  const auto file = test_support::source_root() / "schemas/examples/valid" / schema / (name + ".json");
  json example = json::parse(test_support::read_file(file));
  for (json* one : {&document, &example}) one->erase("version");
  CHECK(document == example);
}

}  // namespace

TEST_CASE("status and its Will fit the schema") {
  StatusFacts facts{"ready", 7, "2026-11-22T08:00:00.000Z", {"ehr/10-20-0-5", 3, {}}, 1, 2, 3};
  facts.checkpoint.root.fill(0xab);
  check("status", "ready", status_json(facts));
  check("status", "will", will_json(7));
}

TEST_CASE("metrics fit the schema") {
  Counters counters;
  std::uint64_t value = 0;
  for (auto* counter : {&counters.requests_received, &counters.requests_dropped, &counters.requests_refused,
                        &counters.bundles_issued, &counters.bundles_delivered, &counters.bundles_received,
                        &counters.chunks_sent, &counters.chunks_received, &counters.chunks_rejected,
                        &counters.transfers_failed})
    *counter = ++value;
  mqtt_transport::Connection::Counters transport;
  transport.received = 11;
  transport.published = 12;
  transport.refused = 13;
  transport.reconnects = 14;
  check("metrics", "example", metrics_json(counters, transport));
}

TEST_CASE("the descriptor fits the schema") {
  const auto agents = test_support::make_two_agents();
  const Config config;
  const CurrentFederation federation(std::make_shared<const ledger::Federation>(agents.federation));
  const Context context{&config,
                        &federation,
                        agents.a.identity(),
                        {},
                        nullptr,
                        nullptr,
                        nullptr,
                        nullptr,
                        [] { return *ledger::parse_time("2026-11-22T08:00:00.000Z"); },
                        [](std::span<std::uint8_t> bytes) { std::fill(bytes.begin(), bytes.end(), 9); }};
  const json payload = json::parse(test_support::payload_of(descriptor_jws(context, "Hospital A")));
  json example = payload;
  example["id"] = "0193a5d0-7c00-7abc-8def-0123456789ab";
  check("descriptor", "example", example.dump());
  CHECK(test_support::SchemaCheck(test_support::read_schema("descriptor")).accepts(payload));
}
