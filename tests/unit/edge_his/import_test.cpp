#include <algorithm>
#include <catch2/catch.hpp>

#include "deploy/sample/patient_generator.h"
#include "tests/unit/edge_his/his_fixture.h"

using namespace his_test;
using edge::fhir::Prepared;
namespace fs = std::filesystem;

namespace {

const std::string kPatient =
    R"({"resourceType":"Patient","id":"p1","identifier":[{"system":"s","value":"v"}],"name":[{"family":"F"}],"birthDate":"1980"})";

std::string observation(const std::string& id, const std::string& subject,
                        const std::string& value = "1.50") {
  return R"({"resourceType":"Observation","id":")" + id +
         R"(","status":"final","code":{"text":"c"},"effectiveDateTime":"2020-01-01","subject":{"reference":")" +
         subject + R"("},"valueQuantity":{"value":)" + value + "}}";
}

std::string bundle(const std::vector<std::string>& entries, const std::string& type = "collection") {
  std::string out = R"({"resourceType":"Bundle","type":")" + type + R"(","entry":[)";
  for (const std::string& entry : entries) out += (&entry == &entries.front() ? "" : ",") + entry;
  return out + "]}";
}

std::string entry(const std::string& url, const std::string& resource) {
  return R"({"fullUrl":")" + url + R"(","resource":)" + resource + "}";
}

}  // namespace

TEST_CASE("every way to write the same resources gives the same store") {
  const std::string one = observation("o1", "Patient/p1"), two = observation("o2", "Patient/p1");
  const std::vector<std::string> entries = {
      entry("https://x.example/Patient/p1", kPatient), R"({"resource":)" + one + "}",
      R"({"request":{"method":"POST","url":"Observation"},"resource":)" + two + "}"};
  const std::string lines = kPatient + "\n" + one + "\n\n" + two;
  std::string backwards = bundle(entries);
  backwards = R"({"entry":[)" + entries[2] + "," + entries[1] + ", " + entries[0] +
              R"(],"type":"batch","resourceType":"Bundle"})";
  const std::vector<std::pair<std::string, std::string>> files = {
      {"a.json", bundle(entries)},
      {"b.json.gz", gzip(bundle(entries, "transaction"))},
      {"c.json", backwards},
      {"d.ndjson", lines},
      {"e.ndjson.gz", gzip(lines + "\n")},
      {"f.json", "\xEF\xBB\xBF" + bundle(entries, "searchset")},
      {"g.ndjson", bundle({entries[0]}) + "\n" + bundle({entries[1], entries[2]})},
      {"h.json", bundle({entry("", bundle({entries[0], entries[1]})), entries[2]}, "batch-response")},
      {"looks-like-nothing", gzip(lines)},
      {"two-members.gz", gzip(kPatient + "\n" + one) + gzip("\n" + two)},
  };
  std::string expected;
  for (const auto& [name, content] : files) {
    CAPTURE(name);
    Hospital hospital;
    const Imported imported = hospital.import_text(name, content);
    CHECK(told(imported) == "");
    CHECK(imported.progress.stored == 3);
    CHECK(imported.progress.files == 1);
    CHECK(imported.progress.bytes == imported.progress.total_bytes);
    if (expected.empty()) expected = fingerprint(hospital.database);
    CHECK(fingerprint(hospital.database) == expected);
    CHECK(hospital.all_of("Patient/p1").size() == 3);
  }
}

TEST_CASE("the source keeps its decimals") {
  Hospital hospital;
  hospital.import_text("a.ndjson", kPatient + "\n" + observation("o1", "Patient/p1", "1.50"));
  CHECK(hospital.all_of("Patient/p1").at(1).source.find("\"value\":1.50}") != std::string::npos);
}

TEST_CASE("directories are read recursively in name order, other files left alone") {
  Hospital hospital;
  hospital.file("in/b/2.json", observation("o1", "Patient/p1", "2"));
  hospital.file("in/a/1.ndjson", observation("o1", "Patient/p1", "1"));
  hospital.file("in/c.json.gz", gzip(kPatient));
  hospital.file("in/README.md", "# not ours");
  hospital.file("in/.hidden.json", "{");
  const Imported imported = hospital.import({hospital.dir / "in"});
  CHECK(told(imported) == "");
  CHECK(imported.progress.files == 3);
  CHECK(hospital.all_of("Patient/p1").at(1).source.find("\"value\":2}") != std::string::npos);
}

