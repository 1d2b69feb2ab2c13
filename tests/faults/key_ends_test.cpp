// Where a key ends, at the receiver: by an entry of its own log, and by a cutoff that `federation propose`
// was given.
#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/core/bundle_proof.h"
#include "tests/faults/lying_agent.h"
#include "tests/support/federation.h"
#include "tests/support/require_command.h"
#include "tests/support/shared_data.h"

using namespace test_support;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

// What the receiver says of a bundle it has, judged now.
std::string judged(const AgentProcess& receiver, const std::string& request, const fs::path& output) {
  const auto opened = receiver.command({"bundle", "open", request, "-o", output});
  UNSCOPED_INFO(opened.output);
  if (opened.status != 0) return "refused";
  return opened.output.find("suspect") == std::string::npos ? "valid" : "suspect";
}

}  // namespace

TEST_CASE("a key revoked in its own log counts below that entry alone, suspect from where it says") {
  Federation federation({EHR_AGENT, EHR_LEDGER, 2, {}, false});
  auto& asking = federation[1];
  const auto patient = identifier_of(federation.give_patient(federation[0], 0));
  // It signs on with a key that its log has ended.
  LyingAgent liar(federation.broker(), federation.document(), federation[0]);
  asking.start();
  const auto output = federation.folder() / "bundle.json";
  struct Given {
    std::string request;
    std::uint64_t place = 0;
  };
  const auto give = [&] {
    auto command = asking.command_beside({"request", federation[0].address().text(), patient, "-o", output});
    const auto answer = liar.answer(liar.next_request(asking.address()));
    liar.send_manifest(answer);
    require(command.wait());
    return Given{answer.manifest.envelope.id, answer.manifest.anchor.value().index};
  };
  const Given sound = give(), doubtful = give();
  REQUIRE(doubtful.place == sound.place + 1);
  const auto revocation = liar.revoke_signing_key(doubtful.place);
  REQUIRE(revocation == doubtful.place + 1);
  // Nobody has told the receiver yet.
  const Given above = give();
  REQUIRE(above.place == revocation + 1);
  for (const Given& given : {sound, doubtful, above}) CHECK(judged(asking, given.request, output) == "valid");

  liar.publish_log();
  REQUIRE(eventually([&] { return asking.log().find("a member's log revokes a key") != std::string::npos; }));
  CHECK(judged(asking, sound.request, output) == "valid");
  CHECK(judged(asking, doubtful.request, output) == "suspect");
  CHECK(judged(asking, above.request, output) == "refused");
  // And it is told nothing new with that key.
  auto command = asking.command_beside(
      {"request", federation[0].address().text(), patient, "-o", output, "--timeout", "2s"});
  liar.send_manifest(liar.answer(liar.next_request(asking.address())));
  CHECK(command.wait().status != 0);
  // Kept over a restart.
  REQUIRE(asking.stop() == 0);
  asking.start();
  CHECK(judged(asking, sound.request, output) == "valid");
  CHECK(judged(asking, above.request, output) == "refused");
}

