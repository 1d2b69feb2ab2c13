// Keys change while agents run: rotated through the federation under load, revoked at once.
#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/support/federation.h"
#include "tests/support/shared_data.h"

using namespace test_support;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

std::uint64_t version_of(const AgentProcess& agent) {
  return agent.command_json({"status"}).at("federation").at("version").get<std::uint64_t>();
}

void require(const CommandResult& result) {
  INFO(result.output);
  REQUIRE(result.status == 0);
}

// Announces new keys of an agent and publishes a version with them through another.
void rotate(Federation& federation, AgentProcess& rotating, AgentProcess& publishing,
            const std::vector<std::string>& uses, const fs::path& current) {
  const auto announcement = federation.folder() / "rotation.jws";
  std::vector<std::string> command{"keys", "rotate"};
  command.insert(command.end(), uses.begin(), uses.end());
  command.insert(command.end(), {"-o", announcement});
  require(rotating.command(command));
  const auto draft = federation.draft(current, {"--rotate", announcement}, {"alice", "bob"});
  require(publishing.command({"federation", "publish", draft}));
}

}  // namespace

TEST_CASE("keys rotate under load: nothing is refused, nothing is lost") {
  Federation federation({EHR_AGENT, EHR_LEDGER, 2, {}, false, 1});
  federation.start();
  auto &answering = federation[0], &asking = federation[1];
  const auto patient = identifier_of(federation.give_patient(answering, 0));

  std::atomic<bool> stop{false};
  std::atomic<int> answered{0};
  std::vector<std::string> failures;
  std::mutex mutex;
  std::vector<std::jthread> clients;
  for (int client = 0; client < 3; ++client) {
    clients.emplace_back([&, client] {
      for (int i = 0; !stop; ++i) {
        const auto file = federation.folder() / ("bundle-" + std::to_string(client) + ".json");
        const auto result = asking.request(answering.address(), patient, file);
        const std::lock_guard lock(mutex);
        if (result.status == 0)
          ++answered;
        else
          failures.push_back(result.output);
      }
    });
  }
  REQUIRE(eventually([&] { return answered > 5; }));
  const auto refused = answering.counter("requests_refused");  // of the time when the ledgers met
  rotate(federation, answering, asking, {"sign", "age", "witness"}, federation.first_version());
  REQUIRE(eventually([&] { return version_of(answering) == 2 && version_of(asking) == 2; }));
  const int before = answered;
  CHECK(eventually([&] { return answered > before + 5; }));
  stop = true;
  clients.clear();
  for (const auto& failure : failures) UNSCOPED_INFO(failure);
  CHECK(failures.empty());

  const auto rotated = answering.entries("key.rotated");
  REQUIRE(rotated.size() == 3);
  CHECK(std::count_if(rotated.begin(), rotated.end(),
                      [](const json& one) { return one.at("key") == "sign-1"; }) == 1);
  CHECK(answering.entries("bundle.issued").size() == static_cast<std::size_t>(answered));
  CHECK(answering.counter("transfers_failed") == 0);
  CHECK(answering.counter("requests_refused") == refused);
  // It goes on after a restart of either, and with what was received before.
  const auto verified = federation.verify_ledger(answering);
  INFO(verified.output);
  CHECK(verified.status == 0);
  REQUIRE(answering.stop() == 0);
  answering.start();
  const auto file = federation.folder() / "after.json";
  require(asking.request(answering.address(), patient, file));
  CHECK(answering.entries("key.rotated").size() == 3);
}

TEST_CASE("an agent that was away follows from before a rotation, told by nobody but who rotated") {
  Federation federation({EHR_AGENT, EHR_LEDGER, 2, {}, false});
  federation.start();
  auto &rotating = federation[0], &away = federation[1];
  const auto patient = identifier_of(federation.give_patient(rotating, 0));
  REQUIRE(away.stop() == 0);
  auto current = federation.first_version();
  for (int version = 2; version <= 3; ++version) {
    const auto announcement = federation.folder() / ("rotation-" + std::to_string(version));
    require(rotating.command({"keys", "rotate", "sign", "age", "-o", announcement}));
    const auto next = federation.next_version(current, {"--rotate", announcement});
    const auto draft = federation.folder() / ("draft-" + std::to_string(version - 1) + ".json");
    require(rotating.command({"federation", "publish", draft}));
    REQUIRE(eventually([&] { return version_of(rotating) == static_cast<std::uint64_t>(version); }));
    current = next;
  }
  CHECK(rotating.entries("key.rotated").size() == 4);
  away.launch();
  REQUIRE(eventually([&] {
    try {
      return version_of(away) == 3;
    } catch (const std::exception&) {
      return false;
    }
  }));
  away.wait_until_ready();
  require(away.request(rotating.address(), patient, federation.folder() / "bundle.json"));
  // A log's key is not changed.
  const auto log = rotating.command({"keys", "rotate", "log"});
  CHECK(log.status == 64);
  CHECK(log.output.find("ledger retire") != std::string::npos);
}
