// Accidents of single members of the ledger network: a witness that dies in the middle of its work, a lost
// WAL, a log that falls silent.
#include <catch2/catch.hpp>
#include <csignal>
#include <nlohmann/json.hpp>

#include "agent/adapters/witness_store.h"
#include "ledger-client/core/alert.h"
#include "ledger-client/store/log_reader.h"
#include "tests/faults/meddler.h"
#include "tests/support/federation.h"
#include "tests/support/ledger_status.h"

using namespace test_support;
namespace fs = std::filesystem;

namespace {

FederationOptions witnesses(std::size_t agents, std::size_t quorum, const char* interval) {
  FederationOptions options{EHR_AGENT, EHR_LEDGER, agents, {}, true, quorum};
  options.settings = {{"ledger.interval", interval}};
  options.consents = false;
  return options;
}

void grow(AgentProcess& agent, int entries) {
  for (int i = 0; i < entries; ++i) agent.grant("any", "127.0.10.2", "TREAT");
}

// Ends by a disk synchronisation of network.db's WAL: what is committed then is written, and nothing that
// follows it is done. A new WAL is synchronised once more before its first commit, for its header.
std::vector<std::string> killed_at_sync(const AgentProcess& agent, int when) {
  return {"strace", "-D",
          "-f",     "-qq",
          "-o",     agent.folder() / "strace",
          "-P",     agent.state() / "network.db-wal",
          "-e",     "trace=fdatasync,fsync",
          "-e",     "inject=fdatasync,fsync:signal=KILL:when=" + std::to_string(when)};
}

std::uint64_t remembered(const AgentProcess& witness, const AgentProcess& owner) {
  const auto record = edge::WitnessStore(witness.state() / "network.db").record(owner.address().origin());
  return record ? record->size : 0;
}

}  // namespace

TEST_CASE("a witness killed between storing and signing remembers, and cosigns the same tree again") {
  Federation federation(witnesses(3, 2, "\"1h\""));
  federation.start();
  auto& owner = federation[0];
  auto& witness = federation[2];
  grow(owner, 2);
  auto signed_size = own_log(owner).size;
  REQUIRE(eventually([&] { return own_log(owner).witnessed == signed_size; }));
  REQUIRE(witness.stop() == 0);
  grow(owner, 2);
  auto size = own_log(owner).size;

  int stored_unsigned = 0;
  for (int attempt = 0; attempt < 8 && stored_unsigned < 2; ++attempt) {
    witness.launch_under(killed_at_sync(witness, 2 - attempt % 2));
    if (!eventually([&] { return !witness.running(); }, 5)) {  // it had less to store
      witness.kill_hard();
    }
    const auto largest = remembered(witness, owner);
    INFO("attempt " << attempt << ", remembered " << largest << '\n' << witness.log());
    REQUIRE(largest >= signed_size);
    const auto witnessed = own_log(owner).witnessed;
    CHECK(witnessed <= largest);
    if (largest == size && witnessed < size) ++stored_unsigned;
    if (witnessed < size) continue;
    signed_size = size;
    grow(owner, 1);
    ++size;
  }
  CHECK(stored_unsigned > 0);

  witness.start();
  INFO(witness.log());
  CHECK(eventually([&] { return own_log(owner).witnessed == size; }));
  // No log is stuck: new entries of both others are witnessed too.
  grow(owner, 1);
  grow(federation[1], 1);
  CHECK(eventually([&] {
    return own_log(owner).witnessed == size + 1 &&
           own_log(federation[1]).witnessed == own_log(federation[1]).size;
  }));
  // All that it ever published about this log: each is for a tree as large as the one before, or larger.
  REQUIRE(witness.stop() == 0);
  CHECK(remembered(witness, owner) == size + 1);
  const ledger::LogReader log(owner.database());
  const auto record = edge::WitnessStore(witness.state() / "network.db").record(owner.address().origin());
  REQUIRE(record);
  CHECK(record->root == ledger::root_from_nodes(record->size, [&](unsigned level, std::uint64_t index) {
          return log.node(level, index);
        }));
}

TEST_CASE("a lost WAL is noticed while the others are there, and recovered from them") {
  Federation federation(witnesses(2, 1, "\"1h\""));
  auto& agent = federation[0];
  federation.start();
  grow(agent, 1);
  REQUIRE(agent.stop() == 0);  // what is here now is in the database itself
  agent.start();
  grow(agent, 3);
  const auto size = own_log(agent).size;
  REQUIRE(eventually([&] { return log_at(federation[1], agent).held == size; }));
  agent.kill_hard();
  REQUIRE(fs::file_size(agent.database().string() + "-wal") > 0);
  for (const char* suffix : {"-wal", "-shm"}) fs::remove(agent.database().string() + suffix);

  agent.start();
  CHECK(own_log(agent).size < size);
  CHECK(own_log(agent).frozen.find("ledger recover") != std::string::npos);
  CHECK(agent.command({"consent", "grant", "--patient", "any", "--peer", "127.0.10.2", "--purpose", "TREAT"})
            .status != 0);
  CHECK(log_at(federation[1], agent).held == size);
  const auto recovered = agent.command({"ledger", "recover"});
  INFO(recovered.output << agent.log());
  REQUIRE(recovered.status == 0);
  CHECK(own_log(agent).frozen.empty());
  CHECK(own_log(agent).size == size);
  grow(agent, 1);
  CHECK(eventually([&] { return log_at(federation[1], agent).held == size + 1; }));
  CHECK(eventually([&] { return own_log(agent).witnessed == size + 1; }));
  CHECK(federation.verify_ledger(agent).status == 0);
}

TEST_CASE("a log that falls silent is alerted once, and once when it is heard again") {
  Federation federation(witnesses(2, 1, "\"1s\""));
  federation.start();
  Meddler meddler(federation.broker());
  auto& silent = federation[0];
  auto& watcher = federation[1];
  const auto alerts = [&](ledger::AlertCode code) {
    int count = 0;
    for (const auto& message : meddler.heard(ledger::topics::alerts(watcher.address()))) {
      const auto alert = ledger::parse_alert(message);
      if (alert && alert->code == code && alert->origin == silent.address().origin()) ++count;
    }
    return count;
  };
  REQUIRE(eventually([&] { return log_at(watcher, silent).state == "following"; }));
  silent.kill_hard();
  CHECK(eventually([&] { return alerts(ledger::AlertCode::kStale) == 1; }));
  CHECK(log_at(watcher, silent).state == "stale");
  std::this_thread::sleep_for(std::chrono::seconds(4));  // longer than until it was stale
  CHECK(alerts(ledger::AlertCode::kStale) == 1);
  silent.start();
  CHECK(eventually([&] { return alerts(ledger::AlertCode::kFresh) == 1; }));
  CHECK(log_at(watcher, silent).state != "stale");
  std::this_thread::sleep_for(std::chrono::seconds(1));
  CHECK(alerts(ledger::AlertCode::kStale) == 1);
  CHECK(alerts(ledger::AlertCode::kFresh) == 1);
}
