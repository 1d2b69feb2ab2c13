// What an operator sees and can do while a peer or the broker is away.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/federation.h"
#include "tests/support/gate.h"
#include "tests/support/shared_data.h"

using namespace test_support;
using nlohmann::json;

namespace {

struct Outage {
  explicit Outage(const Settings& settings = Settings())
      : federation({EHR_AGENT, EHR_LEDGER, 2, settings, false}),
        gate(federation.broker().agents_port()),
        answering(federation[0]),
        asking(federation[1]) {
    federation.configure(1, {{"mqtt.url", '"' + gate.url() + '"'}});
  }

  RunningCommand ask(const std::string& patient, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"request", answering.address().text(), patient, "-o",
                                       federation.folder() / "bundle.json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return asking.command_beside(arguments);
  }
  // The only unfinished transfer of a side, once `met`.
  static json wait_for(const AgentProcess& agent, const char* side,
                       const std::function<bool(const json&)>& met) {
    json last;
    const bool came = eventually([&] {
      last = agent.command_json({"queue", "list"}).at(side);
      return last.size() == 1 && met(last[0]);
    });
    INFO(last.dump() << agent.log());
    REQUIRE(came);
    return last[0];
  }
  static std::function<bool(const json&)> with_reason(const std::string& reason) {
    return [reason](const json& row) {
      return row.at("reason").get<std::string>().find(reason) != std::string::npos;
    };
  }

  Federation federation;
  Gate gate;
  AgentProcess& answering;
  AgentProcess& asking;
};

}  // namespace

TEST_CASE("a request to a peer that is away waits, says why, and completes when the peer comes") {
  Outage outage;
  const auto patient = outage.federation.give_patient(outage.answering, 0);
  outage.answering.start();  // to be given its consents
  REQUIRE(outage.answering.stop() == 0);
  outage.asking.start();
  auto command = outage.ask(identifier_of(patient));
  const auto row = Outage::wait_for(outage.asking, "requests", Outage::with_reason("no answer yet"));
  const std::string id = row.at("id");
  CHECK(row.at("from") == outage.answering.address().text());

  outage.federation.broker().stop();
  Outage::wait_for(outage.asking, "requests", Outage::with_reason("not connected"));
  CHECK(outage.asking.command_json({"queue", "show", id}).at("request").at("id") == id);
  CHECK(outage.asking.command({"queue", "retry", id}).status == 0);
  CHECK(command.process().running());

  outage.federation.broker().restart();
  outage.answering.start();
  const auto asked = command.wait();
  INFO(asked.output << outage.asking.log());
  REQUIRE(asked.status == 0);
  CHECK(outage.answering.entries("bundle.issued").size() == 1);
  CHECK(outage.asking.command_json({"queue", "list"}).at("requests").empty());
  CHECK(outage.asking.command({"queue", "retry", id}).status != 0);  // it has ended
  CHECK(outage.asking.command({"queue", "drop", id}).status != 0);
}

TEST_CASE("a request nobody answers ends when it expires, with a reason, and can be dropped then") {
  Outage outage(Settings{{"request.lifetime", "\"1s\""}});
  outage.asking.start();
  const auto asked = outage.ask("system|nobody").wait();
  CHECK(asked.status != 0);
  CHECK(asked.output.find("expired") != std::string::npos);
  const auto row = Outage::wait_for(outage.asking, "requests", Outage::with_reason("expired"));
  CHECK(outage.asking.command({"queue", "drop", row.at("id")}).status == 0);
  CHECK(outage.asking.command_json({"queue", "list"}).at("requests").empty());
}

TEST_CASE("an operator drops a request nobody has answered") {
  Outage outage;
  outage.asking.start();
  auto command = outage.ask("system|nobody");
  const std::string id =
      Outage::wait_for(outage.asking, "requests", [](const json&) { return true; }).at("id");
  CHECK(outage.asking.command({"queue", "drop", id}).status == 0);
  CHECK(command.wait().status != 0);
  CHECK(outage.asking.command_json({"queue", "list"}).at("requests").empty());
  CHECK(outage.asking.command_json({"queue", "show", id}).at("request").at("state") == "dropped");
}

TEST_CASE("an answer dropped by its sender fails where it is waited for") {
  Outage outage(Settings{{"transfer.window", "\"512KiB\""}});
  const auto patient = outage.federation.give_heavy_patient(outage.answering, 0, 4u << 20);
  outage.federation.start();
  outage.gate.shut_after(2u << 20);
  auto command = outage.ask(identifier_of(patient), {"--everything"});
  REQUIRE(outage.gate.wait_until_shut());
  const auto row = Outage::wait_for(outage.answering, "answers", Outage::with_reason("no receipt yet"));
  CHECK(row.at("to") == outage.asking.address().text());
  CHECK(outage.answering.command({"queue", "drop", row.at("id")}).status == 0);
  CHECK(outage.answering.command_json({"queue", "list"}).at("answers").empty());
  CHECK(std::filesystem::is_empty(outage.answering.state() / "spool"));
  outage.gate.open();
  const auto asked = command.wait();
  INFO(asked.output << outage.asking.log());
  CHECK(asked.status > 0);
  CHECK(asked.output.find("failed") != std::string::npos);
  CHECK(outage.asking.entries("bundle.received").empty());
}

TEST_CASE("an answer dropped by its receiver ends at its sender, who may offer it again") {
  Outage outage(Settings{{"transfer.window", "\"512KiB\""}});
  const auto patient = outage.federation.give_heavy_patient(outage.answering, 0, 4u << 20);
  outage.federation.start();
  outage.gate.shut_after(2u << 20);
  auto command = outage.ask(identifier_of(patient), {"--everything"});
  REQUIRE(outage.gate.wait_until_shut());
  const std::string id =
      Outage::wait_for(outage.asking, "requests", [](const json&) { return true; }).at("id");
  CHECK(outage.asking.command({"queue", "drop", id}).status == 0);
  CHECK(command.wait().status > 0);
  outage.gate.open();
  Outage::wait_for(outage.answering, "answers", Outage::with_reason("the receiver did not accept it"));
  CHECK(outage.answering.command({"queue", "drop", id}).status == 0);
  CHECK(outage.answering.command_json({"queue", "list"}).at("answers").empty());
}
