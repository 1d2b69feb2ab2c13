// Consents and break-glass with real processes: who is told what, what is anchored, what stays.
#include <catch2/catch.hpp>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>

#include "ledger-client/mqtt/connection.h"
#include "tests/faults/consent_hospitals.h"
#include "tests/support/shared_data.h"

using namespace consent_hospitals;
using namespace test_support;
using nlohmann::json;
namespace fs = std::filesystem;

TEST_CASE("a consent counts from its grant to its revocation, and explain names it") {
  Hospitals hospitals;
  auto& agent = hospitals.answering;
  CHECK_FALSE(hospitals.given());
  CHECK(hospitals.explain().at("rule") == "no consent");

  const std::string id = hospitals.grant();
  CHECK(hospitals.explain().at("rule") == "permitted by consent " + id);
  CHECK(hospitals.explain().at("decision") == "permit");
  CHECK(hospitals.given());
  CHECK_FALSE(hospitals.given({"--purpose", "HRESCH"}));
  CHECK(hospitals.explain({"--time", "2020-01-01"}).at("decision") == "permit");

  CHECK(agent.command_json({"consent", "revoke", id}).at("state") == "revoked");
  CHECK_FALSE(hospitals.given());
  CHECK(hospitals.explain().at("rule") == "no consent");
  CHECK(agent.command({"consent", "revoke", id}).status != 0);

  // An unknown patient and a refused one are one answer.
  CHECK(hospitals.ask({}, "nobody").output == hospitals.ask().output);

  const auto granted = agent.entries("consent.granted"), revoked = agent.entries("consent.revoked");
  REQUIRE(granted.size() == 1);
  REQUIRE(revoked.size() == 1);
  // The same consent and patient, and nobody sees that it is the same.
  CHECK(granted[0].at("patient_commitment") != revoked[0].at("patient_commitment"));
  CHECK(granted[0].at("consent_commitment") != revoked[0].at("consent_commitment"));

  // Exported, imported again, forgotten.
  const json exported = agent.command_json({"consent", "export", id}).at("consent");
  CHECK(exported.at("resourceType") == "Consent");
  CHECK(exported.at("patient").at("identifier").at("value") == "PLANTED-4711");
  const auto path = hospitals.federation.folder() / "consent.json";
  std::ofstream(path) << exported.dump(2);
  const std::string second = agent.command_json({"consent", "import", path}).at("id");
  CHECK(agent.command_json({"consent", "import", path}).at("id") == second);
  CHECK(hospitals.given());
  CHECK(agent.command({"consent", "forget", second}).status != 0);  // it is in force
  CHECK(hospitals.count("SELECT count(*) FROM consent_salt WHERE id = '" + id + "'") == 4);
  CHECK(agent.command_json({"consent", "forget", id}).at("state") == "forgotten");
  CHECK(hospitals.count("SELECT count(*) FROM consent_salt WHERE id = '" + id + "'") == 0);
  CHECK(fs::file_size(agent.database().string() + "-wal") == 0);
  CHECK(agent.command({"consent", "export", id}).status != 0);
  CHECK(agent.command_json({"consent", "list", "--all"}).at("consents").size() == 2);
  CHECK(agent.command_json({"consent", "list", "--patient", kPatient}).at("consents").size() == 1);

  // A restart forgets nothing.
  agent.kill_hard();
  agent.start();
  CHECK(hospitals.given());
  hospitals.check_ledger();
}

