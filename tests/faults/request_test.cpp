// The whole system with nothing wrong: what every other test of this folder disturbs.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/federation.h"
#include "tests/support/shared_data.h"

using namespace test_support;

namespace {

FederationOptions programs() {
  return {EHR_AGENT, EHR_LEDGER, 2, {}, false};
}

void ask_and_check(Federation& federation) {
  auto& answering = federation[0];
  auto& asking = federation[1];
  federation.start();
  const auto patient = federation.give_patient(answering, 0, 600'000);
  const auto file = federation.folder() / "bundle.json";

  for (const bool everything : {false, true}) {
    const auto asked =
        asking.request(answering.address(), identifier_of(patient), file,
                       everything ? std::vector<std::string>{"--everything"} : std::vector<std::string>{});
    INFO(asked.output << answering.log() << asking.log());
    REQUIRE(asked.status == 0);
    const auto bundle = nlohmann::json::parse(read_file(file));
    CHECK(bundle.at("type") == (everything ? "collection" : "document"));
    CHECK(read_file(file).find(patient.identifier_value) != std::string::npos);
    const auto verified = asking.command({"bundle", "verify", file});
    INFO(verified.output);
    CHECK(verified.status == 0);
  }
  CHECK(eventually([&] { return answering.entries("bundle.delivered").size() == 2; }));
  CHECK(answering.entries("bundle.issued").size() == 2);
  CHECK(asking.entries("bundle.received").size() == 2);
  for (auto* agent : {&answering, &asking}) {
    const auto verified = federation.verify_ledger(*agent);
    INFO(verified.output);
    CHECK(verified.status == 0);
    for (const auto& list : agent->command_json({"queue", "list"})) CHECK(list.empty());
    CHECK(agent->stop() == 0);
  }
}

}  // namespace

TEST_CASE("a bundle is asked for, issued, delivered, received and verified over MQTT 5") {
  Federation federation(programs());
  ask_and_check(federation);
}

TEST_CASE("over MQTT 3.1.1 too") {
  auto options = programs();
  options.settings = {{"mqtt.version", "\"3.1.1\""}};
  Federation federation(options);
  ask_and_check(federation);
}

TEST_CASE("a bundle whose file was changed does not verify") {
  Federation federation(programs());
  federation.start();
  const auto patient = federation.give_patient(federation[0], 0);
  const auto file = federation.folder() / "bundle.json";
  REQUIRE(federation[1].request(federation[0].address(), identifier_of(patient), file).status == 0);
  std::string text = read_file(file);
  const auto at = text.find(patient.identifier_value);
  REQUIRE(at != std::string::npos);
  text[at] = text[at] == 'X' ? 'Y' : 'X';
  std::ofstream(file) << text;
  CHECK(federation[1].command({"bundle", "verify", file}).status != 0);
}

TEST_CASE("what no peer would take is not sent, and said here") {
  Federation federation(programs());
  federation.start();
  const auto ask = [&](const std::string& patient, const std::string& reason) {
    return federation[1].command(
        {"request", federation[0].address().text(), patient, "--reason", reason, "--timeout", "5s"});
  };
  const auto long_reason = ask("urn:x|1", std::string(4097, 'w'));
  CHECK(long_reason.status == 64);
  CHECK_THAT(long_reason.output, Catch::Contains("the reason is longer than 4096 bytes"));
  const auto long_identifier = ask("urn:x|" + std::string(1025, '1'), "ward");
  CHECK(long_identifier.status == 64);
  CHECK_THAT(long_identifier.output, Catch::Contains("more than 1 KiB"));
  CHECK_THAT(ask("urn:x|1", std::string(4096, 'w')).output, Catch::Contains("not-available"));
  CHECK(federation[0].command_json({"disclosures"}).at("disclosures").size() == 1);
}
