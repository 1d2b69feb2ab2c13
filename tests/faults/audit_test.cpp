// The audit trail with real processes: every disclosure, refusal, use of break-glass and received bundle
// leaves its row or does not happen; a patient's rows are found by every name of theirs; old rows go without
// a trace.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "ledger-client/store/sqlite.h"
#include "tests/support/federation.h"
#include "tests/support/shared_data.h"
#include "tests/unit/ledger_core/schema_support.h"

using namespace test_support;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::string kSystem = "urn:planted", kValue = "PLANTED-4711";
const std::string kPatient = kSystem + "|" + kValue;

class Hospitals {
 public:
  explicit Hospitals(const Settings& settings = {{"break_glass.allow", "true"}})
      : federation({EHR_AGENT, EHR_LEDGER, 2, settings, false, 0, false}),
        answering(federation[0]),
        asking(federation[1]),
        file(federation.folder() / "bundle.json") {
    const json record{{"resourceType", "Bundle"},
                      {"type", "collection"},
                      {"entry",
                       {{{"resource",
                          {{"resourceType", "Patient"},
                           {"id", "planted-id"},
                           {"identifier", {{{"system", kSystem}, {"value", kValue}}}},
                           {"name", {{{"family", "Doe"}}}},
                           {"birthDate", "1970-01-01"}}}},
                        {{"resource",
                          {{"resourceType", "Condition"},
                           {"id", "c"},
                           {"subject", {{"reference", "Patient/planted-id"}}},
                           {"code", {{"text", "PLANTEDPROBLEM"}}}}}}}}};
    const auto path = federation.folder() / "import.json";
    std::ofstream(path) << record.dump();
    answering.import(path);
    federation.start();
  }
  CommandResult ask(const std::string& patient = kPatient, const std::vector<std::string>& more = {}) {
    fs::remove(file);
    return asking.request(answering.address(), patient, file, more);
  }
  // The identifier travels in a file, as it would on standard input.
  std::vector<std::string> about(const std::string& patient, const std::vector<std::string>& more = {}) {
    const auto path = federation.folder() / "patient.txt";
    std::ofstream(path) << patient << '\n';
    std::vector<std::string> arguments{"disclosures", "--patient", path};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  json rows(const AgentProcess& agent, const std::string& patient = kPatient) {
    return agent.command_json(about(patient)).at("disclosures");
  }
  void exec(const AgentProcess& agent, const std::string& sql) {
    ledger::sqlite::Database(agent.database(), ledger::sqlite::Mode::kReadWrite).exec(sql);
  }
  void deafen(const AgentProcess& agent) {
    exec(agent, "CREATE TRIGGER deaf BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'deaf'); END");
  }
  void cure(const AgentProcess& agent) { exec(agent, "DROP TRIGGER deaf"); }
  std::size_t spooled() const {
    std::size_t files = 0;
    for (const auto& item : fs::directory_iterator(answering.state() / "spool"))
      files += item.is_regular_file();
    return files;
  }

  Federation federation;
  AgentProcess& answering;
  AgentProcess& asking;
  fs::path file;
};

std::vector<std::string> outcomes(const json& rows) {
  std::vector<std::string> out;
  for (const json& row : rows) out.push_back(row.at("outcome"));
  return out;
}

}  // namespace

