// A bundle comes before its ledger entry is witnessed: its proof is renewed when the cosignatures are there.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/federation.h"
#include "tests/support/ledger_status.h"
#include "tests/support/shared_data.h"

using namespace test_support;
namespace fs = std::filesystem;

namespace {

std::string state_of(const AgentProcess& agent, const fs::path& bundle) {
  return agent.command_json({"bundle", "verify", bundle}).at("exact_bytes").at("anchor").at("state");
}

}  // namespace

TEST_CASE("a proof from before a quorum was there is renewed with late cosignatures") {
  Federation federation({EHR_AGENT, EHR_LEDGER, 3, {}, false, 2});
  federation[0].start();
  federation[1].start();  // the third is away: one witness for either log
  auto& asker = federation[1];
  const auto patient = federation.give_patient(federation[0], 0);
  const auto file = federation.folder() / "bundle.json";
  const auto asked =
      asker.command_json({"request", federation[0].address().text(), identifier_of(patient), "-o", file});
  CHECK(asked.at("anchored") == "signed");
  const std::string id = asked.at("id");
  const fs::path proof = file.string() + ".proof";
  const auto before = read_file(proof);
  CHECK(state_of(asker, file) == "signed");
  const auto again = federation.folder() / "again.json";
  CHECK(asker.command_json({"bundle", "open", id, "-o", again}).at("anchored") == "signed");
  CHECK(read_file(again.string() + ".proof") == before);

  federation[2].start();
  const auto size = own_log(federation[0]).size;
  REQUIRE(eventually([&] { return log_at(asker, federation[0]).witnessed >= size; }));
  const auto opened = asker.command_json({"bundle", "open", id, "-o", file});
  CHECK(opened.at("anchored") == "witnessed");
  CHECK(opened.at("cosignatures") == 2);
  CHECK(read_file(file) == read_file(again));
  const auto renewed = read_file(proof);
  CHECK(renewed.starts_with(before));
  CHECK(state_of(asker, file) == "witnessed");
  const auto told = asker.command({"bundle", "verify", file});
  CHECK(told.output.find("2 witnesses: witnessed") != std::string::npos);
  // What follows the manifest is a proof of its own, for anybody.
  const auto receipt = federation.folder() / "entry.tlog-proof";
  std::ofstream(receipt) << renewed.substr(renewed.find('\n') + 1);
  const auto checked =
      federation.ledger_command({"check", receipt, "--federation", federation.first_version()});
  INFO(checked.output);
  CHECK(checked.status == 0);
  // Another entry's cosignatures prove nothing about this one.
  auto spoilt = renewed;
  const auto at = spoilt.find("\nindex ") + 7;
  spoilt[at] = spoilt[at] == '1' ? '2' : '1';
  std::ofstream(proof) << spoilt;
  CHECK(asker.command({"bundle", "verify", file}).status != 0);
}
