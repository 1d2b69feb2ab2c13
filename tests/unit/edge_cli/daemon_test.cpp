// Commands against an agent that is scripted here, over a real control socket.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/adapters/control_socket.h"
#include "agent/cli/failure.h"
#include "ledger-client/core/sha256.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/edge_cli/invoke.h"

namespace {

using Catch::Contains;
using edge::ControlChannel;
using edge::Frame;
using nlohmann::json;

// An agent's configuration and a server whose answers a test scripts; what was asked is kept.
struct Scripted {
  test_support::TempDir dir;
  std::string config = new_agent(dir.path());
  std::string call, patient;
  bool records = true;  // what was handed out
  std::function<void(ControlChannel&)> answer;
  edge::ControlServer server{dir / "state/control.sock",
                             [this](const Frame& frame, ControlChannel& channel, unsigned) {
                               if (json::parse(frame.payload)["command"] == "request.settle")
                                 return channel.send('R', json{{"settled", records}}.dump());
                               call = frame.payload;
                               if (json::parse(call)["command"] == "request")
                                 patient = channel.receive()->payload;
                               answer(channel);
                             }};

  Invoked run(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.end(), {"--config", config});
    return invoke(arguments, input);
  }
};

const std::string kBundle = R"({"resourceType":"Bundle","value":1.50})";

json result_of(const std::string& bundle) {
  return {{"id", "01932c07-8a5e-7cc1-9f0e-0123456789ab"},
          {"bytes", bundle.size()},
          {"sha256", ledger::to_hex(ledger::sha256(bundle))},
          {"issued_index", 7},
          {"origin", "ehr/127-0-10-2"},
          {"anchored", "signed"},
          {"proof", "a.b.c"}};
}

void send_bundle(ControlChannel& channel, const std::string& bundle, const json& result) {
  channel.send('P', R"({"state":"sent","bytes":0,"total":0})");
  channel.send('P', R"({"state":"receiving","bytes":5,"total":10})");
  for (std::size_t at = 0; at < bundle.size(); at += 10) channel.send('D', bundle.substr(at, 10));
  channel.send('R', result.dump());
}

}  // namespace

TEST_CASE("a bundle goes whole into its file, with its proof beside it") {
  Scripted agent;
  agent.answer = [](ControlChannel& channel) { send_bundle(channel, kBundle, result_of(kBundle)); };
  const auto file = agent.dir / "b.json";
  const auto done = agent.run({"request", "127.0.10.2", "-", "--purpose", "ETREAT", "--sections",
                               "results,problems", "--reason", "night", "-o", file.string()},
                              "http://x.example/mrn|Secret 42\r\nmore\n");
  INFO(done.err);
  CHECK(done.status == 0);
  CHECK(done.out.empty());
  CHECK(test_support::read_file(file) == kBundle);
  CHECK(test_support::read_file(file.string() + ".proof") == "a.b.c");
  CHECK_THAT(done.err, Contains("entry 7 of ehr/127-0-10-2 (signed)"));
  CHECK(json::parse(agent.call) == json{{"command", "request"},
                                        {"peer", "127.0.10.2"},
                                        {"purpose", "ETREAT"},
                                        {"sections", {"results", "problems"}},
                                        {"reason", "night"}});
  CHECK(json::parse(agent.patient) == json{{"system", "http://x.example/mrn"}, {"value", "Secret 42"}});
  CHECK(agent.call.find("Secret") == std::string::npos);
  CHECK(std::distance(std::filesystem::directory_iterator(agent.dir.path()), {}) ==
        5);  // etc, state, its guard, bundle, proof: nothing else
}

TEST_CASE("a bundle that is not on the ledger yet is given, with a warning that names the request") {
  Scripted agent;
  agent.answer = [](ControlChannel& channel) { send_bundle(channel, kBundle, result_of(kBundle)); };
  CHECK_THAT(agent.run({"request", "127.0.10.2", "42"}).err, !Contains("warning"));
  agent.records = false;
  const auto done = agent.run({"request", "127.0.10.2", "42"});
  CHECK(done.status == 0);
  CHECK(done.out == kBundle + "\n");
  CHECK_THAT(done.err, Contains("could not record it yet") &&
                           Contains("queue show 01932c07-8a5e-7cc1-9f0e-0123456789ab"));
}

