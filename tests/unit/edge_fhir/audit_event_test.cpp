#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agent/core/fhir/audit_event.h"
#include "agent/core/fhir/audit_report.h"
#include "agent/core/fhir/section_names.h"
#include "tests/unit/ledger_core/schema_support.h"

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
  if (kind == AuditKind::kDisclosed) {
    out.sections = "problems past-problems";
    out.withheld = "allergies";
    out.consents = "c-1 c-2";
  }
  return out;
}

// Everything there can be.
AuditRecord full() {
  AuditRecord out = sample(AuditKind::kDisclosed);
  out.self_name = "St. Georg";
  out.peer_name = "St. Anna";
  out.purpose = "ETREAT";
  out.said = "found unconscious";
  out.peer_ledger = LedgerPlace{"10.20.0.6/ehr", 7};
  out.rule = "permitted by consent c-1";
  out.break_glass = 43;
  return out;
}

}  // namespace

TEST_CASE("an event of each kind is as recorded in tests/golden/audit, and fits the schema") {
  const auto path = std::string(EHR_GOLDEN_DIR) + "/audit/events.ndjson";
  std::vector<AuditRecord> records{sample(AuditKind::kDisclosed), sample(AuditKind::kReceived),
                                   sample(AuditKind::kRefused), full()};
  if (std::getenv("EHR_ACCEPT") != nullptr) {
    std::ofstream out(path);
    for (const auto& record : records) out << audit_event(record) << '\n';
  }
  const test_support::SchemaCheck schema(test_support::read_schema("audit-event"));
  std::ifstream file(path);
  for (const auto& record : records) {
    std::string line;
    REQUIRE(std::getline(file, line));
    CHECK(audit_event(record) == line);
    INFO(line);
    CHECK(schema.accepts(nlohmann::json::parse(line)));
  }
}

TEST_CASE("a record that is written and read again is the same") {
  for (const auto& record : {sample(AuditKind::kDisclosed), sample(AuditKind::kReceived),
                             sample(AuditKind::kRefused), full(), AuditRecord{}}) {
    const auto read = read_record(write_record(record));
    REQUIRE(read);
    CHECK(write_record(*read) == write_record(record));
    CHECK(audit_event(*read) == audit_event(record));
  }
  CHECK_FALSE(read_record("{}"));
  CHECK_FALSE(read_record("[1]"));
  CHECK_FALSE(read_record(R"({"outcome":"other","time":"2026-11-22T08:10:00.000Z","number":1})"));
  CHECK_FALSE(read_record(R"({"outcome":"refused","time":"soon","number":1})"));
  CHECK_FALSE(read_record(R"({"outcome":"refused","time":"2026-11-22T08:10:00.000Z","number":"1"})"));
}

TEST_CASE("an event names the consents, the glass that was broken, and the data") {
  const auto event = nlohmann::json::parse(audit_event(full()));
  CHECK(event["purposeOfEvent"][1]["coding"][0]["code"] == "BTG");
  std::vector<std::string> what;
  for (const auto& entity : event["entity"]) {
    const auto& identifier = entity["what"]["identifier"];
    what.push_back(entity["what"].value("type", identifier.value("system", "")) + " " +
                   identifier["value"].get<std::string>());
  }
  CHECK(what == std::vector<std::string>{"urn:oid:1.2.3 12345", " 0193a5d0-7c1e-7abc-8def-000000000001",
                                         "Bundle 0193a5d0-7c1e-7abc-8def-000000000001", "Consent c-1",
                                         "Consent c-2", "urn:ehr-ledger:10.20.0.5/ehr 42",
                                         "urn:ehr-ledger:10.20.0.6/ehr 7",
                                         "urn:ehr-ledger:10.20.0.5/ehr 43"});
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
  CHECK(event["entity"].size() == 2);
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
  const std::string evil = "<script>alert(1)</script>\x1b\"'&";
  for (const auto kind : {AuditKind::kDisclosed, AuditKind::kReceived, AuditKind::kRefused}) {
    AuditRecord record = full();
    record.kind = kind;
    record.ledger->origin = record.peer_ledger->origin = evil;
    for (std::string* text :
         {&record.peer, &record.peer_name, &record.request, &record.operation, &record.purpose, &record.said,
          &record.code, &record.reason, &record.sections, &record.withheld, &record.rule})
      *text = evil;
    const std::string page = report_begin({evil, evil, Identifier{evil, evil}, evil, {evil, evil}}) +
                             report_row(record, {evil, evil}) + report_end(1);
    CHECK(page.find("<script") == std::string::npos);
    CHECK(page.find('\x1b') == std::string::npos);
    CHECK(page.find("\"'&") == std::string::npos);
  }
}

TEST_CASE("a report says who, when, why and what, and of a refusal why nothing was given") {
  const std::string given = report_row(full(), {"noon", "then"});
  for (const char* text : {"noon", "then", "St. Anna", "10.20.0.6", "Emergency treatment", "break-glass",
                           "found unconscious", "A patient summary, 4.0 KiB", "problems, past problems",
                           "Not given: allergies", "Entry 42", "10.20.0.5/ehr", "permitted by consent c-1"}) {
    CAPTURE(text);
    CHECK(given.find(text) != std::string::npos);
  }
  AuditRecord whole = full();
  whole.sections.clear();
  for (const auto& [section, name] : kSectionNames)
    whole.sections += (whole.sections.empty() ? "" : " ") + std::string(name);
  CHECK(report_row(whole, {}).find("Sections: all<") != std::string::npos);
  whole.sections += " other-records";
  CHECK(report_row(whole, {}).find("Sections: all, other records<") != std::string::npos);
  const std::string refused = report_row(sample(AuditKind::kRefused), {"now", "then"});
  for (const char* text : {"refused", "Asked for: a patient summary", "Reason: no consent", "not-available"})
    CHECK(refused.find(text) != std::string::npos);
}

TEST_CASE("a report needs nothing from elsewhere, and an empty one says so") {
  const std::string page =
      report_begin({"Hospital", "10.20.0.5", Identifier{"", "12345"}, "", {"now", "then"}}) + report_end(0);
  CHECK(page.find("No request is on record.") != std::string::npos);
  CHECK(page.find("12345") != std::string::npos);
  CHECK(page.find("ehr-ledger verify") != std::string::npos);
  for (const char* outside : {"http:", "https:", "src=", "href=", "@import", "url("})
    CHECK(page.find(outside) == std::string::npos);
}
