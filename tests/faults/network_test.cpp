// The ledger as a network: real agents that replicate and witness each other's logs.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/adapters/ledger_answers.h"
#include "ledger-client/store/replica.h"
#include "tests/support/federation.h"
#include "tests/support/ledger_status.h"

using namespace test_support;

namespace {

FederationOptions three_witnesses() {
  FederationOptions options{EHR_AGENT, EHR_LEDGER, 3, {}, false, 2};
  options.settings = {{"ledger.interval", "\"2s\""}};
  return options;
}

}  // namespace

TEST_CASE("every log is replicated and witnessed by the others") {
  Federation federation(three_witnesses());
  federation.start();
  const auto patient = federation.give_patient(federation[0], 0);
  const auto file = federation.folder() / "bundle.json";
  for (int i = 0; i < 3; ++i) {
    REQUIRE(federation[1].request(federation[0].address(), identifier_of(patient), file).status == 0);
  }
  for (std::size_t i = 0; i < 3; ++i) {
    INFO(federation[i].log());
    CHECK(eventually([&] { return own_log(federation[i]).witnessed >= 3; }));
    for (std::size_t j = 0; j < 3; ++j) {
      if (i == j) continue;
      CHECK(eventually([&] {
        const auto held = log_at(federation[i], federation[j]);
        return held.held >= 3 && held.held == held.known && held.witnessed >= 3;
      }));
    }
  }
  CHECK(eventually([&] { return federation[2].entries("peer-checkpoint").size() >= 2; }));
  // Whoever reads the database sees it too.
  const auto verified = federation.verify_ledger(federation[0]);
  INFO(verified.output);
  CHECK(verified.status == 0);
  CHECK(verified.output.find("2 witnesses") != std::string::npos);
  CHECK(verified.output.find("witnessed up to") != std::string::npos);
}

TEST_CASE("who was away, or is new, catches up, from others when the owner is away") {
  Federation federation(three_witnesses());
  federation.start();
  const auto patient = federation.give_patient(federation[0], 0);
  const auto file = federation.folder() / "bundle.json";
  REQUIRE(eventually([&] { return own_log(federation[0]).comparison == "done"; }));
  CHECK(federation[2].stop() == 0);
  for (int i = 0; i < 5; ++i) {
    REQUIRE(federation[1].request(federation[0].address(), identifier_of(patient), file).status == 0);
  }
  REQUIRE(eventually([&] { return log_at(federation[1], federation[0]).held >= 10; }));
  CHECK(federation[0].stop() == 0);
  // As if the machine were new: nothing of others' logs is left.
  std::filesystem::remove_all(federation[2].state() / "replicas");
  federation[2].start();
  INFO(federation[2].log());
  CHECK(eventually([&] { return log_at(federation[2], federation[0]).held >= 10; }));
}

TEST_CASE("a damaged replica is found, cut and fetched again") {
  Federation federation(three_witnesses());
  federation.start();
  const auto patient = federation.give_patient(federation[0], 0);
  const auto file = federation.folder() / "bundle.json";
  REQUIRE(federation[1].request(federation[0].address(), identifier_of(patient), file).status == 0);
  REQUIRE(eventually([&] { return log_at(federation[2], federation[0]).held >= 2; }));
  CHECK(federation[2].stop() == 0);
  const auto replica = edge::replica_file(federation[2].state(), federation[0].address().origin());
  {
    ledger::sqlite::Database database(replica, ledger::sqlite::Mode::kReadWrite);
    database.exec("UPDATE ledger_entry SET line = replace(line, 'consent', 'konsent') WHERE idx = 0");
  }
  federation[2].start();
  INFO(federation[2].log());
  CHECK(eventually([&] {
    return federation[2].log().find("is damaged at entry 0") != std::string::npos &&
           log_at(federation[2], federation[0]).held >= 2;
  }));
  CHECK(federation[2].stop() == 0);
  ledger::Replica healed(replica, federation[0].address().origin());
  CHECK_FALSE(healed.first_damage());
}

TEST_CASE("a bundle is handed out only when its entry is witnessed, where that is demanded") {
  auto options = three_witnesses();
  options.settings["anchor.require"] = "\"witnessed\"";
  Federation federation(options);
  federation.start();
  const auto patient = federation.give_patient(federation[0], 0);
  const auto file = federation.folder() / "bundle.json";
  const auto asked = federation[1].request(federation[0].address(), identifier_of(patient), file);
  INFO(asked.output << federation[0].log() << federation[1].log());
  REQUIRE(asked.status == 0);
  const auto verified = federation[1].command_json({"bundle", "verify", file});
  CHECK(verified.dump().find("\"cosignatures\":2") != std::string::npos);
}
