// The commands on a real broker: an agent's side publishes, ehr-ledger listens as a monitor.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "ledger-client/cli/broker_feed.h"
#include "ledger-client/cli/commands.h"
#include "ledger-client/core/entries_message.h"
#include "ledger-client/core/topics.h"
#include "ledger-client/store/replica.h"
#include "tests/support/broker.h"
#include "tests/support/test_log.h"

using test_support::issued;

namespace {

void publish(mqtt_transport::Connection& connection, const std::string& topic, const std::string& payload,
             bool retained) {
  mqtt_transport::Message message;
  message.topic = topic;
  message.payload = ledger::to_bytes(ledger::as_bytes(payload));
  message.retained = retained;
  std::promise<int> done;
  REQUIRE(connection.publish(std::move(message), [&](int code) { done.set_value(code); }) ==
          mqtt_transport::PublishResult::kAccepted);
  const int code = done.get_future().get();
  REQUIRE((code == 0 || code == 16));
}

// An agent's own connection, ready to publish.
class Publisher {
 public:
  Publisher(test_support::Broker& broker, const std::string& address)
      : connection_(broker.agent_options(address), handlers()) {
    connection_.start();
    REQUIRE(ready_.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready);
  }
  void operator()(const std::string& topic, const std::string& payload, bool retained) {
    publish(connection_, topic, payload, retained);
  }

 private:
  mqtt_transport::ConnectionHandlers handlers() {
    mqtt_transport::ConnectionHandlers made;
    made.on_ready = [this] { ready_.set_value(); };
    return made;
  }

  std::promise<void> ready_;
  mqtt_transport::Connection connection_;
};

}  // namespace

TEST_CASE("ehr-ledger follows a live broker and refuses what is not signed") {
  test_support::Broker broker;
  const auto address = ledger::Address::parse("10.20.0.5").value();
  const test_support::TempDir dir;
  const test_support::LogKey key(test_support::kOrigin);

  std::promise<void> ready;
  mqtt_transport::ConnectionHandlers handlers;
  handlers.on_ready = [&] { ready.set_value(); };
  mqtt_transport::Connection agent(broker.agent_options("10.20.0.5"), std::move(handlers));
  agent.start();
  REQUIRE(ready.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready);

  std::vector<ledger::SignedBatch> batches;
  auto options = test_support::journal_options(dir.path(), key);
  options.on_signed = [&](const ledger::SignedBatch& batch) { batches.push_back(batch); };
  ledger::Journal journal(std::move(options));
  REQUIRE(journal.append({issued(0), issued(1), issued(2)}));
  publish(agent, ledger::topics::checkpoint(address), batches[0].checkpoint_note, true);

  const auto monitor = broker.monitor_options();
  const std::vector<std::string> source{"--broker", broker.monitor_url(),     "--ca",  broker.ca().string(),
                                        "--cert",   monitor.certificate_file, "--key", monitor.key_file};
  const auto tool = [&](std::vector<std::string> arguments, const std::string& vkey, std::string& text) {
    arguments.insert(arguments.end(), source.begin(), source.end());
    arguments.insert(arguments.end(), {"--vkey", vkey});
    std::ostringstream out;
    std::ostringstream err;
    const int status = ledger::cli::run(arguments, out, err);
    text = out.str() + err.str();
    return status;
  };
  std::string text;
  CHECK(tool({"show", "10.20.0.5"}, key.key().to_vkey(), text) == 0);
  CHECK_THAT(text, Catch::StartsWith("ehr/10-20-0-5\n3\n"));
  const test_support::LogKey rogue(test_support::kOrigin, "another key");
  CHECK(tool({"show", "10.20.0.5"}, rogue.key().to_vkey(), text) == 1);
  CHECK(tool({"verify", "10.20.0.5", "--for", "2"}, rogue.key().to_vkey(), text) == 1);
  CHECK(tool({"verify", "10.20.0.5", "--for", "2", "--json"}, key.key().to_vkey(), text) == 0);
  CHECK(nlohmann::json::parse(text)["logs"][0]["size"] == 3);

  // Published again until the follower, which subscribes when it likes, has seen it.
  std::atomic<bool> seen = false;
  int status = -1;
  std::thread follower([&] {
    status = tool({"tail", "--count", "2", "--json", "--for", "60"}, key.key().to_vkey(), text);
    seen = true;
  });
  REQUIRE(journal.append({issued(3), issued(4)}));
  const auto& batch = batches[1];
  const auto messages = ledger::encode_entries_messages(
      {test_support::kOrigin, batch.first_index, batch.frontier_before, batch.lines});
  while (!seen) {
    for (const auto& message : messages) publish(agent, ledger::topics::entries(address), message, false);
    publish(agent, ledger::topics::checkpoint(address), batch.checkpoint_note, true);
  }
  follower.join();
  CHECK(status == 0);
  CHECK(text == batch.lines[0] + "\n" + batch.lines[1] +
                    "\n{\"origin\":\"ehr/10-20-0-5\",\"size\":5,\"state\":\"signed\"}\n");
}