TEST_CASE(
    "every disclosure, refusal, broken glass and received bundle leaves its row, linked to the ledger") {
  Hospitals hospitals;
  auto& agent = hospitals.answering;
  CHECK(hospitals.ask().status != 0);  // no consent
  const std::string consent =
      agent.grant(kPatient, hospitals.asking.address().text(), "TREAT", {"--sections", "problems,allergies"});
  REQUIRE(hospitals.ask().status == 0);
  REQUIRE(hospitals.ask(kValue, {"--everything"}).status == 0);
  // By a logical id, which the bundle would not carry: nothing is given that must be quarantined over there.
  for (const std::string name : {"planted-id", "Patient/planted-id"}) {
    const auto asked = hospitals.ask(name, {"--sections", "problems"});
    CHECK(asked.status == 69);
    CHECK_THAT(asked.output, Catch::Contains("not-available"));
  }
  REQUIRE(hospitals.ask(kPatient, {"--purpose", "ETREAT", "--reason", "PLANTED unconscious"}).status == 0);
  CHECK(hospitals.ask("urn:planted|PLANTED-NOBODY").status != 0);

  const json rows = hospitals.rows(agent);
  REQUIRE(outcomes(rows) ==
          std::vector<std::string>{"refused", "disclosed", "disclosed", "refused", "refused", "disclosed"});
  CHECK(rows[0].at("reason") == "no consent");
  CHECK(rows[0].at("code") == "not-available");
  CHECK(rows[1].at("sections") == "problems allergies");
  CHECK(rows[1].at("consents") == consent);
  CHECK_THAT(rows[1].at("rule").get<std::string>(), Catch::Contains("permitted by consent " + consent));
  CHECK(rows[1].at("peer_name").get<std::string>() != "");
  CHECK(rows[2].at("operation") == "everything");
  CHECK(rows[2].at("patient") == json{{"value", kValue}});
  CHECK(rows[3].at("code") == "not-available");
  CHECK(rows[3].at("reason") == "patient unknown");
  CHECK(rows[5].at("said") == "PLANTED unconscious");
  CHECK(rows[5].at("break_glass") ==
        agent.command_json({"break-glass", "list"}).at("uses").at(0).at("entry"));
  CHECK_THAT(agent.command({"disclosures"}).output,
             Catch::Contains("break-glass (entry " + rows[5].at("break_glass").dump() + ")"));

  // Each place is that of the entry about the very request.
  const auto issued = agent.entries("bundle.issued");
  const std::array given{rows[1], rows[2], rows[5]};
  REQUIRE(issued.size() == given.size());
  for (std::size_t i = 0; i < given.size(); ++i) {
    CHECK(issued[i].at("request") == given[i].at("request"));
    const auto& place = given[i].at("ledger");
    const auto shown = hospitals.federation.ledger_command(
        {"show", place.at("origin"), place.at("index").dump(), "--db", agent.database()});
    INFO(shown.output);
    CHECK(shown.status == 0);
    CHECK_THAT(shown.output, Catch::Contains(given[i].at("request").get<std::string>()));
  }
  // By any name; nobody else's, and not the one nobody has.
  for (const std::string& name : {kValue, std::string("planted-id"), std::string("Patient/planted-id")})
    CHECK(hospitals.rows(agent, name) == rows);
  CHECK(outcomes(hospitals.rows(agent, "urn:planted|PLANTED-NOBODY")) == std::vector<std::string>{"refused"});
  CHECK(agent.command_json({"disclosures"}).at("disclosures").size() == 7);
  CHECK(agent.command_json({"disclosures", "--peer", "127.0.10.77"}).at("disclosures").empty());
  CHECK(agent.command_json({"disclosures", "--until", "2001-01-01"}).at("disclosures").empty());
  CHECK(agent.command_json({"disclosures", "--since", "2001-01-01"}).at("disclosures").size() == 7);

  const json received = hospitals.rows(hospitals.asking);
  REQUIRE(outcomes(received) == std::vector<std::string>{"received", "received", "received"});
  CHECK(received[0].at("peer_ledger") == rows[1].at("ledger"));

  // Never as an argument.
  const auto refused = agent.command({"disclosures", "--patient", kPatient});
  CHECK(refused.status == 64);
  CHECK_THAT(refused.output, Catch::Contains("--patient -"));
  CHECK(refused.output.find(kValue) == std::string::npos);
  CHECK(agent.command({"disclosures", "--patient", ""}).status == 64);  // and not everybody's

  // AuditEvents that fit the schema, and a page that names who, why and what.
  const auto ndjson = hospitals.federation.folder() / "events.ndjson",
             page = hospitals.federation.folder() / "r.html";
  const auto written = agent.command(hospitals.about(kPatient, {"--ndjson", ndjson, "--html", page}));
  INFO(written.output);
  REQUIRE(written.status == 0);
  CHECK((fs::status(page).permissions() & fs::perms::all) ==
        (fs::perms::owner_read | fs::perms::owner_write));
  const SchemaCheck schema(read_schema("audit-event"));
  std::ifstream events(ndjson);
  std::size_t lines = 0;
  for (std::string line; std::getline(events, line); ++lines) {
    INFO(line);
    CHECK(schema.accepts(json::parse(line)));
  }
  CHECK(lines == 6);
  const std::string html = read_file(page);
  for (const std::string& text :
       {std::string("PLANTED unconscious"), kValue, hospitals.asking.address().text(),
        std::string("no consent"), std::string("Emergency treatment"), std::string("allergies"),
        "Entry " + rows[1].at("ledger").at("index").dump()}) {
    CAPTURE(text);
    CHECK(html.find(text) != std::string::npos);
  }

  agent.kill_hard();
  agent.start();
  CHECK(hospitals.rows(agent) == rows);
  const auto verified = hospitals.federation.verify_ledger(agent);
  INFO(verified.output);
  CHECK(verified.status == 0);
}

