// Keys change while agents run: rotated through the federation under load, revoked at once.
#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "ledger-client/core/proof.h"
#include "ledger-client/store/log_reader.h"
#include "tests/support/federation.h"
#include "tests/support/require_command.h"
#include "tests/support/shared_data.h"

using namespace test_support;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

std::uint64_t version_of(const AgentProcess& agent) {
  return agent.command_json({"status"}).at("federation").at("version").get<std::uint64_t>();
}

// Where the bundle with this request's id is anchored in its signer's log.
std::uint64_t index_of(const AgentProcess& receiver, const std::string& request) {
  for (const auto& entry : receiver.entries("bundle.received")) {
    if (entry.at("request") == request) return entry.at("issued_index").get<std::uint64_t>();
  }
  return 0;
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
  CHECK(answering.counter("requests_refused") == 0);
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

TEST_CASE(
    "a revoked key signs nothing more, peers refuse it when they see the entry, another takes its place") {
  Federation federation({EHR_AGENT, EHR_LEDGER, 2, {}, false});
  federation.start();
  auto &revoking = federation[0], &peer = federation[1];
  const auto patient = identifier_of(federation.give_patient(revoking, 0));
  const auto before = federation.folder() / "before.json";
  require(peer.request(revoking.address(), patient, before));
  // Made, not listed yet: it can't take the place.
  const auto announcement = federation.folder() / "rotation.jws";
  require(revoking.command({"keys", "rotate", "sign", "-o", announcement}));
  const auto revoked = revoking.command({"keys", "revoke", "sign-1", "--reason", "compromised"});
  require(revoked);
  CHECK(revoked.output.find("nothing can be signed") != std::string::npos);
  CHECK(revoking.command({"keys", "revoke", "sign-1", "--reason", "lost"}).status != 0);
  REQUIRE(eventually([&] { return peer.log().find("a member's log revokes a key") != std::string::npos; }));
  const auto refused = revoking.command({"ping", peer.address().text(), "--timeout", "2s"});
  CHECK(refused.status != 0);
  CHECK(peer.request(revoking.address(), patient, federation.folder() / "no.json", {"--timeout", "2s"})
            .status != 0);
  // Kept over a restart.
  REQUIRE(revoking.stop() == 0);
  revoking.start();
  CHECK(revoking.entries("key.revoked").size() == 1);

  // The announcement was signed before: what the admins do with it is theirs to decide.
  const auto draft =
      federation.draft(federation.first_version(), {"--rotate", announcement}, {"alice", "bob"});
  require(peer.command({"federation", "publish", draft}));
  REQUIRE(eventually([&] { return version_of(revoking) == 2; }));
  require(peer.request(revoking.address(), patient, federation.folder() / "after.json"));
  CHECK(revoking.entries("key.rotated").empty());
  // What was anchored before stays valid, as the log says.
  require(peer.command({"bundle", "verify", before, "--log", revoking.database()}));
}

TEST_CASE(
    "a federation's cutoff: what a revoked member anchored below it stays valid, suspect from where it "
    "says") {
  Federation federation({EHR_AGENT, EHR_LEDGER, 3, {}, false, 2});
  federation.start();
  auto &leaving = federation[0], &staying = federation[1];
  const auto patient = identifier_of(federation.give_patient(leaving, 0));
  std::vector<fs::path> bundles;
  std::vector<std::uint64_t> places;
  for (const std::string name : {"first.json", "second.json", "third.json"}) {
    bundles.push_back(federation.folder() / name);
    require(staying.request(leaving.address(), patient, bundles.back()));
    places.push_back(leaving.command_json({"status"}).at("ledger").at("size").get<std::uint64_t>());
  }
  const auto witnessed = [&] {
    const json status = staying.command_json({"status"});
    for (const auto& log : status.at("ledger").at("others")) {
      if (log.at("origin") == leaving.address().origin()) return log.at("witnessed").get<std::uint64_t>();
    }
    return std::uint64_t{0};
  };
  REQUIRE(eventually([&] { return witnessed() >= places.back(); }));
  // The proposer's agent knows the newest witnessed checkpoint.
  const auto draft = federation.folder() / "draft.json";
  const std::string address = leaving.address().text();
  require(staying.command({"federation", "propose", "--revoke", address, "--suspect-from",
                           address + "=" + std::to_string(places[1]), "-o", draft}));
  const auto shown = staying.command({"federation", "show", draft});
  INFO(shown.output);
  CHECK(shown.output.find("stays valid (root ") != std::string::npos);
  CHECK(shown.output.find("without a cutoff") == std::string::npos);
  for (const auto* admin : {"alice", "bob"})
    require(staying.command({"federation", "approve", draft, "--key", federation.admin_key(admin), "--yes"}));
  require(staying.command({"federation", "publish", draft}));
  REQUIRE(eventually([&] { return version_of(staying) == 2; }));
  const auto document = federation.folder() / "version-2.json";
  require(staying.command(
      {"federation", "publish", draft, "--current", federation.first_version(), "-o", document}));

  // Judged where they lie: below suspect_from, and between it and the cutoff.
  for (const auto& [bundle, suspect] : {std::pair{bundles[0], false}, {bundles[2], true}}) {
    const auto verified =
        staying.command({"bundle", "verify", bundle, "--log", leaving.database(), "--federation", document});
    INFO(verified.output);
    CHECK(verified.status == 0);
    CHECK((verified.output.find("SUSPECT") != std::string::npos) == suspect);
  }
  // On an agent's own machine the document in force and the copy of the log are found without being named.
  const auto found = staying.command_json({"bundle", "verify", bundles[2]});
  CHECK(found.at("key").at("suspect") == true);
  CHECK(leaving.command_json({"status"}).at("federation").at("standing") == "revoked");
  CHECK(staying.command_json({"status"}).at("federation").at("standing") == "active");
  CHECK(leaving.log().find("does not list this agent as active") != std::string::npos);
  const auto foreign = staying.command(
      {"bundle", "verify", bundles[0], "--log", staying.database(), "--federation", document});
  CHECK(foreign.status == 65);
  CHECK(foreign.output.find("replicas/ehr_" + ledger::Address::parse(address)->topic_form() + ".db") !=
        std::string::npos);
  std::vector<std::string> ids;
  for (const auto& entry : staying.entries("bundle.received")) ids.push_back(entry.at("request"));
  REQUIRE(ids.size() == 3);
  const auto again = staying.command({"bundle", "open", ids[0], "-o", federation.folder() / "again.json"});
  INFO(again.output);
  CHECK(again.status == 0);
  CHECK(again.output.find("suspect") == std::string::npos);
  const auto doubtful = staying.command({"bundle", "open", ids[2], "-o", federation.folder() / "doubt.json"});
  INFO(doubtful.output);
  CHECK(doubtful.status == 0);
  CHECK(doubtful.output.find("suspect") != std::string::npos);

  // The boundaries, at the receiver: a bundle below the cutoff and at it, below suspect_from and at it.
  const auto place = leaving.entries("bundle.issued").size() == 3 ? index_of(staying, ids[1]) : 0;
  REQUIRE(place > 0);
  const ledger::LogReader log(leaving.database());
  const auto root_at = [&](std::uint64_t size) {
    return ledger::to_hex(ledger::root_from_nodes(
        size, [&](unsigned level, std::uint64_t index) { return log.node(level, index); }));
  };
  auto current = document;
  std::uint64_t version = 2;
  const auto judged = [&](std::uint64_t size, const std::string& root, std::optional<std::uint64_t> suspect) {
    json member = json::parse(staying.command({"federation", "show", "--json"}).output).at("members").at(0);
    member["revocation"] = {
        {"cutoff", {{"origin", leaving.address().origin()}, {"size", size}, {"root", root}}}};
    if (suspect) member["revocation"]["suspect_from"] = *suspect;
    const auto file = federation.folder() / "member.json";
    std::ofstream(file) << member;
    current = federation.next_version(current, {"--join", file});
    require(staying.command({"federation", "publish", federation.newest_draft()}));
    ++version;
    REQUIRE(eventually([&] { return version_of(staying) == version; }));
    const auto result =
        staying.command({"bundle", "open", ids[1], "-o", federation.folder() / "judged.json"});
    INFO(result.output);
    if (result.status != 0) return std::string("refused");
    return std::string(result.output.find("suspect") == std::string::npos ? "valid" : "suspect");
  };
  CHECK(judged(place + 1, root_at(place + 1), std::nullopt) == "valid");
  CHECK(judged(place, root_at(place), std::nullopt) == "refused");
  // Here the document alone says so, wherever the log is.
  const auto above = staying.command({"bundle", "verify", bundles[1], "--federation", current});
  CHECK(above.status == 65);
  CHECK(above.output.find("at or after the cutoff") != std::string::npos);
  CHECK(judged(place + 1, root_at(place + 1), place + 1) == "valid");
  CHECK(judged(place + 1, root_at(place + 1), place) == "suspect");
  CHECK(judged(place + 1, root_at(place), std::nullopt) == "refused");
}

TEST_CASE("who proposes a revocation is told of entries that no quorum has witnessed yet") {
  Federation federation({EHR_AGENT, EHR_LEDGER, 3, {}, false, 2});
  federation.start();
  auto &leaving = federation[0], &staying = federation[1];
  const auto patient = identifier_of(federation.give_patient(leaving, 0));
  require(staying.request(leaving.address(), patient, federation.folder() / "first.json"));
  const auto log_of_leaving = [&](const char* field) {
    const json status = staying.command_json({"status"});
    for (const auto& log : status.at("ledger").at("others"))
      if (log.at("origin") == leaving.address().origin()) return log.at(field).get<std::uint64_t>();
    return std::uint64_t{0};
  };
  REQUIRE(eventually([&] { return log_of_leaving("witnessed") > 0; }));
  const auto propose = [&] {
    return staying.command({"federation", "propose", "--revoke", leaving.address().text(), "-o",
                            federation.folder() / "draft.json"});
  };
  CHECK(eventually([&] { return propose().output.find("are not witnessed") == std::string::npos; }));
  REQUIRE(federation[2].stop() == 0);  // one witness is left, of two
  require(staying.request(leaving.address(), patient, federation.folder() / "second.json"));
  REQUIRE(eventually([&] { return log_of_leaving("known") > log_of_leaving("witnessed"); }));
  const auto proposed = propose();
  INFO(proposed.output);
  CHECK(proposed.status == 0);
  CHECK(proposed.output.find("are not witnessed: what they anchor will be refused") != std::string::npos);
}
