// Nothing of a patient leaves the HIS but inside a sealed bundle: all broker traffic and every file of the
// agents is searched for planted names and identifiers, in clear, encoded and hashed.
#include <catch2/catch.hpp>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>

#include "ledger-client/core/base64.h"
#include "ledger-client/core/sha256.h"
#include "tests/faults/lying_agent.h"
#include "tests/support/federation.h"
#include "tests/support/shared_data.h"

using namespace test_support;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::string kSystem = "https://planted.example/number";
const std::vector<std::string> kPlanted{"PLANTED-4711-0815",       "Quetzalcoatlus",    "Wolperdinger",
                                        "+49-170-5550123",         "Zimtsternallee 77", "1931-07-19",
                                        "hexenschuss bei vollmond"};
const std::string kUnknown = "PLANTED-UNKNOWN-99";

std::string planted_record() {
  const auto entry = [](const char* id, json resource) {
    resource["id"] = id;
    const std::string kind = resource.at("resourceType");
    return json{{"fullUrl", std::string("urn:uuid:") + id},
                {"resource", resource},
                {"request", {{"method", "POST"}, {"url", kind}}}};
  };
  const std::string patient = "5b1d3a10-1111-4222-8333-444455556666";
  const json person{{"resourceType", "Patient"},
                    {"identifier", {{{"system", kSystem}, {"value", kPlanted[0]}}}},
                    {"name", {{{"family", kPlanted[1]}, {"given", {kPlanted[2]}}}}},
                    {"telecom", {{{"system", "phone"}, {"value", kPlanted[3]}}}},
                    {"address", {{{"line", {kPlanted[4]}}}}},
                    {"gender", "female"},
                    {"birthDate", kPlanted[5]}};
  const json condition{{"resourceType", "Condition"},
                       {"subject", {{"reference", "urn:uuid:" + patient}}},
                       {"code", {{"text", kPlanted[6]}}}};
  return json{
      {"resourceType", "Bundle"},
      {"type", "transaction"},
      {"entry", {entry(patient.c_str(), person), entry("5b1d3a10-1111-4222-8333-444455557777", condition)}}}
      .dump();
}

// What would give `text` away: itself, its hash in every usual spelling, and itself inside base64.
std::vector<std::string> forms(const std::string& text) {
  const ledger::Hash hash = ledger::sha256(text);
  std::vector<std::string> out{text, std::string(ledger::as_text(hash)), ledger::to_hex(hash),
                               ledger::base64_encode_unpadded(hash), ledger::base64url_encode(hash)};
  for (std::size_t shift = 0; shift < 3 && text.size() > 8; ++shift) {
    const auto part = text.substr(shift, (text.size() - shift) / 3 * 3);
    out.push_back(ledger::base64_encode(ledger::as_bytes(part)));
    out.push_back(ledger::base64url_encode(ledger::as_bytes(part)));
  }
  return out;
}

std::vector<std::string> needles() {
  std::vector<std::string> out;
  const auto add = [&out](const std::string& text) {
    for (auto& form : forms(text)) out.push_back(std::move(form));
  };
  for (const auto& planted : kPlanted) add(planted);
  for (const auto& value : {kPlanted[0], kUnknown}) {
    add(value);
    add(kSystem + "|" + value);
    add(edge::canonical_patient({kSystem, value}));
    add(edge::canonical_patient({"", value}));
  }
  add(kSystem);
  add(kPlanted[2] + " " + kPlanted[1]);
  return out;
}

// Which needles are in `hay`.
std::vector<std::string> found_in(std::string_view hay, const std::vector<std::string>& wanted) {
  std::vector<std::string> found;
  for (const auto& needle : wanted) {
    if (hay.find(needle) != std::string_view::npos) found.push_back(needle);
  }
  return found;
}

// Everything any client published, topics and payloads.
class Eavesdropper {
 public:
  explicit Eavesdropper(Broker& broker)
      : connection_(broker.eavesdropper_options(),
                    {[this](mqtt_transport::Message&& message) { take(message); }, {}, {}}) {
    connection_.start();
    if (!eventually([this] { return connection_.ready(); })) throw std::runtime_error("nobody listens");
  }
  std::string heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }

 private:
  void take(const mqtt_transport::Message& message) {
    const std::lock_guard lock(mutex_);
    heard_ += message.topic + '\n' + std::string(ledger::as_text(message.payload)) + '\n' +
              message.properties.content_type + message.properties.response_topic +
              std::string(ledger::as_text(message.properties.correlation_data)) + '\n';
  }
  std::mutex mutex_;
  std::string heard_;
  mqtt_transport::Connection connection_;
};

}  // namespace

