#include "tests/unit/edge_fhir/sample_document.h"

#include <catch2/catch.hpp>

#include "agent/core/fhir/json_tree.h"
#include "tests/support/shared_data.h"

namespace test_support {

using namespace edge::fhir;

Prepared prepared(std::string_view json, std::string_view hint) {
  auto result = prepare(json, hint);
  INFO((result ? std::string() : result.error().reason));
  REQUIRE(result.ok());
  return *result;
}

AssembleInput golden_patient(const std::string& name) {
  auto bundle = parse_tree(read_file(source_root() / "tests/golden/fhir" / (name + ".json")), {});
  REQUIRE(bundle.ok());
  AssembleInput input;
  for (const Node& entry : bundle->find("entry")->items) {
    Prepared resource = prepared(to_text(*entry.find("resource")), entry.string_at("fullUrl"));
    if (resource.kind == "Patient")
      input.patient = resource;
    else if (resource.patient_key.empty())
      input.linked.push_back(resource);
    else
      input.resources.push_back(resource);
  }
  input.hospital_name = "Hospital \"A\" & B";
  input.software_version = "1.2.3";
  input.agent_address = "127.0.10.1";
  input.bundle_uuid = "b0000000-0000-4000-8000-000000000001";
  input.composition_uuid = "b0000000-0000-4000-8000-000000000002";
  input.organization_uuid = "b0000000-0000-4000-8000-000000000003";
  input.device_uuid = "b0000000-0000-4000-8000-000000000004";
  input.now = *ledger::parse_time("2026-11-22T08:00:00.000Z");
  return input;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  std::size_t at = text.find(from);
  INFO("looking for " << from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace test_support
