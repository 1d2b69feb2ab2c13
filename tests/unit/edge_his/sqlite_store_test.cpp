#include "agent/adapters/his/sqlite_store.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "agent/adapters/his/store_writer.h"
#include "tests/unit/edge_his/his_fixture.h"

using namespace his_test;
using edge::fhir::Prepared;
using edge::fhir::Section;

namespace {

Prepared patient(const std::string& id, std::vector<edge::fhir::Identifier> identifiers) {
  Prepared out;
  out.kind = "Patient";
  out.key = "Patient/" + id;
  out.full_url = "urn:uuid:" + id;
  out.patient_key = out.key;
  out.source = R"({"resourceType":"Patient","birthDate":"1990-01-02","name":[{"family":")" + id + R"("}]})";
  out.ips = "{ips}";
  out.ips_canonical = "{canonical}";
  out.identifiers = std::move(identifiers);
  return out;
}

Prepared observation(const std::string& id, const std::string& of, Section section, const std::string& code,
                     const std::string& date) {
  Prepared out;
  out.kind = "Observation";
  out.key = "Observation/" + id;
  out.full_url = "urn:uuid:" + id;
  out.patient_key = "Patient/" + of;
  out.source = "{\"source\":1.50}";
  out.ips = "{\"ips\":1.50}";
  out.ips_canonical = "{\"ips\":1.5}";
  out.section = section;
  out.code = code;
  out.date = date;
  out.narrative_row = "<tr><td>1.50</td></tr>";
  return out;
}

std::set<std::string> keys_of(const std::vector<Prepared>& resources) {
  std::set<std::string> keys;
  for (const Prepared& resource : resources) keys.insert(resource.key);
  return keys;
}

}  // namespace

TEST_CASE("a resource comes back as it was put") {
  Hospital hospital;
  Prepared full =
      observation("o1", "p1", Section::kResults, "http://loinc.org|718-7", "2020-01-01T00:00:00Z");
  full.references = {"urn:uuid:a", "urn:uuid:b"};
  full.notes = {"Observation.performer completed", "Observation.x dropped"};
  full.active = true;
  Prepared outside = observation("o2", "p1", Section::kNone, "", "");
  outside.ips = outside.ips_canonical = outside.narrative_row = "";
  outside.why_not = "not in a document";
  const std::vector<edge::fhir::Identifier> identifiers = {{"b", "2"}, {"a", "1"}, {"", "2"}};
  hospital.store.put({full, outside, patient("p1", identifiers)});

  const std::vector<Prepared> all = hospital.all_of("Patient/p1");
  REQUIRE(all.size() == 3);
  CHECK(all[0].key == "Patient/p1");
  REQUIRE(all[0].identifiers.size() == 3);
  CHECK(all[0].identifiers[0].system == "b");
  CHECK(all[0].identifiers[2].value == "2");
  const auto same = [](const Prepared& a, const Prepared& b) {
    return a.kind == b.kind && a.key == b.key && a.full_url == b.full_url && a.patient_key == b.patient_key &&
           a.source == b.source && a.ips == b.ips && a.ips_canonical == b.ips_canonical &&
           a.references == b.references && a.section == b.section && a.why_not == b.why_not &&
           a.date == b.date && a.code == b.code && a.active == b.active &&
           a.narrative_row == b.narrative_row && a.notes == b.notes;
  };
  CHECK(std::ranges::any_of(all, [&](const Prepared& resource) { return same(resource, full); }));
  CHECK(std::ranges::any_of(all, [&](const Prepared& resource) { return same(resource, outside); }));

  const std::vector<Prepared> fetched =
      hospital.store.fetch({"urn:uuid:o1", "urn:uuid:nobody", "urn:uuid:p1"});
  REQUIRE(fetched.size() == 2);
  CHECK(same(fetched[0], full));
  CHECK(fetched[1].identifiers.size() == 3);
}

