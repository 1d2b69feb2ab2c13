// The generator's promises: same seed, same bytes; valid; varied; any size.
#include <catch2/catch.hpp>
#include <set>

#include "deploy/sample/patient_generator.h"
#include "ledger-client/core/sha256.h"
#include "tests/unit/edge_his/his_fixture.h"

using namespace his_test;
using sample::generate_patient;

TEST_CASE("a seed gives the same bytes on every machine") {
  std::string all;
  for (std::uint64_t index = 0; index < 24; ++index) all += as_bundle(generate_patient({1, index, 0}));
  // Changes when the generator is changed on purpose, and then only then.
  CHECK(ledger::to_hex(ledger::sha256(all)) ==
        "5d961584a679fb5729f8c1662b1249f8330d65e90c3b3dce37a05a2542581637");
  CHECK(as_bundle(generate_patient({1, 3, 0})) != as_bundle(generate_patient({2, 3, 0})));
}

TEST_CASE("sample patients are valid FHIR and can all be found") {
  Hospital hospital;
  std::set<std::string> kinds;
  std::size_t sections = 0, infants = 0, deceased = 0, nameless = 0;
  for (std::uint64_t index = 0; index < 48; ++index) {
    const auto patient = generate_patient({77, index, 0});
    CAPTURE(index);
    const bool ndjson = index % 5 == 0;
    const Imported imported = hospital.import_text(std::to_string(index) + ".json",
                                                   ndjson ? as_ndjson(patient) : as_bundle(patient));
    CHECK(told(imported) == "");
    CHECK(found(hospital.store, patient.identifier_system,
                patient.identifier_value.empty() ? patient.id : patient.identifier_value) ==
          "Patient/" + patient.id);
    CHECK(found(hospital.store, "", patient.id) == "Patient/" + patient.id);
    for (const auto& entry : patient.entries) kinds.insert(entry.request_url);
    std::set<edge::fhir::Section> filled;
    for (const auto& resource : hospital.sections_of("Patient/" + patient.id))
      if (resource.section != edge::fhir::Section::kNone) filled.insert(resource.section);
    sections = std::max(sections, filled.size());
    infants += patient.infant ? 1 : 0;
    deceased += patient.deceased ? 1 : 0;
    nameless += patient.identifier_value.empty() ? 1 : 0;
  }
  CHECK(kinds.size() >= 18);
  CHECK(sections >= 9);
  CHECK(infants == 4);
  CHECK(deceased == 4);
  CHECK(nameless == 2);
}

TEST_CASE("a record has the size that was asked for") {
  for (const std::size_t bytes :
       {std::size_t{1}, std::size_t{10'000}, std::size_t{1'000'000}, std::size_t{4'000'000}}) {
    CAPTURE(bytes);
    const std::size_t size = as_bundle(generate_patient({9, 0, bytes})).size();
    CHECK(size > bytes);
    CHECK(size < bytes + 20'000);
  }
}