TEST_CASE("what was received before its key's end was known is judged again by itself, over a kill too") {
  Federation federation({EHR_AGENT, EHR_LEDGER, 2, {}, false});
  auto& asking = federation[1];
  std::atomic<int> alerts{0};
  auto options = federation.broker().monitor_options();
  options.filters = {"ehr/v1/+/alerts"};
  mqtt_transport::Connection monitor(options, {[&alerts](mqtt_transport::Message&& message) {
                                                 const auto text = ledger::as_text(message.payload);
                                                 if (text.find("bundles-in-doubt") != text.npos) ++alerts;
                                               },
                                               [] {}, [](const mqtt_transport::Loss&) {}});
  monitor.start();
  REQUIRE(eventually([&] { return monitor.ready(); }));
  const auto patient = identifier_of(federation.give_patient(federation[0], 0));
  LyingAgent liar(federation.broker(), federation.document(), federation[0]);
  asking.start();
  const auto output = federation.folder() / "bundle.json";
  const auto give = [&] {
    auto command = asking.command_beside({"request", federation[0].address().text(), patient, "-o", output});
    const auto answer = liar.answer(liar.next_request(asking.address()));
    liar.send_manifest(answer);
    require(command.wait());
    return answer.manifest.envelope.id;
  };
  const std::string sound = give(), doubtful = give();
  const auto place_of_doubt =
      asking.entries("bundle.received").back().at("issued_index").get<std::uint64_t>();
  (void)liar.revoke_signing_key(place_of_doubt);
  const std::string above = give();
  const auto in_doubt = [&] { return asking.command_json({"status"}).at("in_doubt"); };
  CHECK(in_doubt() == json{{"suspect", 0}, {"refused", 0}});

  liar.publish_log();
  const json both{{"suspect", 1}, {"refused", 1}};
  REQUIRE(eventually([&] { return in_doubt() == both; }));
  const auto listed = [&] { return asking.command_json({"queue", "list"}).at("in_doubt"); };
  const json list = listed();
  INFO(list.dump(2) << asking.log());
  REQUIRE(list.size() == 2);
  CHECK(list.at(0).at("id") == above);
  CHECK(list.at(0).at("state") == "refused");
  CHECK(list.at(1).at("id") == doubtful);
  CHECK(list.at(1).at("state") == "suspect");
  CHECK(list.at(0).at("reason").get<std::string>().find("sign-1") == 0);
  CHECK(asking.log().find("a received bundle is refused by what became known since") != std::string::npos);
  CHECK(asking.command_json({"queue", "show", above}).at("in_doubt").at("state") == "refused");
  CHECK_FALSE(asking.command_json({"queue", "show", sound}).contains("in_doubt"));
  const json rows = asking.command_json({"disclosures"}).at("disclosures");
  for (const json& row : rows) {
    if (row.at("outcome") != "received") continue;
    const std::string word = row.value("doubt", "");
    CHECK(word.substr(0, word.find(':')) == (row.at("request") == above      ? "refused"
                                             : row.at("request") == doubtful ? "suspect"
                                                                             : ""));
  }
  REQUIRE(eventually([&] { return alerts == 1; }));

  // Whatever a kill leaves undone, the next start does: as if nothing of it had been stored.
  asking.kill_hard();
  {
    ledger::sqlite::Database database(asking.database(), ledger::sqlite::Mode::kReadWrite);
    database.exec("DELETE FROM doubt");
  }
  asking.start();
  REQUIRE(eventually([&] { return in_doubt() == both; }));
  CHECK(listed().at(0).at("id") == above);
  REQUIRE(eventually([&] { return alerts >= 2; }));

  // Who has taken note is not told again; the trail goes on saying it.
  require(asking.command({"queue", "drop", above}));
  require(asking.command({"queue", "drop", doubtful}));
  CHECK(asking.command({"queue", "drop", above}).status != 0);
  CHECK(in_doubt() == json{{"suspect", 0}, {"refused", 0}});
  REQUIRE(asking.stop() == 0);
  const auto before = alerts.load();
  asking.start();
  CHECK(in_doubt() == json{{"suspect", 0}, {"refused", 0}});
  CHECK(asking.command({"disclosures"}).output.find("refused: sign-1") != std::string::npos);
  CHECK(judged(asking, above, output) == "refused");
  CHECK(alerts == before);
}

TEST_CASE("a bundle that was on its way when its key ended above it is received, over a restart too") {
  Federation federation({EHR_AGENT, EHR_LEDGER, 2, {{"transfer.window", "\"512KiB\""}}, false});
  auto& asking = federation[1];
  const auto patient = identifier_of(federation.give_heavy_patient(federation[0], 0, 1536 * 1024));
  LyingAgent liar(federation.broker(), federation.document(), federation[0]);
  asking.start();
  const auto output = federation.folder() / "bundle.json";
  std::optional<edge::Answer> answer;
  {
    auto command = asking.command_beside(
        {"request", federation[0].address().text(), patient, "--everything", "-o", output});
    answer = liar.answer(liar.next_request(asking.address()));
    liar.send_manifest(*answer);
    liar.send_chunk(*answer, 0);
    REQUIRE(eventually([&] {
      const json waiting = asking.command_json({"queue", "list"}).at("requests");
      return !waiting.empty() && waiting.at(0).at("state") == "receiving";
    }));
    (void)liar.revoke_signing_key(answer->manifest.anchor.value().index + 1);
    liar.publish_log();
    REQUIRE(
        eventually([&] { return asking.log().find("a member's log revokes a key") != std::string::npos; }));
    asking.kill_hard();
  }
  asking.start();
  for (std::uint64_t chunk = 0; chunk < answer->manifest.chunk_count; ++chunk)
    liar.send_chunk(*answer, chunk);
  CHECK(eventually([&] { return asking.entries("bundle.received").size() == 1; }));
  INFO(asking.log());
  CHECK(judged(asking, answer->manifest.envelope.id, output) == "valid");
}

