// The federation changes while agents run: by the votes of its admins, at once, and by nothing else.
#include "tests/support/federation.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>

#include "ledger-client/core/federation_document.h"
#include "tests/support/shared_data.h"
#include "tests/support/test_peer.h"

using namespace test_support;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

std::uint64_t version_of(const AgentProcess& agent) {
  return agent.command_json({"status"}).at("federation").at("version").get<std::uint64_t>();
}

bool all_follow(Federation& federation, std::size_t agents, std::uint64_t version, int seconds) {
  return eventually(
      [&] {
        for (std::size_t i = 0; i < agents; ++i)
          if (version_of(federation[i]) != version) return false;
        return true;
      },
      seconds);
}

// Three agents and a monitor that hears alerts.
struct Scene {
  Scene() : federation({EHR_AGENT, EHR_LEDGER, 3, {}, false}) {
    auto options = federation.broker().monitor_options();
    options.filters = {"ehr/v1/+/alerts"};
    monitor = std::make_unique<mqtt_transport::Connection>(
        std::move(options), mqtt_transport::ConnectionHandlers{[this](mqtt_transport::Message&& message) {
                                                                 const auto alert =
                                                                     json::parse(message.payload);
                                                                 const std::lock_guard lock(mutex);
                                                                 codes.push_back(alert.at("code"));
                                                               },
                                                               {},
                                                               {}});
    monitor->start();
  }
  ~Scene() { monitor->stop(); }
  bool alarmed(const std::string& code) {
    return eventually([&] {
      const std::lock_guard lock(mutex);
      return std::find(codes.begin(), codes.end(), code) != codes.end();
    });
  }
  // Hands a draft that two admins have signed to an agent, as one of its operators would.
  CommandResult publish(AgentProcess& agent, const fs::path& draft) {
    return agent.command({"federation", "publish", draft});
  }

  Federation federation;
  std::mutex mutex;
  std::vector<std::string> codes;
  std::unique_ptr<mqtt_transport::Connection> monitor;
};

}  // namespace

TEST_CASE("what two admins sign, every agent follows at once, who is revoked gets nothing more") {
  Scene scene;
  auto& federation = scene.federation;
  federation.start();
  auto& answering = federation[0];
  auto& leaving = federation[2];
  const auto patient = federation.give_patient(answering, 0);
  const auto file = federation.folder() / "bundle.json";
  REQUIRE(leaving.request(answering.address(), identifier_of(patient), file).status == 0);

  const auto draft = federation.draft(federation.first_version(),
                                      {"--revoke", leaving.address().text(), "--reason", "left"}, {"alice"});
  CHECK(scene.publish(answering, draft).status != 0);  // one admin is not enough
  const auto signed_by_both =
      federation.draft(federation.first_version(), {"--revoke", leaving.address().text()}, {"bob"});
  // The same changes make the same document: copies signed apart are one draft.
  const auto published = answering.command({"federation", "publish", draft, signed_by_both});
  INFO(published.output);
  REQUIRE(published.status == 0);
  CHECK(all_follow(federation, 3, 2, 10));

  // The broker still serves the revoked agent: its certificate is good, its session lives.
  const auto refused =
      leaving.request(answering.address(), identifier_of(patient), federation.folder() / "no.json");
  CHECK(refused.status != 0);
  CHECK(leaving.running());
  CHECK(answering.entries("bundle.issued").size() == 1);
  // What it was given, and what it gave, stays good.
  CHECK(leaving.command({"bundle", "verify", file}).status == 0);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto adopted = federation[i].entries("federation.adopted");
    REQUIRE(adopted.size() == 1);
    CHECK(adopted[0].at("version") == 2);
    const auto verified = federation.verify_ledger(federation[i]);
    INFO(verified.output);
    CHECK(verified.status == 0);
  }
  // It is kept: the file of the first version is still there.
  REQUIRE(answering.stop() == 0);
  answering.start();
  CHECK(version_of(answering) == 2);
  const auto again = answering.command({"federation", "show", "--json"});
  CHECK(json::parse(again.output).at("members").at(2).at("status") == "revoked");
}

TEST_CASE("a request of a revoked member that was never told of it is answered not-a-member") {
  Scene scene;
  auto& federation = scene.federation;
  federation[0].start();
  federation[1].start();
  const std::string address = federation[2].address().text();
  TestPeer peer(federation.broker(), federation.document(), address, federation[2].keys());
  const auto ask = [&] {
    const auto request = make_request(peer.address(), federation[0].address(), edge::Operation::kPing);
    peer.send_request(federation[0].address(), request.envelope.id, sign_request(request, peer.identity()));
    return request.envelope.id;
  };
  const auto before = ask();
  REQUIRE(peer.next(ledger::topics::Kind::kManifest, before));
  const auto draft = federation.draft(federation.first_version(), {"--suspend", address}, {"alice", "bob"});
  const auto published = scene.publish(federation[1], draft);  // told by another agent
  INFO(published.output);
  REQUIRE(published.status == 0);
  REQUIRE(all_follow(federation, 2, 2, 10));
  const auto error = json::parse(peer.next_error(federation[0].address(), ask()));
  CHECK(error.at("code") == "not-a-member");
}

