// kill -9, SIGTERM and a dead broker in the middle of a transfer of many windows: everything completes, once.
#include <signal.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/federation.h"
#include "tests/support/gate.h"
#include "tests/support/shared_data.h"

using namespace test_support;

namespace {

constexpr std::uint64_t kHeldAfter = 5u << 20;
constexpr std::size_t kRecordBytes = 12u << 20;  // of what does not compress: 48 chunks, a dozen windows

FederationOptions small_windows() {
  return {EHR_AGENT, EHR_LEDGER, 2, {{"transfer.window", "\"1MiB\""}}, false};
}

// A transfer that stands in the middle when `disturb` is called; checks that it ends as if nothing had been.
class Transfer {
 public:
  Transfer()
      : federation(small_windows()),
        gate(federation.broker().agents_port()),
        answering(federation[0]),
        asking(federation[1]) {
    federation.configure(1, {{"mqtt.url", '"' + gate.url() + '"'}});
    patient = federation.give_heavy_patient(answering, 0, kRecordBytes);
    federation.start();
  }

  // Runs a request until some windows have passed and the gate shuts.
  void begin(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{
        "request", answering.address().text(),         identifier_of(patient), "--everything",
        "-o",      federation.folder() / "bundle.json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    gate.shut_after(kHeldAfter);
    command.emplace(asking.command_beside(arguments));
    REQUIRE(gate.wait_until_shut());
  }

  std::string id() const { return asking.entries("bundle.received").at(0).at("request"); }

  void expect_completion() {
    gate.open();
    INFO("answering:\n" << answering.log() << "asking:\n" << asking.log());
    REQUIRE(eventually([&] { return answering.entries("bundle.delivered").size() == 1; }));
    REQUIRE(asking.entries("bundle.received").size() == 1);
    CHECK(answering.entries("bundle.issued").size() == 1);
    CHECK(answering.entries("bundle.delivered").size() == 1);
    const auto file = federation.folder() / "opened.json";
    const auto opened = asking.command({"bundle", "open", id(), "-o", file});
    INFO(opened.output);
    REQUIRE(opened.status == 0);
    CHECK(asking.command({"bundle", "verify", file}).status == 0);
    CHECK(read_file(file).size() > kRecordBytes);
    for (const auto* agent : {&answering, &asking}) {
      const auto verified = federation.verify_ledger(*agent);
      INFO(verified.output);
      CHECK(verified.status == 0);
      CHECK(std::filesystem::is_empty(agent->state() / "spool"));
    }
  }

  Federation federation;
  Gate gate;
  AgentProcess& answering;
  AgentProcess& asking;
  sample::SamplePatient patient;
  std::optional<RunningCommand> command;
};

}  // namespace

TEST_CASE("the answering agent is killed in the middle of a transfer") {
  Transfer transfer;
  transfer.begin();
  transfer.answering.kill_hard();
  REQUIRE(transfer.asking.entries("bundle.received").empty());
  transfer.answering.start();
  transfer.expect_completion();
  CHECK(transfer.command->wait().status == 0);  // it just waited
}

TEST_CASE("the asking agent is killed in the middle of a transfer") {
  Transfer transfer;
  transfer.begin();
  transfer.asking.kill_hard();
  REQUIRE(transfer.asking.entries("bundle.received").empty());
  CHECK(transfer.command->wait().status != 0);
  transfer.gate.open();
  transfer.asking.start();
  transfer.expect_completion();
}

TEST_CASE("the broker is killed in the middle of a transfer") {
  Transfer transfer;
  transfer.begin();
  transfer.federation.broker().kill_hard();
  REQUIRE(transfer.asking.entries("bundle.received").empty());
  transfer.federation.broker().restart();
  transfer.expect_completion();
  CHECK(transfer.command->wait().status == 0);
}

TEST_CASE("everybody is killed in the middle of a transfer, twice") {
  Transfer transfer;
  transfer.begin();
  for (int time = 0; time < 2; ++time) {
    transfer.answering.kill_hard();
    transfer.federation.broker().kill_hard();
    transfer.asking.kill_hard();
    REQUIRE(transfer.asking.entries("bundle.received").empty());
    transfer.federation.broker().restart();
    if (time == 0) transfer.gate.shut_after(kHeldAfter);
    if (time == 1) transfer.gate.open();
    transfer.asking.start();
    transfer.answering.launch();
    if (time == 0) REQUIRE(transfer.gate.wait_until_shut());
  }
  transfer.answering.wait_until_ready();
  transfer.expect_completion();
}

TEST_CASE("SIGTERM in the middle of a transfer ends each side with 0, and both go on after a restart") {
  Transfer transfer;
  transfer.begin();
  CHECK(transfer.answering.stop() == 0);
  CHECK(transfer.asking.stop() == 0);
  REQUIRE(transfer.asking.entries("bundle.received").empty());
  transfer.gate.open();
  transfer.asking.start();
  transfer.answering.start();
  transfer.expect_completion();
}

TEST_CASE("small requests go on while the answering agent and the broker are killed again and again") {
  constexpr std::size_t kRequests = 24, kKills = 4;
  Federation federation({EHR_AGENT, EHR_LEDGER, 2, {}, false});
  auto& answering = federation[0];
  auto& asking = federation[1];
  std::vector<sample::SamplePatient> patients;
  for (std::uint64_t index = 0; index < 4; ++index)
    patients.push_back(federation.give_patient(answering, index));
  federation.start();
  std::vector<RunningCommand> commands;
  for (std::size_t kill = 0; kill < kKills; ++kill) {
    for (std::size_t i = 0; i < kRequests / kKills; ++i) {
      const auto number = commands.size();
      commands.push_back(asking.command_beside({"request", answering.address().text(),
                                                identifier_of(patients[number % patients.size()]), "-o",
                                                federation.folder() / ("bundle-" + std::to_string(number))}));
    }
    // Somewhere between the first entry and the last receipt of this round; each round a little elsewhere.
    REQUIRE(
        eventually([&] { return answering.entries("bundle.issued").size() > kill * kRequests / kKills; }));
    answering.kill_hard();
    if (kill % 2 == 1) {
      federation.broker().kill_hard();
      federation.broker().restart();
    }
    answering.start();
  }
  for (auto& command : commands) {
    const auto asked = command.wait();
    INFO(asked.output << asking.log() << answering.log());
    REQUIRE(asked.status == 0);
  }
  CHECK(eventually([&] { return answering.entries("bundle.delivered").size() == kRequests; }));
  CHECK(answering.entries("bundle.issued").size() == kRequests);
  CHECK(asking.entries("bundle.received").size() == kRequests);
  for (std::size_t number = 0; number < kRequests; ++number)
    CHECK(asking.command({"bundle", "verify", federation.folder() / ("bundle-" + std::to_string(number))})
              .status == 0);
  for (const auto* agent : {&answering, &asking}) {
    const auto verified = federation.verify_ledger(*agent);
    INFO(verified.output);
    CHECK(verified.status == 0);
  }
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("memory follows the size of a bundle, not how many were sent or how often the line broke") {
  Transfer transfer;
  transfer.begin();
  transfer.federation.broker().kill_hard();
  transfer.federation.broker().restart();
  transfer.gate.open();
  REQUIRE(transfer.command->wait().status == 0);
  const auto file = transfer.federation.folder() / "again.json";
  const auto ask = [&](int times) {
    for (int time = 0; time < times; ++time) {
      const auto asked = transfer.asking.request(transfer.answering.address(),
                                                 identifier_of(transfer.patient), file, {"--everything"});
      INFO(asked.output);
      REQUIRE(asked.status == 0);
    }
  };
  ask(11);  // one bundle left behind by each would not fit
  // Base64 makes four bytes of three; a bundle is held as stored records, as text and for its signature, and
  // freed memory is kept for the next.
  const std::uint64_t bundle = kRecordBytes * 4 / 3, kept = 80u << 20;
  CHECK(transfer.answering.peak_memory_bytes() < 16 * bundle + kept);
  CHECK(transfer.asking.peak_memory_bytes() < 16 * bundle + kept);
}
#endif