TEST_CASE(
    "no trace of a patient on the broker, in logs, on the ledger or in files, whatever becomes of a "
    "request") {
  Federation federation(
      {EHR_AGENT, EHR_LEDGER, 3, {{"metrics.interval", "\"100ms\""}, {"break_glass.allow", "true"}}, true});
  Eavesdropper eavesdropper(federation.broker());
  auto& answering = federation[0];
  auto& asking = federation[1];
  const auto record = federation.folder() / "record.json";
  std::ofstream(record) << planted_record();
  answering.import(record);
  federation[2].import(record);
  answering.start();
  asking.start();
  LyingAgent liar(federation.broker(), federation.document(), federation[2]);

  const auto file = federation.folder() / "bundle.json";
  const std::string patient = kSystem + "|" + kPlanted[0];
  // Given, in both forms; opened again; refused twice; quarantined; never answered.
  for (const auto& more : {std::vector<std::string>{}, {"--everything"}, {"--reason", kPlanted[6]}}) {
    const auto asked = asking.request(answering.address(), patient, file, more);
    INFO(asked.output);
    REQUIRE(asked.status == 0);
  }
  const std::string id = asking.entries("bundle.received").at(0).at("request");
  CHECK(asking.command({"bundle", "open", id}).status == 0);
  CHECK(asking.request(answering.address(), kSystem + "|" + kUnknown, file).status != 0);
  CHECK(asking.request(answering.address(), patient, file, {"--purpose", "HRESCH"}).status != 0);
  // The glass broken and reviewed; consents of the patient granted, explained, revoked and forgotten.
  REQUIRE(asking.request(answering.address(), patient, file, {"--purpose", "ETREAT", "--reason", kPlanted[6]})
              .status == 0);
  const auto used = answering.command_json({"break-glass", "list"}).at("uses").at(0).at("entry");
  CHECK(answering.command({"break-glass", "review", used.dump(), "--by", kPlanted[1], "--note", kPlanted[6]})
            .status == 0);
  CHECK(answering.command({"consent", "explain", asking.address().text(), patient}).status == 0);
  const std::string consent = answering.grant(patient, "any", "HRESCH", {"--deny"});
  const std::string forgotten = answering.grant(patient, "any", "HPAYMT");
  CHECK(answering.command({"consent", "revoke", forgotten}).status == 0);
  CHECK(answering.command({"consent", "forget", forgotten}).status == 0);
  CHECK(answering.command({"consent", "list", "--patient", patient}).status == 0);
  // Who has seen the record, told to the patient: in a file of theirs, and nowhere else.
  const auto named = federation.folder() / "patient.txt", report = federation.folder() / "report.html";
  std::ofstream(named) << patient << '\n';
  for (const auto* agent : {&answering, &asking}) {
    REQUIRE(agent->command({"disclosures", "--patient", named, "--html", report}).status == 0);
    CHECK(found_in(read_file(report), {kPlanted[0]}).size() == 1);
    CHECK(agent->command({"disclosures", "--json"}).status == 0);
  }
  auto lied_to = asking.command_beside({"request", liar.peer().address().text(), patient});
  auto answer = liar.answer(liar.next_request(asking.address()));
  (*answer.manifest.salt)[0] ^= 1;
  liar.send_manifest(answer);
  CHECK(lied_to.wait().status != 0);
  auto unanswered =
      asking.command_beside({"request", liar.peer().address().text(), patient, "--timeout", "1s"});
  const std::string unanswered_id = liar.next_request(asking.address()).request().envelope.id;
  CHECK(unanswered.wait().status != 0);
  REQUIRE(eventually([&] { return answering.entries("bundle.delivered").size() == 4; }));

  // The search can find: what was planted is in the bundle that was handed out.
  const auto wanted = needles();
  const std::string bundle = read_file(file);
  for (const auto& planted : kPlanted) {
    CAPTURE(planted);
    CHECK(found_in(bundle, {planted}).size() == 1);
  }
  CHECK(!found_in("x " + ledger::to_hex(ledger::sha256(kPlanted[0])), wanted).empty());

  const std::string heard = eavesdropper.heard();
  CHECK(heard.find(id) != std::string::npos);  // it does hear
  CHECK(heard.find(unanswered_id) != std::string::npos);
  CHECK(heard.find("/ledger/entries") != std::string::npos);
  CHECK(heard.find("/metrics") != std::string::npos);
  CHECK(heard.find("break-glass.reviewed") != std::string::npos);
  CHECK(heard.find("{\"code\":\"break-glass\"") != std::string::npos);
  CHECK(found_in(heard, wanted).empty());
  CHECK(found_in(federation.broker().log(), wanted).empty());

  // Running, and after the end, when everything is in its files.
  for (int look = 0; look < 2; ++look) {
    std::size_t files = 0;
    for (const auto* agent : {&answering, &asking, &federation[2]}) {
      for (const auto& item : fs::recursive_directory_iterator(agent->folder())) {
        const std::string name = item.path().filename();
        // The HIS is where it belongs; what commands said was said to the person who asked.
        if (!item.is_regular_file() || name.starts_with("his.db") || name.starts_with("command-")) continue;
        CAPTURE(item.path());
        CHECK(found_in(read_file(item.path()), wanted).empty());
        CHECK(found_in(item.path().string(), wanted).empty());
        ++files;
      }
    }
    CHECK(files > 20);
    if (look > 0) break;
    CHECK(answering.stop() == 0);
    CHECK(asking.stop() == 0);
  }
}
