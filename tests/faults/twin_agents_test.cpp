// One log key in two machines: a clone, each with a state of its own. Whoever comes second is refused at the
// start, or both have signed and are convicted.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/federation.h"
#include "tests/support/ledger_status.h"

using namespace test_support;
namespace fs = std::filesystem;

namespace {

// An agent and its clone, of which one runs at a time: they share keys, certificate and address.
struct Twins {
  Twins() : federation(options()), original(agent().state()), clone(federation.folder() / "clone") {
    federation.start();
    grow(2);
    size = own_log(agent()).size;
    for (std::size_t i : {1U, 2U})
      REQUIRE(eventually([&] { return log_at(federation[i], agent()).held == size; }));
    stop_all();
    fs::copy(original, clone, fs::copy_options::recursive);
    fs::create_directory(clone.string() + "-guard");
    fs::copy(agent().folder() / "guard/guard", clone.string() + "-guard/guard");
  }
  static FederationOptions options() {
    FederationOptions made{EHR_AGENT, EHR_LEDGER, 3, {}, false, 1};
    made.consents = false;
    return made;
  }
  AgentProcess& agent() { return federation[0]; }
  void grow(int entries) {
    for (int i = 0; i < entries; ++i) agent().grant("any", "127.0.10.2", "TREAT");
  }
  void use(const fs::path& state) {
    agent().set_state(state);
    Settings settings;
    if (state == clone) settings["ledger.guard"] = '"' + clone.string() + "-guard/guard\"";
    federation.configure(0, settings);
  }
  void stop_all() {
    for (std::size_t i = 0; i < 3; ++i) {
      if (federation[i].running()) REQUIRE(federation[i].stop() == 0);
    }
  }
  // Nobody remembers what the broker retained.
  void forget_retained() {
    federation.broker().stop();
    federation.broker().restart();
  }

  Federation federation;
  fs::path original, clone;
  std::uint64_t size = 0;
};

}  // namespace

TEST_CASE_METHOD(Twins, "a clone that starts after the other has signed is refused") {
  federation.start();
  grow(1);
  REQUIRE(eventually([&] { return log_at(federation[1], agent()).held == size + 1; }));
  REQUIRE(agent().stop() == 0);
  use(clone);
  agent().start();
  INFO(agent().log());
  CHECK(own_log(agent()).frozen.find("another agent signs with this agent's log key") != std::string::npos);
  CHECK(agent()
            .command({"consent", "grant", "--patient", "any", "--peer", "127.0.10.2", "--purpose", "TREAT"})
            .status != 0);
  CHECK(own_log(agent()).size == size);
  CHECK(log_at(federation[1], agent()).state == "following");
}

TEST_CASE_METHOD(Twins, "two machines that have signed with one key are convicted when their hearers meet") {
  const auto log = agent().address().origin();
  // Here the one, there the other: neither could have heard of its twin.
  forget_retained();
  agent().start();
  federation[1].start();
  grow(1);
  REQUIRE(eventually([&] { return log_at(federation[1], log).held == size + 1; }));
  stop_all();
  forget_retained();
  use(clone);
  agent().start();
  federation[2].start();
  grow(1);
  INFO(agent().log());
  REQUIRE(eventually([&] { return log_at(federation[2], log).held == size + 1; }));
  // They meet. The clone is still running: it is told too.
  federation[1].start();
  INFO(federation[1].log() << federation[2].log());
  for (std::size_t i : {1U, 2U})
    CHECK(eventually([&] { return log_at(federation[i], log).state == "frozen"; }, 60));
  REQUIRE(agent().stop() == 0);
  // Neither twin may go on.
  for (const auto& state : {original, clone}) {
    use(state);
    agent().start();
    INFO(agent().log());
    CHECK(eventually([&] { return own_log(agent()).frozen.find("two histories") != std::string::npos; }));
    CHECK(own_log(agent()).size == size + 1);
    REQUIRE(agent().stop() == 0);
  }
  // The proof convinces anybody, offline.
  std::vector<nlohmann::json> proofs;
  for (std::size_t i : {1U, 2U}) {
    const auto found = federation[i].entries("equivocation");
    proofs.insert(proofs.end(), found.begin(), found.end());
  }
  REQUIRE_FALSE(proofs.empty());
  for (const auto& proof : proofs) {
    const auto file = federation.folder() / "proof.json";
    std::ofstream(file) << proof.dump();
    const auto checked =
        federation.ledger_command({"check", file, "--federation", federation.first_version()});
    INFO(checked.output);
    CHECK(checked.status == 0);
    CHECK(checked.output.find(log) != std::string::npos);
  }
}
