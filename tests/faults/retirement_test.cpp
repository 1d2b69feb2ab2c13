// The last way out, with real agents: a log ends, its agent goes on with the next one, and the others follow.
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

#include "ledger-client/core/time_text.h"
#include "tests/support/federation.h"
#include "tests/support/ledger_status.h"
#include "tests/support/require_command.h"

using namespace test_support;
using nlohmann::json;
namespace fs = std::filesystem;

TEST_CASE("after a retirement the others follow the next log, and the old one stays readable") {
  FederationOptions options{EHR_AGENT, EHR_LEDGER, 2, {}, false, 1};
  options.consents = false;
  Federation federation(options);
  federation.start();
  auto& agent = federation[0];
  auto& other = federation[1];
  const auto old_origin = agent.address().origin(), new_origin = old_origin + "/2";
  for (int i = 0; i < 3; ++i) agent.grant("any", "127.0.10.2", "TREAT");
  const auto size = own_log(agent).size;
  REQUIRE(eventually([&] { return log_at(other, agent).held == size; }));
  CHECK(agent.command({"ledger", "retire", "--reason", "entries-lost"}).status != 0);  // it runs
  REQUIRE(agent.stop() == 0);
  const auto retired = agent.command_json({"ledger", "retire", "--reason", "entries-lost"});
  CHECK(retired.at("retired") == old_origin);
  CHECK(retired.at("size") == size);
  REQUIRE(retired.at("origin") == new_origin);
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto key = agent.folder() / "next-log.json";
  std::ofstream(key) << json{{"id", retired.at("key")},
                             {"use", "log"},
                             {"public", retired.at("public")},
                             {"from", ledger::format_time(now)}};
  const auto document = federation.next_version(federation.first_version(),
                                                {"--add-key", agent.address().text() + "=" + key.string()});
  fs::copy_file(document, agent.folder() / "federation.json", fs::copy_options::overwrite_existing);
  agent.start();  // shows the document, which the other takes over
  INFO(agent.log() << other.log());
  CHECK(eventually([&] { return own_log(agent).size > 0 && log_at(other, new_origin).held > 0; }));
  agent.grant("any", "127.0.10.2", "TREAT");
  CHECK(eventually([&] {
    const auto held = log_at(other, new_origin);
    const auto own = own_log(agent);
    return held.held == own.size && held.witnessed == own.size && own.witnessed == own.size;
  }));
  const auto ended = agent.entries("origin.retired");
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].at("origin") == old_origin);
  CHECK(ended[0].at("size") == size);
  CHECK(agent.entries("consent.granted").size() >= 1);
  const auto old_log = log_at(other, old_origin);
  CHECK(old_log.held == size);
  CHECK(old_log.state == "following");

  // Who listens as a monitor hears the next log.
  const auto monitor = federation.broker().monitor_options();
  const auto shown = federation.ledger_command(
      {"show", new_origin, "--json", "--federation", document, "--broker", federation.broker().monitor_url(),
       "--ca", federation.broker().ca(), "--cert", monitor.certificate_file, "--key", monitor.key_file});
  INFO(shown.output);
  CHECK(shown.status == 0);
  CHECK(shown.output.find("\"witnessed\"") != std::string::npos);

  // Both logs are here and there, and a stranger verifies them.
  for (auto* holder : {&agent, &other}) CHECK(holder->stop() == 0);
  const auto verify = [&](const std::vector<std::string>& where) {
    std::vector<std::string> arguments{"verify", "--json", "--federation", document};
    arguments.insert(arguments.end(), where.begin(), where.end());
    const auto verified = federation.ledger_command(arguments);
    INFO(verified.output);
    CHECK(verified.status == 0);
    return verified.output;
  };
  const auto there = verify({"--all", "--dir", other.state() / "replicas"});
  CHECK(there.find('"' + old_origin + '"') != std::string::npos);
  CHECK(there.find('"' + new_origin + '"') != std::string::npos);
  CHECK(verify({"--all", "--dir", agent.state() / "replicas"}).find('"' + old_origin + '"') !=
        std::string::npos);
  CHECK(verify({"--all", "--db", agent.database()}).find('"' + new_origin + '"') != std::string::npos);
}

TEST_CASE("what was received with an anchor that a retired log has lost is suspect, by itself") {
  FederationOptions options{EHR_AGENT, EHR_LEDGER, 2, {}, false, 0};
  Federation federation(options);
  federation.start();
  auto &agent = federation[0], &other = federation[1];
  const auto patient = identifier_of(federation.give_patient(agent, 0));
  const auto output = federation.folder() / "bundle.json";
  require(other.request(agent.address(), patient, output));
  const auto kept = own_log(agent).size;
  // A backup that is restored after more was given.
  REQUIRE(agent.stop() == 0);
  const auto backup = federation.folder() / "backup.db";
  fs::copy_file(agent.database(), backup);
  agent.start();
  require(other.request(agent.address(), patient, output));
  const std::string lost = other.entries("bundle.received").at(1).at("request");
  REQUIRE(other.entries("bundle.received").at(1).at("issued_index") >= kept);
  REQUIRE(agent.stop() == 0);
  for (const char* suffix : {"-wal", "-shm"}) fs::remove(agent.database().string() + suffix);
  fs::copy_file(backup, agent.database(), fs::copy_options::overwrite_existing);
  const auto retired = agent.command_json({"ledger", "retire", "--reason", "entries-lost"});
  CHECK(other.command_json({"status"}).at("in_doubt").at("suspect") == 0);

  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto key = agent.folder() / "next-log.json";
  std::ofstream(key) << json{{"id", retired.at("key")},
                             {"use", "log"},
                             {"public", retired.at("public")},
                             {"from", ledger::format_time(now)}};
  const auto document = federation.next_version(federation.first_version(),
                                                {"--add-key", agent.address().text() + "=" + key.string()});
  fs::copy_file(document, agent.folder() / "federation.json", fs::copy_options::overwrite_existing);
  agent.start();
  INFO(other.log());
  REQUIRE(eventually([&] { return other.command_json({"status"}).at("in_doubt").at("suspect") == 1; }));
  const json listed = other.command_json({"queue", "list"}).at("in_doubt");
  CHECK(listed.at(0).at("id") == lost);
  CHECK(listed.at(0).at("reason").get<std::string>().find("retired") != std::string::npos);
  const auto opened = other.command({"bundle", "open", lost, "-o", output});
  CHECK(opened.status == 0);
  CHECK(opened.output.find("suspect") != std::string::npos);
}
