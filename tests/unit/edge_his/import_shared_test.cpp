// Records of other people's making, used in place.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/shared_data.h"
#include "tests/unit/edge_his/his_fixture.h"

using namespace his_test;
using test_support::shared_data;

TEST_CASE("all Synthea patients are imported, nothing rejected") {
  const auto synthea = shared_data("data/synthea");
  if (!synthea) return;
  Hospital hospital;
  const Imported imported = hospital.import({*synthea});
  CHECK(told(imported) == "");
  CHECK(imported.progress.stored > 6000);
  const auto patients = hospital.store.list("", 100);
  CHECK(patients.size() == imported.progress.files);
  for (const auto& patient : patients) {
    CAPTURE(patient.key);
    CHECK_FALSE(patient.name.empty());
    CHECK_FALSE(patient.birth_date.empty());
    REQUIRE_FALSE(patient.identifiers.empty());
    for (const auto& identifier : patient.identifiers) {
      CHECK(found(hospital.store, identifier.system, identifier.value) == patient.key);
      CHECK(found(hospital.store, "", identifier.value) == patient.key);
    }
    CHECK(hospital.all_of(patient.key).size() == patient.resources);
    CHECK(hospital.sections_of(patient.key).size() > 1);
  }
  const std::string before = fingerprint(hospital.database);
  CHECK(hospital.import({*synthea}).progress.unchanged_files == imported.progress.files);
  CHECK(fingerprint(hospital.database) == before);
}

TEST_CASE("example documents are imported with their patient, however they write references") {
  const auto examples = shared_data("data/ips-examples");
  if (!examples) return;
  for (const auto& file : std::filesystem::directory_iterator(*examples)) {
    if (!file.is_regular_file()) continue;
    CAPTURE(file.path().filename().string());
    Hospital hospital;
    const Imported imported = hospital.import({file.path()});
    CHECK(told(imported) == "");
    const auto patients = hospital.store.list("", 10);
    REQUIRE(patients.size() == 1);
    // Whatever the document says about its subject is attached to the patient.
    const auto document = nlohmann::json::parse(test_support::read_file(file.path()));
    std::size_t about = 0;
    for (const auto& entry : document["entry"]) {
      const auto& resource = entry["resource"];
      about += resource.contains("subject") || resource.contains("patient") ||
                       resource["resourceType"] == "Patient"
                   ? 1
                   : 0;
    }
    CHECK(hospital.all_of(patients[0].key).size() >= about);
  }
}

TEST_CASE("documents that are wrong in the field are imported or rejected with a reason") {
  const auto examples = shared_data("data/ips-examples/invalid-realworld");
  if (!examples) return;
  for (const auto& file : std::filesystem::directory_iterator(*examples)) {
    CAPTURE(file.path().filename().string());
    Hospital hospital;
    const Imported imported = hospital.import({file.path()});
    for (const auto& rejected : imported.rejected) CHECK_FALSE(rejected.reason.empty());
    CHECK(imported.progress.stored + imported.progress.rejected > 0);
  }
}
