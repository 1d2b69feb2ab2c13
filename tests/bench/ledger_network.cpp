// The ledger as a network of real agents over a real broker with TLS: catching up a long log, and eight
// agents that append, replicate and witness at once.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "agent/adapters/agent_schema.h"
#include "agent/adapters/control_socket.h"
#include "agent/adapters/key_files.h"
#include "ledger-client/core/entry_rules.h"
#include "tests/bench/report.h"
#include "tests/support/federation.h"
#include "tests/support/ledger_status.h"
#include "tests/support/test_log.h"
#include "tests/support/test_peer.h"

namespace {

using nlohmann::json;
using test_support::AgentProcess;
using test_support::Federation;

constexpr std::uint64_t kMillion = 1'000'000;

test_support::FederationOptions agents(std::size_t count, std::size_t quorum) {
  test_support::FederationOptions options;
  options.agent_program = EHR_AGENT_PROGRAM;
  options.ledger_program = EHR_LEDGER_PROGRAM;
  options.agents = count;
  options.witness_quorum = quorum;
  return options;
}

// A log of `count` entries, signed by the agent's own key, as if it had been written over the years.
void fill_log(const AgentProcess& agent, std::uint64_t count) {
  std::filesystem::create_directories(agent.state());
  std::filesystem::create_directories(agent.folder() / "guard");
  edge::migrate_agent_tables(agent.database());
  const auto keys = edge::load_keys(agent.keys(), agent.address());
  ledger::JournalOptions options;
  options.database = agent.database();
  options.guard = agent.folder() / "guard" / "guard";
  options.origin = agent.address().origin();
  options.sign = [&](const std::string& text) { return sign_note(*keys.log.signer, keys.log.key, text); };
  options.now = test_support::system_now;
  ledger::Journal journal(std::move(options));
  std::vector<ledger::NewEntry> entries;
  for (std::uint64_t i = 0; i < count; ++i) {
    entries.push_back(test_support::issued(i));
    if (entries.size() < 5'000 && i + 1 < count) continue;
    if (!journal.append(std::move(entries))) throw std::runtime_error("the log can't be written");
    entries.clear();
  }
}

void catch_up() {
  Federation federation(agents(2, 0));
  auto& owner = federation[0];
  auto& newcomer = federation[1];
  fill_log(owner, kMillion);
  owner.start();
  newcomer.start();
  while (test_support::log_at(newcomer, owner).held == 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const std::uint64_t before = test_support::log_at(newcomer, owner).held;
  const double spent = bench::seconds([&] {
    while (test_support::log_at(newcomer, owner).held < kMillion)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
  });
  const double rate = static_cast<double>(kMillion - before) / spent;
  bench::report("catch-up of 1,000,000 entries", bench::per_second(rate), "30000/s", rate / 30'000, ">= 1");
  for (const auto& [name, agent] : {std::pair("who catches up", &newcomer), std::pair("the owner", &owner)}) {
    const double mebibytes = static_cast<double>(agent->peak_memory_bytes()) / (1U << 20U);
    char text[32];
    std::snprintf(text, sizeof text, "%.0f MiB", mebibytes);
    bench::report(std::string("peak memory of ") + name, text, "128 MiB", mebibytes / 128, "<= 1");
  }
}

// Requests of one agent to its neighbour at a steady pace. Each leaves two entries there and one here.
void ask_steadily(AgentProcess& asking, const ledger::Address& peer, const json& patient,
                  std::chrono::milliseconds pace, const std::atomic<bool>& stop) {
  edge::ControlChannel channel(edge::connect_control(asking.folder() / "control.sock"));
  auto next = std::chrono::steady_clock::now();
  while (!stop) {
    channel.send('C', json{{"command", "request"}, {"peer", peer.text()}, {"purpose", "TREAT"}}.dump());
    channel.send('D', patient.dump());
    while (const auto frame = channel.receive()) {
      if (frame->kind == 'E') throw std::runtime_error(frame->payload);
      if (frame->kind == 'R') break;
    }
    next += pace;
    std::this_thread::sleep_until(next);
  }
}

// `ehr-agent status` without a process for each look.
class Watcher {
 public:
  explicit Watcher(const AgentProcess& agent)
      : channel_(edge::connect_control(agent.folder() / "control.sock")) {}
  json ledger() {
    channel_.send('C', json{{"command", "status"}}.dump());
    const auto frame = channel_.receive();
    if (!frame || frame->kind != 'R') throw std::runtime_error("an agent hung up");
    return json::parse(frame->payload).at("ledger");
  }

 private:
  edge::ControlChannel channel_;
};

struct Lag {
  double replica = 0, witnessed = 0;  // seconds, the worst
};

bool holds_all(const json& ledger, const std::map<std::string, std::uint64_t>& sizes) {
  return std::all_of(ledger.at("others").begin(), ledger.at("others").end(), [&](const json& log) {
    return log.at("held").get<std::uint64_t>() >= sizes.at(log.at("origin"));
  });
}

// How long until everybody holds, and a quorum has cosigned, what each log held now.
Lag lag_now(std::vector<Watcher>& watchers) {
  std::map<std::string, std::uint64_t> sizes;
  for (auto& watcher : watchers) {
    const json ledger = watcher.ledger();
    sizes[ledger.at("origin")] = ledger.at("size");
  }
  const auto start = std::chrono::steady_clock::now();
  const auto since = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const auto wait_until = [&](Watcher& watcher, const auto& met) {
    while (since() < 30 && !met(watcher.ledger())) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  };
  Lag lag;
  for (auto& watcher : watchers)
    wait_until(watcher, [&](const json& ledger) { return holds_all(ledger, sizes); });
  lag.replica = since();
  for (auto& watcher : watchers) {
    wait_until(watcher, [&](const json& ledger) {
      return ledger.at("witnessed").get<std::uint64_t>() >= sizes.at(ledger.at("origin"));
    });
  }
  lag.witnessed = since();
  return lag;
}

std::uint64_t entries(std::vector<Watcher>& watchers) {
  std::uint64_t sum = 0;
  for (auto& watcher : watchers) sum += watcher.ledger().at("size").get<std::uint64_t>();
  return sum;
}

void steady_state() {
  constexpr std::size_t kAgents = 8;
  constexpr int kSeconds = 10;
  Federation federation(agents(kAgents, 5));
  std::vector<json> patients;
  for (std::size_t i = 0; i < kAgents; ++i) {
    const auto patient = federation.give_patient(federation[i], i);
    patients.push_back({{"system", patient.identifier_system}, {"value", patient.identifier_value}});
  }
  federation.start();
  std::atomic<bool> stop{false};
  std::vector<std::jthread> callers;
  const auto pace = std::chrono::milliseconds(150);  // 20 entries a second and agent
  for (std::size_t i = 0; i < kAgents; ++i) {
    const std::size_t peer = (i + 1) % kAgents;
    callers.emplace_back([&, i, peer] {
      ask_steadily(federation[i], federation[peer].address(), patients[peer], pace, stop);
    });
  }
  std::vector<Watcher> watchers;
  for (std::size_t i = 0; i < kAgents; ++i) watchers.emplace_back(federation[i]);
  const std::uint64_t before = entries(watchers);
  std::uint64_t after = 0;
  Lag worst;
  const double spent = bench::seconds([&] {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(kSeconds);
    while (std::chrono::steady_clock::now() < end) {
      const Lag lag = lag_now(watchers);
      worst.replica = std::max(worst.replica, lag.replica);
      worst.witnessed = std::max(worst.witnessed, lag.witnessed);
    }
    after = entries(watchers);
  });
  stop = true;
  callers.clear();
  const double rate = static_cast<double>(after - before) / spent / kAgents;
  bench::report("8 agents: entries a second and agent", bench::per_second(rate), "20/s", rate / 20, "");
  bench::report("8 agents: worst time until all replicas hold an entry", bench::milliseconds(worst.replica),
                "2 s", worst.replica / 2, "<= 1");
  bench::report("8 agents: worst time until every entry is witnessed", bench::milliseconds(worst.witnessed),
                "2 s", worst.witnessed / 2, "");
}

}  // namespace

int main() {
  try {
    catch_up();
    steady_state();
    return 0;
  } catch (const std::exception& fault) {
    std::fprintf(stderr, "ledger_network: %s\n", fault.what());
    return 70;
  }
}