TEST_CASE("a proposer names the checkpoint up to which a key, or a member's log, counts") {
  Federation federation({EHR_AGENT, EHR_LEDGER, 3, {}, false, 2});
  federation.start();
  auto &ending = federation[0], &staying = federation[1];
  const std::string address = ending.address().text();
  const auto patient = identifier_of(federation.give_patient(ending, 0));
  const auto output = federation.folder() / "bundle.json";
  require(staying.request(ending.address(), patient, output));
  const std::string below = staying.entries("bundle.received").at(0).at("request");
  // The bundle's proof holds a checkpoint with its cosignatures.
  std::optional<edge::BundleProof> proof;
  REQUIRE(eventually([&] {
    require(staying.command({"bundle", "open", below, "-o", output}));
    const auto parsed = edge::parse_bundle_proof(read_file(output.string() + ".proof"));
    if (parsed) proof = *parsed;
    return proof && proof->later;
  }));
  const std::string note = proof->later->note;
  const auto file = [&](const std::string& name, const std::string& text) {
    const fs::path path = federation.folder() / name;
    std::ofstream(path) << text;
    return address + "=" + path.string();
  };
  const std::string cutoff = file("cutoff.note", note);
  const auto size = std::stoull(note.substr(note.find('\n') + 1));
  require(staying.request(ending.address(), patient, output));
  const std::string above = staying.entries("bundle.received").at(1).at("request");
  REQUIRE(staying.entries("bundle.received").at(0).at("issued_index") < size);
  REQUIRE(staying.entries("bundle.received").at(1).at("issued_index") >= size);

  // What is no witnessed checkpoint of that log, or names nothing, makes no draft.
  const auto draft = federation.folder() / "refused.json";
  const auto refused = [&](const std::vector<std::string>& changes) {
    std::vector<std::string> arguments{"federation", "propose", "-o", draft};
    arguments.insert(arguments.end(), changes.begin(), changes.end());
    const auto result = staying.command(arguments);
    UNSCOPED_INFO(result.output);
    CHECK_FALSE(fs::exists(draft));
    return result.status;
  };
  const std::string signed_alone = note.substr(0, note.find('\n', note.find("\n\n") + 2) + 1);
  auto spoiled = note;
  spoiled[note.find('\n') + 1] = '9';
  for (const auto& text : {signed_alone, spoiled, std::string("no note")}) {
    CAPTURE(text);
    CHECK(refused({"--revoke", address, "--cutoff", file("bad.note", text)}) == 65);
    CHECK(refused({"--revoke-key", address + "=sign-1", "--cutoff", file("bad.note", text)}) == 65);
  }
  const auto other = staying.address().text() + cutoff.substr(cutoff.find('='));
  CHECK(refused({"--revoke", staying.address().text(), "--cutoff", other}) == 65);
  CHECK(refused({"--revoke-key", address + "=sign-9", "--cutoff", cutoff}) == 65);
  CHECK(refused({"--revoke-key", address, "--cutoff", cutoff}) == 64);
  CHECK(refused({"--revoke-key", "10.9.9.9=sign-1", "--cutoff", cutoff}) == 65);

  const auto publish = [&](const fs::path& current, const std::vector<std::string>& changes) {
    const auto next = federation.next_version(current, changes);
    require(staying.command({"federation", "publish", federation.newest_draft()}));
    const auto version = json::parse(staying.command({"federation", "show", next, "--json"}).output);
    REQUIRE(eventually([&] {
      return staying.command_json({"status"}).at("federation").at("version") == version.at("version");
    }));
    return std::pair{next, version.at("members").at(0)};
  };
  const auto [second, revoked] = publish(federation.first_version(), {"--revoke", address, "--cutoff", cutoff,
                                                                      "--suspect-from", address + "=0"});
  INFO(revoked.dump(2));
  CHECK(revoked.at("status") == "revoked");
  CHECK(revoked.at("revocation").at("cutoff").at("size") == size);
  CHECK(revoked.at("revocation").at("suspect_from") == 0);
  // Nobody opened them for that.
  const auto in_doubt = [&](int suspect, int refused_now) {
    const json expected{{"suspect", suspect}, {"refused", refused_now}};
    return eventually([&] { return staying.command_json({"status"}).at("in_doubt") == expected; });
  };
  CHECK(in_doubt(1, 1));
  CHECK(judged(staying, below, output) == "suspect");
  CHECK(judged(staying, above, output) == "refused");

  const auto [third, member] =
      publish(second, {"--reinstate", address, "--revoke-key", address + "=sign-1", "--cutoff", cutoff});
  INFO(member.dump(2));
  CHECK(member.at("status") == "active");
  CHECK(member.at("keys").at(0).at("id") == "sign-1");
  CHECK(member.at("keys").at(0).at("revocation").at("cutoff").at("size") == size);
  CHECK(in_doubt(0, 1));
  CHECK(staying.log().find("a received bundle counts again") != std::string::npos);
  CHECK(judged(staying, below, output) == "valid");
  CHECK(judged(staying, above, output) == "refused");
}