TEST_CASE("a denial ends what older permits gave, and who records either is told what it means") {
  Hospitals hospitals;
  auto& agent = hospitals.answering;
  const std::vector<std::string> deny{"consent", "grant",     "--patient", kPatient, "--peer",
                                      "any",     "--purpose", "any",       "--deny"};
  const std::string older = hospitals.grant();
  const std::string policy = hospitals.grant({}, "any", "HRESCH");
  REQUIRE(hospitals.given());
  const json denied = agent.command_json(deny);
  const std::string denial = denied.at("id");
  CHECK(denied.at("still_given").empty());
  CHECK_FALSE(hospitals.given());
  CHECK(hospitals.explain().at("rule") == "denied by consent " + denial);
  CHECK(hospitals.explain({"--purpose", "HRESCH"}).at("decision") == "refuse");

  // What is granted after it is meant beside it, and named.
  const json later = agent.command_json({"consent", "grant", "--patient", kPatient, "--peer",
                                         hospitals.asking.address().text(), "--purpose", "TREAT"});
  const std::string exception = later.at("id");
  CHECK(later.at("exception_to") == json{denial});
  CHECK(hospitals.given());
  CHECK(hospitals.explain().at("rule") ==
        "permitted by consent " + exception + ", an exception to the denial of consent " + denial);
  CHECK(hospitals.explain().at("despite") == json{denial});
  // The same document again keeps its place; then the list says what it leaves given.
  const auto file = hospitals.federation.folder() / "denial.json";
  std::ofstream(file) << agent.command_json({"consent", "export", denial}).at("consent").dump();
  const json again = agent.command_json({"consent", "import", file});
  CHECK(again.at("id") == denial);
  REQUIRE(again.at("still_given").size() == 1);
  CHECK(again.at("still_given").at(0).at("consent") == exception);
  CHECK_THAT(agent.command({"consent", "import", file}).output,
             Catch::Contains("warning: 1 permit still gives something beside this denial; to end one: "
                             "ehr-agent consent revoke " +
                             exception));

  // A permit that comes to nothing says so; a hospital's denial leaves patients' own permits.
  auto twice = deny;
  twice.insert(twice.end(), {"--sections", "allergies"});
  const json narrow = agent.command_json(twice);
  CHECK(narrow.at("still_given").at(0).at("because") == "not all of it is denied");
  const json hopeless = agent.command_json({"consent", "grant", "--patient", "any", "--peer", "any",
                                            "--purpose", "TREAT", "--sections", "allergies"});
  CHECK_FALSE(hopeless.contains("denied_by"));  // other patients are given it
  twice[3] = "any";
  const json house = agent.command_json(twice);
  CHECK(house.at("still_given").size() == 2);
  CHECK(agent
            .command_json({"consent", "grant", "--patient", "any", "--peer", "any", "--purpose", "any",
                           "--sections", "allergies"})
            .at("denied_by") == json{house.at("id")});
  hospitals.check_ledger();
}

TEST_CASE("a purpose that is none of HL7's is refused where a consent or a request names it") {
  Hospitals hospitals;
  auto& agent = hospitals.answering;
  const auto refused = [&](const std::vector<std::string>& arguments, int status) {
    const auto result = agent.command(arguments);
    INFO(result.output);
    CHECK(result.status == status);
    CHECK_THAT(result.output, Catch::Contains("`TRAET` is no code of HL7 PurposeOfUse"));
    CHECK_THAT(result.output, Catch::Contains("TREAT, CLINTRL, COC, ETREAT"));
  };
  refused({"consent", "grant", "--patient", kPatient, "--peer", "any", "--purpose", "TRAET", "--deny"}, 64);
  refused({"consent", "explain", "10.20.0.9", kPatient, "--purpose", "TRAET"}, 64);
  refused({"request", hospitals.asking.address().text(), kPatient, "--purpose", "TRAET"}, 64);
  const auto file = hospitals.federation.folder() / "consent.json";
  const json misspelt{{{"system", "http://terminology.hl7.org/CodeSystem/v3-ActReason"}, {"code", "TRAET"}}};
  std::ofstream(file) << privacy_consent({{"type", "deny"}, {"purpose", misspelt}}).dump();
  refused({"consent", "import", file}, 64);
  CHECK(hospitals.count("SELECT count(*) FROM consent") == 0);
  // Nobody stands beside the records of a HIS: there such a denial is one of every purpose.
  hospitals.grant({}, "any");
  CHECK(hospitals.given());
  hospitals.import(privacy_consent({{"type", "deny"}, {"purpose", misspelt}}));
  CHECK_FALSE(hospitals.given());
  CHECK_THAT(agent.command_json({"consent", "list"}).at("consents").at(0).at("remark").get<std::string>(),
             Catch::StartsWith("denies every purpose"));
}

TEST_CASE("requests that are queued when a consent is revoked are refused") {
  Hospitals hospitals(Settings{{"limits.assemblies", "1"}});
  const auto heavy = hospitals.federation.give_heavy_patient(hospitals.answering, 1, 24u << 20);
  const std::string id = hospitals.grant({}, "any");
  std::vector<RunningCommand> asked;
  for (int i = 0; i < 3; ++i)
    asked.push_back(hospitals.asking.command_beside(
        {"request", hospitals.answering.address().text(), identifier_of(heavy), "--everything"}));
  REQUIRE(eventually([&] { return hospitals.answering.counter("requests_received") >= 3; }));
  auto last = hospitals.asking.command_beside({"request", hospitals.answering.address().text(), kPatient});
  REQUIRE(eventually([&] { return hospitals.answering.counter("requests_received") >= 4; }));
  hospitals.answering.command_json({"consent", "revoke", id});
  const auto issued = hospitals.answering.entries("bundle.issued").size();
  for (auto& one : asked) (void)one.wait();
  CHECK(last.wait().status != 0);
  // Nothing was issued after the revocation was on the ledger.
  CHECK(hospitals.answering.entries("bundle.issued").size() == issued);
}

