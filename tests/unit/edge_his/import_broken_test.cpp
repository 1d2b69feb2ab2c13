// Files that can't be used as a whole: nothing of them is kept, the rest goes on, the operator reads where
// and why.
#include <catch2/catch.hpp>

#include "deploy/sample/patient_generator.h"
#include "tests/unit/edge_his/his_fixture.h"

using namespace his_test;

namespace {

std::string sample_bundle() {
  return as_bundle(sample::generate_patient({21, 0, 60'000}));
}

// Imports it between two good files; it must be rejected as a whole.
void check_broken(const std::string& content, const std::string& reason) {
  Hospital hospital;
  const auto good = hospital.file("1.json", as_bundle(sample::generate_patient({22, 0, 5'000})));
  hospital.import({good});
  const std::string before = fingerprint(hospital.database);
  const auto file = hospital.file("2.json", content);
  const Imported alone = hospital.import({file});
  REQUIRE(alone.rejected.size() == 1);
  CHECK(alone.rejected[0].place == file.string());
  CHECK(alone.rejected[0].reason.find(reason) != std::string::npos);
  CHECK(alone.progress.stored == 0);
  CHECK(alone.progress.rejected == 1);
  CHECK(fingerprint(hospital.database) == before);

  const auto next = hospital.file("3.json", as_bundle(sample::generate_patient({22, 1, 5'000})));
  const Imported both = hospital.import({file, next});
  CHECK(both.rejected.size() == 1);
  CHECK(both.progress.stored > 0);
}

}  // namespace

TEST_CASE("a file cut anywhere is rejected as a whole") {
  const std::string whole = sample_bundle();
  for (const std::size_t size :
       {std::size_t{1}, whole.size() / 4, whole.size() / 2, whole.size() * 3 / 4, whole.rfind(']')}) {
    CAPTURE(size);
    check_broken(whole.substr(0, size), "ends in the middle");
  }
  const std::string packed = gzip(whole);
  for (const std::size_t size : {packed.size() / 2, packed.size() - 9, packed.size() - 1}) {
    CAPTURE(size);
    check_broken(packed.substr(0, size), "gzip stream is cut off");
  }
  std::string damaged = packed;
  damaged[packed.size() / 2] = static_cast<char>(damaged[packed.size() / 2] ^ 0x55);
  check_broken(damaged, "");
}

TEST_CASE("a cut NDJSON file leaves nothing, although its first lines are whole") {
  const std::string lines = as_ndjson(sample::generate_patient({23, 0, 20'000}));
  check_broken(lines.substr(0, lines.size() - 20), "ends in the middle");
}

TEST_CASE("what is not JSON, not objects, or nothing is rejected") {
  check_broken("", "nothing is in it");
  check_broken(" \n\n ", "nothing is in it");
  check_broken("MSH|^~\\&|LAB|", "not a FHIR resource");
  check_broken("[]", "not a FHIR resource");
  check_broken("<Patient xmlns=\"http://hl7.org/fhir\"/>", "not a FHIR resource");
  check_broken(std::string("{\0}", 3), "not JSON");
  check_broken(sample_bundle() + "]", "not a FHIR resource");
  check_broken("\xFF\xFE{\0}\0", "not a FHIR resource");
}

TEST_CASE("deep nesting and a member twice break the file, wherever they are") {
  std::string deep = sample_bundle();
  const std::string nest = R"(,"x":)" + std::string(500, '[') + std::string(500, ']');
  check_broken(deep.insert(deep.rfind("]}") + 1, nest), "too deep");
  std::string deep_resource = sample_bundle();
  check_broken(deep_resource.insert(deep_resource.find(R"("resourceType":"Patient")"), nest.substr(1) + ","),
               "too deep");
  check_broken(std::string(2'000'000, '['), "not a FHIR resource");
  check_broken(R"({"a":)" + std::string(2'000'000, '['), "too deep");

  std::string twice = sample_bundle();
  check_broken(twice.insert(twice.rfind("]}") + 1, R"(,"entry":[])"), "same member twice");
  std::string twice_inside = sample_bundle();
  check_broken(twice_inside.insert(twice_inside.rfind(R"("resourceType":)"), R"("resourceType":"Basic",)"),
               "same member twice");
}

TEST_CASE("files that can't be opened are told, the rest goes on") {
  Hospital hospital;
  const auto good = hospital.file("a.json", as_bundle(sample::generate_patient({24, 0, 5'000})));
  std::filesystem::create_directory(hospital.dir / "empty");
  const Imported imported =
      hospital.import({hospital.dir / "missing.json", good, hospital.dir / "empty", "/dev/null"});
  REQUIRE(imported.rejected.size() == 2);
  CHECK(imported.rejected[0].reason == "no such file");
  CHECK(imported.rejected[1].reason == "not a regular file");
  CHECK(imported.progress.stored > 0);
}

TEST_CASE("a rejection quotes nothing of the file") {
  const std::string planted = "PLANTED-NAME";
  for (const char* text :
       {R"({"resourceType":"PLANTED-NAME"})", R"({"PLANTED-NAME":1,"PLANTED-NAME":2})",
        R"({"a":"PLANTED-NAME)", R"({"resourceType":"Patient","id":"PLANTED-NAME/","gender":"PLANTED-NAME"})",
        R"({"resourceType":"Patient","birthDate":"PLANTED-NAME"})", R"(PLANTED-NAME)",
        R"({"resourceType":"Patient","id":"a","name":[{"family":["PLANTED-NAME"]}]})"}) {
    CAPTURE(text);
    Hospital hospital;
    const Imported imported = hospital.import_text("a.json", text);
    CHECK(imported.rejected.size() == 1);
    CHECK(told(imported).find(planted) == std::string::npos);
  }
}