TEST_CASE("the second import of the same files changes nothing") {
  Hospital hospital;
  for (std::uint64_t index = 0; index < 6; ++index) {
    const auto patient = sample::generate_patient({11, index, 20'000});
    hospital.file("in/" + std::to_string(index) + ".json", as_bundle(patient));
  }
  const Imported first = hospital.import({hospital.dir / "in"});
  REQUIRE(told(first) == "");
  REQUIRE(first.progress.stored > 50);
  const std::string before = fingerprint(hospital.database);
  const Imported second = hospital.import({hospital.dir / "in"});
  CHECK(second.progress.unchanged_files == 6);
  CHECK(second.progress.stored == 0);
  CHECK(second.progress.bytes == second.progress.total_bytes);

  // Read again under another name, every resource is found unchanged.
  fs::rename(hospital.dir / "in", hospital.dir / "moved");
  const Imported moved = hospital.import({hospital.dir / "moved"});
  CHECK(moved.progress.unchanged_files == 0);
  CHECK(moved.progress.stored == 0);
  CHECK(moved.progress.unchanged >= first.progress.stored);
  CHECK(fingerprint(hospital.database) == before);
}

TEST_CASE("a changed file is read again and its resources replace the old ones") {
  Hospital hospital;
  hospital.import_text("a.ndjson", kPatient + "\n" + observation("o1", "Patient/p1", "1"));
  const Imported changed =
      hospital.import_text("a.ndjson", kPatient + "\n" + observation("o1", "Patient/p1", "2"));
  CHECK(changed.progress.stored == 1);
  CHECK(changed.progress.unchanged == 1);
  CHECK(hospital.all_of("Patient/p1").at(1).source.find("\"value\":2}") != std::string::npos);
}

TEST_CASE("the order of files does not matter") {
  std::vector<std::string> texts;
  for (std::uint64_t index = 0; index < 4; ++index)
    texts.push_back(as_ndjson(sample::generate_patient({5, index, 15'000})));
  std::string expected;
  for (const bool reversed : {false, true}) {
    Hospital hospital;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      std::string lines = texts[i];
      if (reversed) {  // the patient last
        const std::size_t end = lines.find('\n') + 1;
        lines = lines.substr(end) + lines.substr(0, end);
      }
      hospital.file("in/" + std::to_string(reversed ? 9 - i : i) + ".ndjson", lines);
    }
    CHECK(told(hospital.import({hospital.dir / "in"})) == "");
    if (expected.empty()) expected = fingerprint(hospital.database);
    CHECK(fingerprint(hospital.database) == expected);
  }
}

TEST_CASE("urn:uuid and relative references lead to the same patient") {
  const std::string id = "0b4c1f7e-52f0-4cf6-9d8a-5d2f6a1f0001";
  const std::string patient =
      R"({"resourceType":"Patient","id":")" + id + R"(","name":[{"family":"F"}],"birthDate":"1980"})";
  Hospital hospital;
  hospital.import_text(
      "a.json", bundle({entry("urn:uuid:" + id, patient), entry("", observation("o1", "urn:uuid:" + id))}));
  hospital.import_text("b.ndjson", observation("o2", "Patient/" + id) +
                                       observation("o3", "https://x.example/fhir/Patient/" + id));
  CHECK(hospital.all_of("Patient/" + id).size() == 4);
}

TEST_CASE("fullUrls that say something else than the id hold within their Bundle") {
  const std::string url = "urn:uuid:0b4c1f7e-52f0-4cf6-9d8a-5d2f6a1f0002";
  const std::string odd = "urn:oid:1.2.3";
  std::string p2 = kPatient;
  p2.replace(p2.find("\"p1\""), 4, "\"p2\"");
  Hospital hospital;
  const Imported imported = hospital.import_text(
      "a.ndjson", bundle({entry("urn:uuid:0b4c1f7e-52f0-4cf6-9d8a-5d2f6a1f0003", observation("o1", url)),
                          entry(url, kPatient), entry("", observation("o2", odd))}) +
                      "\n" + bundle({entry(url, p2), entry("", observation("o3", url))}));
  CHECK(told(imported).find("o3") == std::string::npos);
  CHECK(hospital.all_of("Patient/p1").size() == 2);
  CHECK(hospital.all_of("Patient/p2").size() == 2);
}

TEST_CASE("entries without an id take it from their fullUrl") {
  const std::string id = "0b4c1f7e-52f0-4cf6-9d8a-5d2f6a1f0004";
  Hospital hospital;
  const Imported imported = hospital.import_text(
      "a.json", bundle({entry("urn:uuid:" + id,
                              R"({"resourceType":"Patient","name":[{"family":"F"}],"birthDate":"1980"})"),
                        entry("", observation("o1", "urn:uuid:" + id))}));
  CHECK(told(imported) == "");
  CHECK(hospital.all_of("Patient/" + id).size() == 2);
}

TEST_CASE("of a history the newest version is kept") {
  Hospital hospital;
  const std::string history = bundle(
      {entry("", kPatient), entry("", observation("o1", "Patient/p1", "3")),
       entry("", observation("o1", "Patient/p1", "2")), entry("", observation("o1", "Patient/p1", "1"))},
      "history");
  CHECK(hospital.import_text("h.json", history).progress.stored == 2);
  CHECK(hospital.all_of("Patient/p1").at(1).source.find("\"value\":3}") != std::string::npos);
}

TEST_CASE("a resource that is not valid is rejected alone, with its place and without its values") {
  Hospital hospital;
  std::string bad = observation("o2", "Patient/p1");
  bad.replace(bad.find("\"final\""), 7, "\"PLANTED-STATUS\"");
  const Imported in_bundle = hospital.import_text(
      "a.json",
      bundle({entry("", kPatient), entry("", bad), entry("", observation("o1", "Patient/p1")),
              R"({"resource":"PLANTED"})", R"({"request":{"method":"DELETE","url":"Patient/PLANTED"}})"}));
  CHECK(in_bundle.progress.stored == 2);
  CHECK(in_bundle.progress.rejected == 3);
  REQUIRE(in_bundle.rejected.size() == 3);
  CHECK(in_bundle.rejected[0].place == (hospital.dir / "a.json").string() + " entry[1]");
  CHECK(in_bundle.rejected[1].place == (hospital.dir / "a.json").string() + " entry[3]");
  CHECK(told(in_bundle).find("PLANTED") == std::string::npos);

  const Imported in_lines =
      hospital.import_text("b.ndjson", observation("o3", "Patient/p1") + "\n" + bad + "\n" + R"({"id":"x"})");
  CHECK(in_lines.progress.stored == 1);
  REQUIRE(in_lines.rejected.size() == 2);
  CHECK(in_lines.rejected[0].place == (hospital.dir / "b.ndjson").string() + ":2");
  CHECK(in_lines.rejected[1].place == (hospital.dir / "b.ndjson").string() + ":3");
  CHECK(told(in_lines).find("PLANTED") == std::string::npos);

  // Its reasons are told again, and nothing changes.
  const Imported again = hospital.import({hospital.dir / "b.ndjson"});
  CHECK(again.rejected.size() == 2);
  CHECK(again.progress.stored == 0);
}

TEST_CASE("a resource larger than the limit is rejected alone") {
  Hospital hospital;
  const std::string large =
      R"({"resourceType":"Basic","id":"b","code":{"text":")" + std::string(200'000, 'x') + R"("}})";
  std::vector<edge::his::Rejected> rejected;
  edge::his::ImportOptions options;
  options.prepare.max_bytes = 50'000;
  const auto file = hospital.file("a.json", bundle({entry("", large), entry("", kPatient)}));
  const auto lines = hospital.file("b.ndjson", large + "\n" + observation("o1", "Patient/p1"));
  const auto progress = import_files(
      hospital.store, {file, lines}, {}, [&](const auto& what) { rejected.push_back(what); }, options);
  CHECK(progress.stored == 2);
  REQUIRE(rejected.size() == 2);
  CHECK(rejected[0].place.ends_with("a.json entry[0]"));
  CHECK(rejected[1].place.ends_with("b.ndjson:1"));
}

TEST_CASE("progress never goes back and ends at the total") {
  Hospital hospital;
  for (std::uint64_t index = 0; index < 3; ++index)
    hospital.file("in/" + std::to_string(index) + ".json",
                  as_bundle(sample::generate_patient({3, index, 1'500'000})));
  std::uint64_t last = 0, reports = 0;
  bool monotonous = true;
  const auto progress = import_files(hospital.store, {hospital.dir / "in"},
                                     [&](const edge::his::ImportProgress& now) {
                                       monotonous =
                                           monotonous && now.bytes >= last && now.bytes <= now.total_bytes;
                                       last = now.bytes;
                                       ++reports;
                                     },
                                     {});
  CHECK(monotonous);
  CHECK(last == progress.total_bytes);
  CHECK(reports >= 7);
}