TEST_CASE("replicas are kept from a live broker, with what it does not tell taken from a source") {
  test_support::Broker broker;
  const auto address = ledger::Address::parse("10.20.0.5").value();
  const auto witness_address = ledger::Address::parse("10.20.0.6").value();
  const test_support::TempDir dir;
  const test_support::LogKey key(test_support::kOrigin);
  const test_support::WitnessKey witness("ehr/10-20-0-6");
  Publisher agent(broker, "10.20.0.5"), cosigner(broker, "10.20.0.6");

  std::vector<ledger::SignedBatch> batches;
  auto options = test_support::journal_options(dir.path(), key);
  options.on_signed = [&](const ledger::SignedBatch& batch) { batches.push_back(batch); };
  ledger::Journal journal(std::move(options));
  REQUIRE(journal.append({issued(0), issued(1), issued(2)}));
  agent(ledger::topics::checkpoint(address), batches[0].checkpoint_note, true);

  const auto monitor = broker.monitor_options();
  const auto replicate = [&](std::vector<std::string> more, std::string& text) {
    std::vector<std::string> arguments{"replicate",
                                       (dir / "replicas").string(),
                                       "--json",
                                       "--broker",
                                       broker.monitor_url(),
                                       "--ca",
                                       broker.ca().string(),
                                       "--cert",
                                       monitor.certificate_file,
                                       "--key",
                                       monitor.key_file,
                                       "--vkey",
                                       key.key().to_vkey(),
                                       "--vkey",
                                       witness.key().to_vkey()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    std::ostringstream out, err;
    const int status = ledger::cli::run(arguments, out, err);
    text = out.str() + err.str();
    return std::pair(status, nlohmann::json::parse(out.str())["logs"][0]);
  };
  std::string text;
  const auto [missing_status, missing] = replicate({"--for", "6"}, text);
  CHECK(missing_status == 66);
  CHECK(missing["entries"] == 0);
  CHECK(missing["size"] == 3);
  CHECK_THAT(text, Catch::Contains("entries 0 to 2 are missing") && Catch::Contains("--from"));

  {
    ledger::Replica copy(dir / "copy.db", test_support::kOrigin);
    REQUIRE(copy.append({0, batches[0].lines, batches[0].checkpoint_note, {}}, std::array{key.key()}));
  }
  // Entries 3 and 4 are heard while it runs, the others come from the database.
  std::atomic<bool> done = false;
  std::pair<int, nlohmann::json> kept;
  std::thread replicator([&] {
    kept = replicate({"--for", "4", "--from", (dir / "copy.db").string()}, text);
    done = true;
  });
  REQUIRE(journal.append({issued(3), issued(4)}));
  const auto& batch = batches[1];
  const auto messages = ledger::encode_entries_messages(
      {test_support::kOrigin, batch.first_index, batch.frontier_before, batch.lines});
  const auto checkpoint_text = batch.checkpoint_note.substr(0, batch.checkpoint_note.find("\n\n") + 1);
  while (!done) {
    for (const auto& message : messages) agent(ledger::topics::entries(address), message, false);
    agent(ledger::topics::checkpoint(address), batch.checkpoint_note, true);
    cosigner(ledger::topics::cosignature(address, witness_address),
             witness.cosign(1700000000, checkpoint_text), true);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  replicator.join();
  INFO(text);
  CHECK(kept.first == 0);
  CHECK(kept.second["entries"] == 5);
  CHECK(kept.second["complete"] == true);
  CHECK(kept.second["witnessed"] == 5);

  // Cosignatures are retained, so the newest checkpoint is shown with its witness.
  std::ostringstream out, err;
  CHECK(ledger::cli::run({"show", "10.20.0.5", "--json", "--broker", broker.monitor_url(), "--ca",
                          broker.ca().string(), "--cert", monitor.certificate_file, "--key", monitor.key_file,
                          "--vkey", key.key().to_vkey(), "--vkey", witness.key().to_vkey()},
                         out, err) == 0);
  CHECK(nlohmann::json::parse(out.str())["state"] == "witnessed");
}

TEST_CASE("a message is about the log its payload names, if that is one of the agent's") {
  using ledger::cli::origin_of_message;
  using ledger::topics::Kind;
  const auto agent = ledger::Address::parse("10.20.0.5").value();
  const auto entries = [](const std::string& origin) {
    return R"({"from":0,"frontier":[],"origin":")" + origin + "\"}\n{}\n";
  };
  for (const std::string log : {"ehr/10-20-0-5", "ehr/10-20-0-5/2", "ehr/10-20-0-5/10"}) {
    CHECK(origin_of_message(Kind::kCheckpoint, agent, log + "\n3\n") == log);
    CHECK(origin_of_message(Kind::kEntries, agent, entries(log)) == log);
  }
  // Another agent's log, or no log's name: the agent's first log refuses it.
  for (const std::string other :
       {"ehr/10-20-0-6", "ehr/10-20-0-6/2", "ehr/10-20-0-5/1", "ehr/10-20-0-5/02", ""}) {
    CHECK(origin_of_message(Kind::kCheckpoint, agent, other + "\n3\n") == "ehr/10-20-0-5");
    CHECK(origin_of_message(Kind::kEntries, agent, entries(other)) == "ehr/10-20-0-5");
  }
  CHECK(origin_of_message(Kind::kEntries, agent, "no header") == "ehr/10-20-0-5");
  const ledger::cli::LedgerMessage line{Kind::kCosignature, agent, {}, {}};
  CHECK(line.is_about("ehr/10-20-0-5/2"));
  CHECK_FALSE(line.is_about("ehr/10-20-0-6"));
}

TEST_CASE("a broker that is not there is said to be unavailable") {
  std::ostringstream out;
  std::ostringstream err;
  const test_support::ReservedPorts ports;
  const test_support::LogKey key(test_support::kOrigin);
  const auto status =
      ledger::cli::run({"show", "10.20.0.5", "--broker", "mqtt://127.0.0.1:" + std::to_string(ports.first()),
                        "--vkey", key.key().to_vkey(), "--wait", "1"},
                       out, err);
  CHECK(status == 69);
  CHECK_THAT(err.str(), Catch::Contains("nobody listens at 127.0.0.1:" + std::to_string(ports.first())) &&
                            Catch::Contains("hint: is the broker running"));
}

TEST_CASE("what stands in the way of a connection is said at once, where waiting would not help") {
  test_support::Broker broker;
  const test_support::LogKey key(test_support::kOrigin);
  const auto monitor = broker.monitor_options();
  const auto tail = [&](const std::string& ca, const std::vector<std::string>& own) {
    std::ostringstream out, err;
    std::vector<std::string> arguments{"tail", "--broker", broker.monitor_url(), "--ca",
                                       ca,     "--vkey",   key.key().to_vkey()};
    arguments.insert(arguments.end(), own.begin(), own.end());
    const auto begin = std::chrono::steady_clock::now();
    const int status = ledger::cli::run(arguments, out, err);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
    CHECK_THAT(err.str(), Catch::Contains("error: ") && Catch::Contains("hint: "));
    return std::pair(status, err.str());
  };
  const auto ca = broker.ca().string();
  const std::vector<std::string> own{"--cert", monitor.certificate_file, "--key", monitor.key_file};
  const auto no_ca = tail("/nowhere/ca.crt", own);
  CHECK(no_ca.first == 66);
  CHECK_THAT(no_ca.second, Catch::Contains("cannot read the CA file /nowhere/ca.crt"));
  const auto no_key = tail(ca, {"--cert", monitor.certificate_file, "--key", ca});
  CHECK(no_key.first == 65);
  CHECK_THAT(no_key.second, Catch::Contains("there is no private key in the key file " + ca));
  const auto no_password = tail(ca, {"--user", "monitor", "--password-file", "/nowhere/password"});
  CHECK(no_password.first == 66);
  const auto nothing = tail(ca, {});
  CHECK(nothing.first == 69);
  CHECK_THAT(nothing.second, Catch::Contains("no connection to " + broker.monitor_url() + ": ") &&
                                 Catch::Contains("wants a client certificate"));
}