TEST_CASE("ping says how long the way to a peer and back took") {
  Scripted agent;
  agent.answer = [](ControlChannel& channel) {
    channel.send('R', R"({"peer":"127.0.10.2","milliseconds":3.25,"version":"0.1.0"})");
  };
  CHECK(agent.run({"ping", "127.0.10.2"}).out == "127.0.10.2: 3.25 ms, ehr-agent 0.1.0\n");
  CHECK(json::parse(agent.call) == json{{"command", "ping"}, {"peer", "127.0.10.2"}, {"timeout_ms", 10'000}});
  CHECK(json::parse(agent.run({"ping", "127.0.10.2", "--timeout", "2s", "--json"}).out)["milliseconds"] ==
        3.25);
  CHECK(json::parse(agent.call)["timeout_ms"] == 2'000);
  CHECK(agent.run({"ping", "somebody"}).status == EX_USAGE);
  CHECK(agent.run({"ping", "127.0.10.2", "--timeout", "soon"}).status == EX_USAGE);
  agent.answer = [](ControlChannel& channel) {
    channel.send('E', R"({"code":"expired","error":"no answer","hint":"check"})");
  };
  CHECK(agent.run({"ping", "127.0.10.2"}).status == EX_TEMPFAIL);
}

TEST_CASE("a bundle goes to standard output as it is, --json puts it into the result") {
  Scripted agent;
  agent.answer = [](ControlChannel& channel) { send_bundle(channel, kBundle, result_of(kBundle)); };
  CHECK(agent.run({"request", "127.0.10.2", "42"}).out == kBundle + "\n");
  CHECK(json::parse(agent.patient) == json{{"value", "42"}});
  const auto both = agent.run({"request", "127.0.10.2", "|42", "--json"});
  CHECK_THAT(both.out, Catch::StartsWith("{\"bundle\":" + kBundle + ","));
  CHECK(json::parse(both.out)["issued_index"] == 7);
  const auto file = agent.dir / "b.json";
  CHECK(json::parse(agent.run({"request", "127.0.10.2", "42", "--json", "-o", file.string()}).out)["file"] ==
        file.string());
  CHECK(agent.run({"bundle", "open", "some-id"}).out == kBundle + "\n");
  CHECK(json::parse(agent.call) == json{{"command", "bundle.open"}, {"id", "some-id"}});
}

TEST_CASE("a dash is standard output, links stay, and what is no file is written to and not replaced") {
  Scripted agent;
  agent.answer = [](ControlChannel& channel) { send_bundle(channel, kBundle, result_of(kBundle)); };
  CHECK(agent.run({"request", "127.0.10.2", "42", "-o", "-"}).out == kBundle + "\n");
  CHECK(agent.run({"bundle", "open", "some-id", "-o", "-"}).out == kBundle + "\n");
  CHECK_FALSE(std::filesystem::exists("-"));

  const auto link = agent.dir / "link";
  std::filesystem::create_symlink("b.json", link);
  for (int i = 0; i < 2; ++i) {  // the first makes the file
    CHECK(agent.run({"request", "127.0.10.2", "42", "-o", link.string()}).status == 0);
    CHECK(std::filesystem::is_symlink(link));
    CHECK(test_support::read_file(agent.dir / "b.json") == kBundle);
  }

  const auto fifo = agent.dir / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const int reader = ::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  REQUIRE(reader >= 0);
  CHECK(agent.run({"request", "127.0.10.2", "42", "-o", fifo.string()}).status == 0);
  std::string came(100, '\0');
  came.resize(static_cast<std::size_t>(std::max<ssize_t>(::read(reader, came.data(), came.size()), 0)));
  ::close(reader);
  CHECK(came == kBundle);
  CHECK(std::filesystem::is_fifo(fifo));
  CHECK_FALSE(std::filesystem::exists(fifo.string() + ".proof"));
}

TEST_CASE("a bundle that did not come whole leaves no file") {
  Scripted agent;
  const auto file = agent.dir / "b.json";
  for (const json& wrong : {json{{"bytes", 3}}, json{{"sha256", std::string(64, '0')}}}) {
    agent.answer = [&](ControlChannel& channel) {
      auto result = result_of(kBundle);
      result.update(wrong);
      send_bundle(channel, kBundle, result);
    };
    CHECK(agent.run({"request", "127.0.10.2", "42", "-o", file.string()}).status == EX_IOERR);
    CHECK_FALSE(std::filesystem::exists(file));
    CHECK_FALSE(std::filesystem::exists(file.string() + ".proof"));
  }
  agent.answer = [](ControlChannel& channel) {
    channel.send('D', kBundle);
    throw std::system_error(EIO, std::generic_category());  // the agent dies
  };
  std::ofstream(file) << "older";
  const auto broken = agent.run({"request", "127.0.10.2", "42", "-o", file.string()});
  CHECK(broken.status == EX_UNAVAILABLE);
  CHECK(test_support::read_file(file) == "older");
  CHECK(std::distance(std::filesystem::directory_iterator(agent.dir.path()), {}) == 4);
}

TEST_CASE("each refusal has its status and a hint") {
  Scripted agent;
  for (const auto& [code, status] :
       std::vector<std::pair<std::string, int>>{{"not-available", EX_UNAVAILABLE},
                                                {"not-a-member", EX_NOPERM},
                                                {"expired", EX_TEMPFAIL},
                                                {"replayed", EX_PROTOCOL},
                                                {"busy", EX_TEMPFAIL},
                                                {"too-large", EX_DATAERR},
                                                {"malformed", EX_PROTOCOL},
                                                {"unsupported", EX_PROTOCOL},
                                                {"failed", EX_UNAVAILABLE},
                                                {"timeout", EX_TEMPFAIL},
                                                {"unverified", EX_DATAERR},
                                                {"never-heard-of", EX_SOFTWARE}}) {
    agent.answer = [code = code](ControlChannel& channel) {
      channel.send('E', json{{"code", code}, {"error", "why\x1b[2J"}}.dump());
    };
    const auto refused = agent.run({"request", "127.0.10.2", "42"});
    INFO(code);
    CHECK(refused.status == status);
    CHECK_THAT(refused.err, Catch::StartsWith("error: " + code + ": why?[2J\n"));
    if (code != "never-heard-of") CHECK_THAT(refused.err, Contains("hint: "));
    CHECK(refused.out.empty());
  }
  agent.answer = [](ControlChannel& channel) { channel.send('E', "{broken"); };
  CHECK(agent.run({"status"}).status == EX_PROTOCOL);

  // What somebody typed or a file holds is no matter between agents.
  for (const auto& [code, status] : {std::pair{"usage", EX_USAGE}, {"invalid", EX_DATAERR}}) {
    agent.answer = [code = code](ControlChannel& channel) {
      channel.send('E', json{{"code", code}, {"error", "why"}}.dump());
    };
    const auto refused = agent.run({"request", "127.0.10.2", "42"});
    CHECK(refused.status == status);
    CHECK(refused.err == "error: why\n");
  }
  CHECK(agent.run({"request", "127.0.10.2", "42", "--purpose", "treat"}).status == EX_USAGE);
}

TEST_CASE("one long cell does not widen every row of a table") {
  Scripted agent;
  const std::string longest(5000, 'x');
  agent.answer = [&](ControlChannel& channel) {
    channel.send('R', json{{"requests", {{{"id", longest}, {"n", 1}}, {{"id", "a"}, {"n", 2}}}}}.dump());
  };
  const auto shown = agent.run({"queue", "list"});
  CHECK_THAT(shown.out, Contains(longest + "  1\n") && Contains("\n  a   2\n"));
}

TEST_CASE("status and queue show what the agent says") {
  Scripted agent;
  agent.answer = [](ControlChannel& channel) {
    channel.send(
        'R',
        R"({"state":"ready","ledger":{"size":3},"disk":{"free_bytes":2048},"requests":[{"id":"a","reason":"no answer yet"}]})");
  };
  CHECK(json::parse(agent.run({"status", "--json"}).out)["ledger"]["size"] == 3);
  CHECK_THAT(agent.run({"status"}).out, Contains("state: ready\n") && Contains("ledger:\n  size: 3\n") &&
                                            Contains("no answer yet") && Contains("free_bytes: 2.0 KiB\n") &&
                                            Contains("requests:\n  id  reason\n"));
  CHECK_THAT(agent.run({"queue", "list"}).out, Contains("no answer yet"));
  CHECK(json::parse(agent.call)["command"] == "queue.list");
  agent.answer = [](ControlChannel& channel) { channel.send('R', R"({"requests":[],"answers":[]})"); };
  CHECK(agent.run({"queue", "list"}).out == "nothing is unfinished\n");
  agent.answer = [](ControlChannel& channel) { channel.send('R', "{}"); };
  for (const std::string verb : {"show", "retry", "drop"}) {
    CHECK(agent.run({"queue", verb, "x"}).status == 0);
    CHECK(json::parse(agent.call) == json{{"command", "queue." + verb}, {"id", "x"}});
  }
}

TEST_CASE("without an agent the commands say so") {
  const test_support::TempDir dir;
  const std::string config = new_agent(dir.path());
  for (const auto& line : std::vector<std::vector<std::string>>{
           {"status"}, {"queue", "list"}, {"request", "127.0.10.2", "42"}, {"bundle", "open", "x"}}) {
    auto arguments = line;
    arguments.insert(arguments.end(), {"--config", config});
    const auto result = invoke(arguments);
    CHECK(result.status == EX_UNAVAILABLE);
    CHECK_THAT(result.err, Contains("error: no agent runs at") && Contains("hint: "));
  }
}

TEST_CASE("an empty, too long or garbled identifier is not sent, nor quoted") {
  Scripted agent;
  agent.answer = [](ControlChannel& channel) { channel.send('R', "{}"); };
  for (const auto& text : {std::string(), std::string(" \n"), std::string("sys|"), std::string(2000, 'q'),
                           std::string("a\tb")}) {
    const auto refused = agent.run({"request", "127.0.10.2", "-"}, text);
    CHECK(refused.status == EX_USAGE);
    CHECK(refused.err.find("qqq") == std::string::npos);
  }
  CHECK(agent.call.empty());
}