TEST_CASE("a consent for some sections gives no word of the others") {
  const bool marked = GENERATE(false, true);
  Hospitals hospitals(Settings{{"consent.mark_withheld", marked ? "true" : "false"}});
  hospitals.grant({"--sections", "allergies,medications"});
  for (const bool everything : {false, true}) {
    REQUIRE(
        hospitals.given(everything ? std::vector<std::string>{"--everything"} : std::vector<std::string>{}));
    const std::string text = read_file(hospitals.file);
    CHECK(text.find(kAllergy) != std::string::npos);
    CHECK(text.find("PLANTEDMEDICINE") != std::string::npos);
    CHECK(text.find(kProblem) == std::string::npos);
    if (!everything) CHECK((text.find("\"withheld\"") != std::string::npos) == marked);
    CHECK(hospitals.asking.command({"bundle", "verify", hospitals.file}).status == 0);
  }
  const auto why = hospitals.explain();
  CHECK(why.at("given") == json{"allergies", "medications"});
  CHECK(why.at("withheld").size() == 14);
  // Nothing of what was asked for is permitted.
  CHECK_FALSE(hospitals.given({"--sections", "problems"}));
}

TEST_CASE("breaking the glass is anchored, alerted, listed, and reviewed, a denial stands") {
  Hospitals hospitals(Settings{{"break_glass.allow", "true"}});
  auto& agent = hospitals.answering;
  std::mutex mutex;
  std::string alerts;
  auto options = hospitals.federation.broker().monitor_options();
  options.filters = {"ehr/v1/+/alerts"};
  mqtt_transport::Connection monitor(options, {[&](mqtt_transport::Message&& message) {
                                                 const std::lock_guard lock(mutex);
                                                 alerts += ledger::as_text(message.payload);
                                               },
                                               {},
                                               {}});
  monitor.start();
  REQUIRE(eventually([&] { return monitor.ready(); }));

  CHECK(hospitals.ask({"--purpose", "ETREAT"}).status == 64);  // no reason
  CHECK(hospitals.ask({"--purpose", "ETREAT", "--reason", " \t"}).status == 64);
  CHECK(hospitals.ask({"--purpose", "ETREAT", "--reason", "\xff"}).status == 64);  // no UTF-8
  CHECK_FALSE(hospitals.given({"--reason", "curious"}));                           // TREAT
  const auto reason = hospitals.federation.folder() / "reason.txt";
  std::ofstream(reason) << "found unconscious\n";
  REQUIRE(hospitals.given({"--purpose", "ETREAT", "--reason-file", reason}));
  CHECK(read_file(hospitals.file).find(kProblem) != std::string::npos);

  const auto used = agent.entries("break-glass.used");
  REQUIRE(used.size() == 1);
  CHECK(used[0].at("request") == agent.entries("bundle.issued").at(0).at("request"));
  const auto listed = agent.command_json({"break-glass", "list"}).at("uses");
  REQUIRE(listed.size() == 1);
  CHECK(listed[0].at("reason") == "found unconscious");
  const auto entry = listed[0].at("entry").get<std::uint64_t>();
  CHECK(eventually([&] {
    const std::lock_guard lock(mutex);
    return alerts.find(R"({"code":"break-glass","index":)" + std::to_string(entry) + ",") !=
           std::string::npos;
  }));
  CHECK(alerts.find("PLANTED") == std::string::npos);
  CHECK(alerts.find("unconscious") == std::string::npos);

  const std::string number = std::to_string(entry);
  CHECK(agent.command({"break-glass", "review", number, "--by", "", "--note", "x"}).status == 64);
  CHECK(agent.command({"break-glass", "review", "999", "--by", "Dr. Weber", "--note", "x"}).status != 0);
  CHECK(agent.command({"break-glass", "review", number, "--by", "Dr. Weber", "--note", "justified"}).status ==
        0);
  CHECK(agent.command({"break-glass", "review", number, "--by", "Dr. Weber", "--note", "again"}).status != 0);
  CHECK(agent.command_json({"break-glass", "list"}).at("uses").empty());
  CHECK(agent.command_json({"break-glass", "list", "--all"}).at("uses").at(0).at("note") == "justified");
  const auto reviewed = agent.entries("break-glass.reviewed");
  REQUIRE(reviewed.size() == 1);
  CHECK(reviewed[0].at("used_index") == entry);

  const std::vector<std::string> emergency{"--purpose", "ETREAT", "--reason", "found unconscious"};
  agent.command_json(
      {"consent", "grant", "--patient", kPatient, "--peer", "any", "--purpose", "TREAT", "--deny"});
  CHECK_FALSE(hospitals.given(emergency));
  CHECK_THAT(hospitals.explain({"--purpose", "ETREAT", "--with-reason"}).at("rule").get<std::string>(),
             Catch::StartsWith("denied by consent"));
  CHECK(agent.entries("break-glass.used").size() == 1);
  hospitals.check_ledger();

  hospitals.federation.configure(0, {{"break_glass.allow", "false"}});
  agent.stop();
  agent.start();
  CHECK_FALSE(hospitals.given(emergency));
}