TEST_CASE("patients are found by any identifier, by its value where that is unique, or by their id") {
  Hospital hospital;
  hospital.store.put({patient("p1", {{"mrn", "1"}, {"ssn", "shared"}, {"", "bare"}}),
                      patient("p2", {{"mrn", "2"}, {"visa", "shared"}}),
                      patient("p3", {{"mrn", "twice"}, {"ssn", "twice"}, {"mrn", "p1"}}),
                      patient("0000aaaa-0000-4000-8000-00000000000b", {})});
  auto& store = hospital.store;
  CHECK(found(store, "mrn", "1") == "Patient/p1");
  CHECK(found(store, "", "1") == "Patient/p1");
  CHECK(found(store, "ssn", "1") == "unknown");
  CHECK(found(store, "", "shared") == "ambiguous");
  CHECK(found(store, "ssn", "shared") == "Patient/p1");
  CHECK(found(store, "visa", "shared") == "Patient/p2");
  CHECK(found(store, "", "twice") == "Patient/p3");
  CHECK(found(store, "", "bare") == "Patient/p1");
  CHECK(found(store, "", "p2") == "Patient/p2");
  CHECK(found(store, "", "Patient/p2") == "Patient/p2");
  CHECK(found(store, "", "0000aaaa-0000-4000-8000-00000000000b") ==
        "Patient/0000aaaa-0000-4000-8000-00000000000b");
  CHECK(found(store, "", "urn:uuid:0000AAAA-0000-4000-8000-00000000000B") ==
        "Patient/0000aaaa-0000-4000-8000-00000000000b");
  CHECK(found(store, "", "p1") == "ambiguous");  // the id of one, an identifier of another
  CHECK(found(store, "mrn", "p1") == "Patient/p3");
  CHECK(found(store, "mrn", "") == "unknown");
  CHECK(found(store, "", "") == "unknown");
  CHECK(found(store, "", "%") == "unknown");
  CHECK(found(store, "", "' OR 1=1 --") == "unknown");

  // A peer is given a bundle, which carries identifiers and no id of ours.
  CHECK(found_by_peer(store, "mrn", "1") == "Patient/p1");
  CHECK(found_by_peer(store, "", "1") == "Patient/p1");
  CHECK(found_by_peer(store, "", "bare") == "Patient/p1");
  CHECK(found_by_peer(store, "", "shared") == "ambiguous");
  CHECK(found_by_peer(store, "", "twice") == "Patient/p3");
  CHECK(found_by_peer(store, "", "p1") == "Patient/p3");
  for (const std::string id : {"p2", "Patient/p2", "Patient/0000aaaa-0000-4000-8000-00000000000b",
                               "urn:uuid:0000aaaa-0000-4000-8000-00000000000b", ""})
    CHECK(found_by_peer(store, "", id) == "unknown");
}

TEST_CASE("a patient put again loses the identifiers they no longer have") {
  Hospital hospital;
  hospital.store.put({patient("p1", {{"mrn", "old"}})});
  Prepared changed = patient("p1", {{"mrn", "new"}});
  changed.source += " ";
  hospital.store.put({changed});
  CHECK(found(hospital.store, "", "old") == "unknown");
  CHECK(found(hospital.store, "", "new") == "Patient/p1");
}

TEST_CASE("resources wait for their patient") {
  Hospital hospital;
  hospital.store.put({observation("o1", "p1", Section::kResults, "c", "2020")});
  CHECK(found(hospital.store, "", "p1") == "unknown");
  CHECK(hospital.all_of("Patient/p1").empty());
  CHECK(hospital.store.list("", 10).empty());
  hospital.store.put({patient("p1", {})});
  CHECK(hospital.all_of("Patient/p1").size() == 2);
  CHECK(hospital.sections_of("Patient/p1").size() == 2);
}

TEST_CASE("where only the newest of a code matters, older ones stay at home") {
  Hospital hospital;
  std::vector<Prepared> resources = {patient("p1", {}), patient("p2", {})};
  for (const char* year : {"2019", "2021", "2020"}) {
    const std::string suffix = year;
    resources.push_back(observation("hb" + suffix, "p1", Section::kResults, "loinc|718-7", suffix));
    resources.push_back(observation("na" + suffix, "p1", Section::kResults, "loinc|2951-2", suffix));
    resources.push_back(observation("words" + suffix, "p1", Section::kResults, "", suffix));
    resources.push_back(observation("pulse" + suffix, "p1", Section::kVitalSigns, "loinc|718-7", suffix));
    resources.push_back(observation("problem" + suffix, "p1", Section::kProblems, "same", suffix));
  }
  resources.push_back(observation("undated", "p1", Section::kResults, "loinc|718-7", ""));
  resources.push_back(observation("other", "p2", Section::kResults, "loinc|718-7", "2025"));
  resources.push_back(observation("nowhere", "p1", Section::kNone, "loinc|718-7", "2025"));
  Prepared unfit = observation("unfit", "p1", Section::kResults, "loinc|718-7", "2025");
  unfit.ips.clear();
  resources.push_back(unfit);
  hospital.store.put(resources);

  const std::vector<Prepared> sections = hospital.sections_of("Patient/p1");
  CHECK(sections.front().key == "Patient/p1");
  CHECK(keys_of(sections) == std::set<std::string>{"Patient/p1", "Observation/hb2021", "Observation/na2021",
                                                   "Observation/words2019", "Observation/words2020",
                                                   "Observation/words2021", "Observation/pulse2021",
                                                   "Observation/problem2019", "Observation/problem2020",
                                                   "Observation/problem2021"});
  CHECK(sections.back().source.empty());
  CHECK(hospital.all_of("Patient/p1").size() == 19);

  // A hospital that wants them all.
  const edge::his::SqliteStore all_results(hospital.database, {{Section::kResults, false, 0, false}});
  std::size_t count = 0;
  const_cast<edge::his::SqliteStore&>(all_results).stream_sections("Patient/p1", [&](Prepared&&) {
    return ++count < 100;
  });
  CHECK(count == 1 + 10);
}

