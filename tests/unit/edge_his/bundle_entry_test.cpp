#include "agent/adapters/his/bundle_entry.h"

#include <catch2/catch.hpp>

using namespace edge::his;

TEST_CASE("an entry's parts are found in any order, the resource as it is written") {
  std::string text =
      R"({"search":{"mode":"match"},"resource":{"a" : {"id":"inner","resourceType":"X"},"id":"o1","v":1.50,"resourceType":"Observation"} , )"
      R"("request":{"url":"Observation","method":"PUT"},"fullUrl":"urn:uuid:1","other":[{"resource":{}}]})";
  const auto entry = read_entry(text);
  REQUIRE(entry.ok());
  CHECK(entry->full_url == "urn:uuid:1");
  CHECK(entry->kind == "Observation");
  CHECK(entry->id == "o1");
  CHECK(entry->method == "PUT");
  CHECK_FALSE(entry->outcome);
  CHECK(entry->resource ==
        R"({"a" : {"id":"inner","resourceType":"X"},"id":"o1","v":1.50,"resourceType":"Observation"})");
}

TEST_CASE("entries without a resource, notes of a search, and what is no entry") {
  std::string empty = R"({"response":{"status":"201"}})";
  CHECK(read_entry(empty)->resource.empty());
  std::string outcome = R"({"resource":{"resourceType":"OperationOutcome"},"search":{"mode":"outcome"}})";
  CHECK(read_entry(outcome)->outcome);
  for (std::string text :
       {"1", "[]", "null", R"({"resource":5})", R"({"resource":[]})", "{\"fullUrl\":\"\xff\"}"}) {
    CAPTURE(text);
    CHECK_FALSE(read_entry(text).ok());
  }
}

TEST_CASE("a fullUrl names its resource or not") {
  CHECK(url_names_key("urn:uuid:AB01", "Patient", "ab01"));
  CHECK(url_names_key("https://x.example/fhir/Patient/p1", "Patient", "p1"));
  CHECK(url_names_key("Patient/p1", "Patient", "p1"));
  CHECK(url_names_key("", "Patient", "p1"));
  CHECK(url_names_key("urn:uuid:ab01", "Patient", ""));
  CHECK_FALSE(url_names_key("urn:uuid:ab01", "Patient", "p1"));
  CHECK_FALSE(url_names_key("https://x.example/fhir/Group/p1", "Patient", "p1"));
  CHECK_FALSE(url_names_key("https://x.example/fhir/XPatient/p1", "Patient", "p1"));
}

TEST_CASE("only references that are known are rewritten, and nothing else") {
  const auto lookup = [](std::string_view url) -> std::optional<std::string> {
    if (url == "urn:uuid:1") return "Patient/p1";
    return std::nullopt;
  };
  CHECK(
      rewrite_references(
          R"({"subject":{"reference" : "urn:uuid:1"},"x":"urn:uuid:1","reference":{"reference":"urn:uuid:2"}})",
          lookup) ==
      R"({"subject":{"reference" : "Patient/p1"},"x":"urn:uuid:1","reference":{"reference":"urn:uuid:2"}})");
  CHECK(
      rewrite_references(R"({"t":"\"reference\":\"urn:uuid:1\"","a":["reference","urn:uuid:1"]})", lookup) ==
      R"({"t":"\"reference\":\"urn:uuid:1\"","a":["reference","urn:uuid:1"]})");
  CHECK(rewrite_references(R"([{"reference":"urn:uuid:1"},{"reference":"urn:uuid:1"}])", lookup) ==
        R"([{"reference":"Patient/p1"},{"reference":"Patient/p1"}])");
  CHECK(rewrite_references(R"({"a":"\\","reference":"urn:uuid:1"})", lookup) ==
        R"({"a":"\\","reference":"Patient/p1"})");
}
