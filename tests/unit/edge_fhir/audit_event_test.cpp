#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agent/core/fhir/audit_event.h"
#include "agent/core/fhir/audit_report.h"

using namespace edge::fhir;

namespace {

AuditRecord sample(AuditKind kind) {
  AuditRecord out;
  out.kind = kind;
  out.number = 7;
  out.time = *ledger::parse_time("2026-11-22T08:10:00.000Z");
  out.self = "10.20.0.5";
  out.peer = "10.20.0.6";
  out.request = "0193a5d0-7c1e-7abc-8def-000000000001";
  out.operation = "summary";
  out.purpose = "TREAT";
  out.patient = Identifier{"urn:oid:1.2.3", "12345"};
  if (kind == AuditKind::kRefused) {
    out.code = "not-available";
    out.reason = "no consent";
  } else {
    out.ledger = LedgerPlace{"10.20.0.5/ehr", 42};
    out.content_type = "application/fhir+json";
    out.bytes = 4096;
  }
  return out;
}

}  // namespace

TEST_CASE("an event of each kind is as recorded in tests/golden/audit") {
  std::ifstream file(std::string(EHR_GOLDEN_DIR) + "/audit/events.ndjson");
  for (const auto kind : {AuditKind::kDisclosed, AuditKind::kReceived, AuditKind::kRefused}) {
    std::string line;
    REQUIRE(std::getline(file, line));
    CHECK(audit_event(sample(kind)) == line);
  }
}

TEST_CASE("the agents of an event follow the record, and who asked is the requestor") {
  const auto given = nlohmann::json::parse(audit_event(sample(AuditKind::kDisclosed)));
  CHECK(given["agent"][0]["network"]["address"] == "10.20.0.5");
  CHECK(given["agent"][1]["requestor"] == true);
  const auto taken = nlohmann::json::parse(audit_event(sample(AuditKind::kReceived)));
  CHECK(taken["agent"][0]["network"]["address"] == "10.20.0.6");
  CHECK(taken["agent"][1]["network"]["address"] == "10.20.0.5");
}

TEST_CASE("what nobody knows is left out of an event, and bytes that are no UTF-8 do not break it") {
  AuditRecord bare;
  bare.kind = AuditKind::kRefused;
  bare.reason = "\xff\xfe";
  const auto event = nlohmann::json::parse(audit_event(bare));
  CHECK_FALSE(event.contains("purposeOfEvent"));
  CHECK(event["entity"].size() == 1);
}

TEST_CASE("nothing of others' data becomes markup or turns text around in a report") {
  CHECK(html_text("<b a=\"x\" c='y'>&") == "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;");
  CHECK(html_text("a\xE2\x80\xAE"
                  "b\xE2\x81\xA6"
                  "c\xD8\x9C"
                  "d\x1b") ==
        "a\xEF\xBF\xBD"
        "b\xEF\xBF\xBD"
        "c\xEF\xBF\xBD"
        "d\xEF\xBF\xBD");
  CHECK(html_text("Universit\xC3\xA4t \xD7\x90") == "Universit\xC3\xA4t \xD7\x90");
  AuditRecord record = sample(AuditKind::kDisclosed);
  record.peer = record.purpose = record.sections = record.ledger->origin = "<script>alert(1)</script>";
  const std::string page = report_begin("<script>", {"<script>", "<script>"}) +
                           report_row(record, {"<script>", "<script>"}) + report_end(1);
  CHECK(page.find("<script") == std::string::npos);
}

TEST_CASE("a patient reads of a refusal that nothing was given, not why") {
  const std::string row = report_row(sample(AuditKind::kRefused), {"now", "then"});
  CHECK(row.find("Nothing") != std::string::npos);
  CHECK(row.find("consent") == std::string::npos);
  CHECK(row.find("not-available") == std::string::npos);
}