TEST_CASE("what can't be recorded does not happen, and a refusal stays one") {
  Hospitals hospitals;
  auto& agent = hospitals.answering;
  agent.grant(kPatient, "any", "TREAT");
  REQUIRE(hospitals.ask().status == 0);
  hospitals.deafen(agent);
  const std::vector<std::string> emergency{"--purpose", "ETREAT", "--reason", "unconscious"};
  for (const auto& more : {std::vector<std::string>{}, {"--everything"}, emergency}) {
    const auto asked = hospitals.ask(kPatient, more);
    INFO(asked.output << agent.log());
    CHECK_THAT(asked.output, Catch::Contains("failed"));
    CHECK_FALSE(fs::exists(hospitals.file));
  }
  const auto refused = hospitals.ask(kPatient, {"--purpose", "HRESCH"});
  CHECK_THAT(refused.output, Catch::Contains("not-available"));
  CHECK(agent.entries("bundle.issued").size() == 1);
  CHECK(agent.entries("break-glass.used").empty());
  CHECK(hospitals.spooled() == 0);
  CHECK(agent.command_json({"queue", "list"}).dump().find("open") == std::string::npos);
  CHECK(hospitals.rows(agent).size() == 1);
  CHECK_THAT(agent.log(), Catch::Contains("missing in the audit trail"));

  hospitals.cure(agent);
  CHECK(hospitals.ask().status == 0);
  CHECK(hospitals.ask(kPatient, emergency).status == 0);
  CHECK(hospitals.rows(agent).size() == 3);
  const auto verified = hospitals.federation.verify_ledger(agent);
  INFO(verified.output);
  CHECK(verified.status == 0);
}

TEST_CASE("a bundle that can't be recorded where it is received stays open there, until it can") {
  Hospitals hospitals;
  hospitals.answering.grant(kPatient, "any", "TREAT");
  hospitals.deafen(hospitals.asking);
  const auto asked = hospitals.ask();
  CHECK(asked.status == 0);
  CHECK(fs::exists(hospitals.file));
  CHECK_THAT(asked.output, Catch::Contains("could not record it yet"));
  CHECK(hospitals.asking.command_json({"queue", "list"}).at("requests").size() == 1);
  CHECK(hospitals.asking.entries("bundle.received").empty());
  CHECK(hospitals.answering.entries("bundle.delivered").empty());
  SECTION("in the same process") {
    hospitals.cure(hospitals.asking);
  }
  SECTION("after it was killed: the request was on the disk before the bundle was handed out") {
    hospitals.asking.kill_hard();
    hospitals.cure(hospitals.asking);
    hospitals.asking.start();
  }
  CHECK(eventually([&] { return hospitals.asking.entries("bundle.received").size() == 1; }));
  CHECK(eventually([&] { return hospitals.answering.entries("bundle.delivered").size() == 1; }));
  CHECK(hospitals.rows(hospitals.asking).size() == 1);
}

TEST_CASE("old rows are deleted by command and by retention, and a dry run changes nothing") {
  Hospitals hospitals;
  auto& agent = hospitals.answering;
  agent.grant(kPatient, "any", "TREAT");
  REQUIRE(hospitals.ask().status == 0);
  REQUIRE(hospitals.ask(kPatient, {"--purpose", "ETREAT", "--reason", "unconscious"}).status == 0);
  REQUIRE(eventually([&] { return agent.entries("bundle.delivered").size() == 2; }));
  CHECK(agent.command({"disclosures", "prune"}).status == 64);
  CHECK(agent.command({"disclosures", "prune", "--before", "2999-01-01"}).status != 0);
  CHECK(agent.command_json({"disclosures", "prune", "--older-than", "1h"}).at("rows") == 0);

  const json would = agent.command_json({"disclosures", "prune", "--older-than", "0ms", "--dry-run"});
  CHECK(would.at("rows") == 1);
  CHECK(would.at("kept_unreviewed") == 1);
  CHECK(hospitals.rows(agent).size() == 2);
  const auto used = agent.command_json({"break-glass", "list"}).at("uses").at(0).at("entry").dump();
  REQUIRE(agent.command({"break-glass", "review", used, "--by", "Dr. Weber", "--note", "justified"}).status ==
          0);

  const json done = agent.command_json({"disclosures", "prune", "--older-than", "0ms"});
  CHECK(done.at("rows") == 2);
  CHECK(done.at("salts") == 4);
  CHECK(done.at("break_glass") == 1);
  CHECK(fs::file_size(agent.database().string() + "-wal") == 0);
  CHECK(hospitals.rows(agent).empty());
  const auto said = agent.command(hospitals.about(kPatient));
  CHECK_THAT(said.output, Catch::Contains("no disclosures on record"));
  // The ledger keeps what it has.
  CHECK(agent.entries("bundle.issued").size() == 2);
  CHECK(hospitals.federation.verify_ledger(agent).status == 0);

  // A long trail comes in pieces.
  REQUIRE(hospitals.ask().status == 0);
  hospitals.exec(
      agent,
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999) INSERT INTO "
      "audit(time, peer, request, sha256, operation, purpose, outcome, code, reason, asked) SELECT 1, "
      "peer, i, sha256, operation, purpose, 'refused', 'not-available', printf('%.4000c', '<'), asked "
      "FROM audit JOIN n");
  CHECK(hospitals.rows(agent).size() == 1000);
  hospitals.exec(agent, "UPDATE audit SET time = 1");
  agent.stop();
  agent.start();
  CHECK(eventually([&] { return hospitals.rows(agent).empty(); }));
}