TEST_CASE("a stream stops when it is told to") {
  Hospital hospital;
  hospital.store.put({patient("p1", {}), observation("o1", "p1", Section::kResults, "a", ""),
                      observation("o2", "p1", Section::kResults, "b", "")});
  int taken = 0;
  hospital.store.stream("Patient/p1", [&](Prepared&&) { return ++taken < 2; });
  CHECK(taken == 2);
  hospital.store.stream_sections("Patient/p1", [&](Prepared&&) { return ++taken < 3; });
  CHECK(taken == 3);
  hospital.store.stream("Patient/nobody", [&](Prepared&&) { return ++taken < 9; });
  CHECK(taken == 3);
  // In the middle of a section; and the store goes on working.
  hospital.store.stream_sections("Patient/p1", [&](Prepared&&) { return ++taken < 5; });
  CHECK(taken == 5);
  hospital.store.put({observation("o3", "p1", Section::kResults, "c", "")});
  CHECK(hospital.sections_of("Patient/p1").size() == 4);
}

TEST_CASE("two resources can't have one full_url, and a refused put leaves nothing") {
  Hospital hospital;
  Prepared twin = observation("same", "p1", Section::kResults, "a", "");
  twin.key = "Condition/same";
  CHECK_THROWS_AS(
      hospital.store.put({patient("p1", {}), observation("same", "p1", Section::kResults, "a", ""), twin}),
      edge::Unavailable);
  CHECK(hospital.store.list("", 10).empty());
}

TEST_CASE("patients are listed in pages") {
  Hospital hospital;
  std::vector<Prepared> patients;
  for (char c = 'a'; c <= 'e'; ++c)
    patients.push_back(patient(std::string(1, c), {{"mrn", std::string(1, c)}}));
  patients.push_back(observation("o1", "b", Section::kResults, "a", ""));
  hospital.store.put(patients);
  const auto first = hospital.store.list("", 2);
  REQUIRE(first.size() == 2);
  CHECK(first[1].key == "Patient/b");
  CHECK(first[1].name == "b");
  CHECK(first[1].birth_date == "1990-01-02");
  CHECK(first[1].resources == 2);
  CHECK(first[1].identifiers.at(0).value == "b");
  const auto rest = hospital.store.list(first[1].key, 10);
  REQUIRE(rest.size() == 3);
  CHECK(rest[0].key == "Patient/c");
}

TEST_CASE("readers see a committed state while somebody writes") {
  Hospital hospital;
  hospital.store.put({patient("p1", {}), observation("a", "p1", Section::kResults, "a", "")});
  std::jthread writer([&](const std::stop_token& stop) {
    for (int round = 0; !stop.stop_requested(); ++round) {
      Prepared a = observation("a", "p1", Section::kResults, "a", "");
      Prepared b = observation("b", "p1", Section::kResults, "b", "");
      a.source = b.source = std::to_string(round);
      hospital.store.put({a, b});
    }
  });
  std::vector<std::jthread> readers;
  std::atomic<int> torn = 0;
  for (int reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&] {
      for (int round = 0; round < 100; ++round) {
        const std::vector<Prepared> all = hospital.all_of("Patient/p1");
        if (all.size() == 3 && all[1].source != all[2].source) ++torn;
        if (found(hospital.store, "", "p1") != "Patient/p1") ++torn;
      }
    });
  }
  readers.clear();
  CHECK(torn == 0);
}

TEST_CASE("a callback may ask the store again") {
  Hospital hospital;
  hospital.store.put({patient("p1", {}), observation("a", "p1", Section::kResults, "a", "")});
  std::size_t fetched = 0;
  hospital.store.stream("Patient/p1", [&](Prepared&& resource) {
    fetched += hospital.store.fetch({resource.full_url}).size();
    return true;
  });
  CHECK(fetched == 2);
}

TEST_CASE("a store that can't be opened is unavailable") {
  const test_support::TempDir dir;
  CHECK_THROWS_AS(edge::his::SqliteStore(dir / "no" / "such" / "folder.db"), edge::Unavailable);
  Hospital hospital;
  const auto garbage = hospital.file("garbage.db", std::string(8192, 'x'));
  CHECK_THROWS_AS(edge::his::SqliteStore(garbage), edge::Unavailable);
}
