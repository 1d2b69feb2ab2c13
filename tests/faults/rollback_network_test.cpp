// Accidents with an agent's own log, with real agents that remember it.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/federation.h"
#include "tests/support/ledger_status.h"

using namespace test_support;
namespace fs = std::filesystem;

namespace {

FederationOptions three_witnesses() {
  FederationOptions options{EHR_AGENT, EHR_LEDGER, 3, {}, false, 2};
  options.settings = {{"ledger.interval", "\"1h\""}};
  return options;
}

fs::path guard_of(const AgentProcess& agent) {
  return agent.folder() / "guard" / "guard";
}

void copy_into(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
}

// An agent whose state is from before its last disclosures.
struct RolledBack {
  explicit RolledBack(bool with_guard) : federation(three_witnesses()) {
    federation.start();
    patient = federation.give_patient(agent(), 0);
    ask();
    REQUIRE(eventually([&] { return log_at(federation[1], agent()).held >= 2; }));
    REQUIRE(agent().stop() == 0);
    const auto copy = federation.folder() / "yesterday";
    copy_into(agent().state(), copy / "state");
    fs::copy_file(guard_of(agent()), copy / "guard");
    agent().start();
    ask();
    ask();
    size = own_log(agent()).size;
    REQUIRE(eventually([&] { return log_at(federation[1], agent()).held >= size; }));
    REQUIRE(eventually([&] { return log_at(federation[2], agent()).held >= size; }));
    REQUIRE(agent().stop() == 0);
    fs::remove_all(agent().state());
    copy_into(copy / "state", agent().state());
    if (with_guard) fs::copy_file(copy / "guard", guard_of(agent()), fs::copy_options::overwrite_existing);
  }
  AgentProcess& agent() { return federation[0]; }
  void ask() {
    const auto asked =
        federation[1].request(agent().address(), identifier_of(patient), federation.folder() / "bundle.json");
    INFO(asked.output << agent().log());
    REQUIRE(asked.status == 0);
  }
  void recover_and_go_on() {
    const auto recovered = agent().command({"ledger", "recover"});
    INFO(recovered.output << agent().log());
    REQUIRE(recovered.status == 0);
    CHECK(own_log(agent()).frozen.empty());
    CHECK(own_log(agent()).comparison == "done");
    CHECK(own_log(agent()).size >= size);
    ask();
    CHECK(federation.verify_ledger(agent()).status == 0);
    CHECK(eventually([&] { return log_at(federation[2], agent()).held > size; }));
    CHECK(log_at(federation[2], agent()).state != "frozen");
  }

  Federation federation;
  sample::SamplePatient patient;
  std::uint64_t size = 0;
};

}  // namespace

TEST_CASE("a restored backup is refused by the guard file, and recovered from the others") {
  RolledBack accident(false);
  accident.agent().start();
  CHECK(own_log(accident.agent()).frozen.find("ledger recover") != std::string::npos);
  CHECK(accident.federation[1]
            .request(accident.agent().address(), identifier_of(accident.patient),
                     accident.federation.folder() / "b.json")
            .status != 0);
  accident.recover_and_go_on();
}

TEST_CASE("a restored backup is refused by the guard file alone, with the other members away") {
  RolledBack accident(false);
  CHECK(accident.federation[1].stop() == 0);
  CHECK(accident.federation[2].stop() == 0);
  accident.agent().start();
  CHECK(own_log(accident.agent()).frozen.find("ledger recover") != std::string::npos);
  const auto alone = accident.agent().command({"ledger", "recover"});
  INFO(alone.output);
  CHECK(alone.status != 0);
  CHECK_FALSE(own_log(accident.agent()).frozen.empty());
  accident.federation[1].start();
  accident.federation[2].start();
  accident.recover_and_go_on();
}

TEST_CASE("a backup restored with its guard file is refused by what others remember") {
  RolledBack accident(true);
  accident.agent().start();
  INFO(accident.agent().log());
  CHECK(own_log(accident.agent()).frozen.find("was rolled back") != std::string::npos);
  accident.recover_and_go_on();
}

TEST_CASE("with the other members away, the broker's retained checkpoint tells") {
  RolledBack accident(true);
  CHECK(accident.federation[1].stop() == 0);
  CHECK(accident.federation[2].stop() == 0);
  accident.agent().start();
  CHECK(own_log(accident.agent()).frozen.find("was rolled back") != std::string::npos);
  const auto alone = accident.agent().command({"ledger", "recover"});
  INFO(alone.output);
  CHECK(alone.status != 0);
  accident.federation[1].start();
  accident.federation[2].start();
  accident.recover_and_go_on();
}

TEST_CASE("a lost guard file stops signing until the others have been asked") {
  Federation federation(three_witnesses());
  federation.start();
  const auto patient = federation.give_patient(federation[0], 0);
  const auto file = federation.folder() / "bundle.json";
  REQUIRE(federation[1].request(federation[0].address(), identifier_of(patient), file).status == 0);
  REQUIRE(eventually([&] { return log_at(federation[1], federation[0]).held >= 2; }));
  REQUIRE(federation[0].stop() == 0);
  fs::remove(guard_of(federation[0]));
  federation[0].start();
  CHECK(own_log(federation[0]).frozen.find("guard file") != std::string::npos);
  const auto recovered = federation[0].command({"ledger", "recover"});
  INFO(recovered.output << federation[0].log());
  CHECK(recovered.status == 0);
  CHECK(federation[1].request(federation[0].address(), identifier_of(patient), file).status == 0);
}