TEST_CASE("forged, forked and rolled back documents are refused, and everybody hears of them") {
  Scene scene;
  auto& federation = scene.federation;
  federation[0].start();
  federation[1].start();
  const std::string address = federation[2].address().text();
  TestPeer liar(federation.broker(), federation.document(), address, federation[2].keys());
  const std::string topic = ledger::topics::federation(liar.address());
  const auto second = federation.next_version(federation.first_version(), {"--witness-quorum", "1"});
  const std::string first_text = read_file(federation.first_version()), second_text = read_file(second);
  const auto show = [&](const std::string& text) { liar.publish(topic, ledger::as_bytes(text)); };

  json forged = json::parse(second_text);
  forged["signatures"].erase(1);
  show(forged.dump());
  CHECK(scene.alarmed("federation-forged"));
  CHECK(version_of(federation[0]) == 1);
  show(second_text);
  CHECK(all_follow(federation, 2, 2, 10));
  show(first_text);
  CHECK(scene.alarmed("federation-rolled-back"));
  CHECK(version_of(federation[0]) == 2);
  // Admins whose keys were stolen, or who lost what their tools remember.
  for (const auto* admin : {"alice", "bob"}) fs::remove(federation.admin_key(admin).string() + ".votes");
  show(read_file(
      federation.next_version(federation.first_version(), {"--witness-quorum", "0", "--suspend", address})));
  CHECK(scene.alarmed("federation-forked"));
  CHECK(version_of(federation[0]) == 2);
  const std::string log = federation[0].log();
  const auto said_of = [&](const std::string& code) {
    const auto at = log.find("code=" + code);
    return at == std::string::npos ? std::string() : log.substr(at, log.find('\n', at) - at);
  };
  CHECK_THAT(said_of("federation-forged"),
             Catch::Contains("peer=" + address) && Catch::Contains("signature"));
  CHECK_THAT(said_of("federation-rolled-back"),
             Catch::Contains("the same member has shown version 2 before"));
  CHECK_THAT(said_of("federation-forked"),
             Catch::Contains("another document of this version is signed as well, SHA-256 "));
  CHECK(federation[0].entries("federation.adopted").size() == 1);

  // Told again and again: status counts it, the log says it less and less, and nobody is alerted anew.
  forged = json::parse(read_file(federation.next_version(second, {"--suspend", address})));
  forged["signatures"].erase(1);
  for (int again = 0; again < 8; ++again) show(forged.dump());
  const auto refused = [&](const std::string& code) {
    const auto told = federation[0].command_json({"status"}).at("federation").value("refused", json::array());
    const auto found =
        std::find_if(told.begin(), told.end(), [&](const json& one) { return one.at("code") == code; });
    return found == told.end() ? json() : *found;
  };
  REQUIRE(eventually([&] { return refused("federation-forged").value("times", 0) == 9; }));
  CHECK(refused("federation-forged").at("from") == address);
  CHECK(refused("federation-forged").at("version") == "3");
  CHECK(refused("federation-forked").at("times") == 1);
  const std::string told = federation[0].log();
  std::size_t lines = 0;
  for (auto at = told.find("code=federation-forged"); at != told.npos;
       at = told.find("code=federation-forged", at + 1))
    ++lines;
  CHECK(lines == 4);  // the 1st, 2nd, 4th and 8th time
  const std::lock_guard lock(scene.mutex);
  CHECK(std::count(scene.codes.begin(), scene.codes.end(), "federation-forged") == 2);  // of two agents
}

TEST_CASE("an agent that was away follows many versions link by link, before it serves who is ahead") {
  Scene scene;
  auto& federation = scene.federation;
  federation[0].start();
  federation[1].start();
  auto current = federation.first_version();
  for (int version = 2; version <= 5; ++version) {
    const auto next = federation.next_version(
        current, {"--name", federation[2].address().text() + "=Version " + std::to_string(version)});
    const auto draft = federation.folder() / ("draft-" + std::to_string(version - 1) + ".json");
    const auto published = scene.publish(federation[0], draft);
    INFO(published.output);
    REQUIRE(published.status == 0);
    current = next;
  }
  REQUIRE(all_follow(federation, 2, 5, 10));
  // Its file is the first version still.
  federation[2].start();
  CHECK(all_follow(federation, 3, 5, 30));
  CHECK(eventually([&] { return federation[2].entries("federation.adopted").size() == 4; }));
  const auto verified = federation.verify_ledger(federation[2]);
  INFO(verified.output);
  CHECK(verified.status == 0);
}
