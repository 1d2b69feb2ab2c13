#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "agent/cli/failure.h"
#include "tests/support/shared_data.h"
#include "tests/support/signed_federation.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/edge_cli/invoke.h"

using Catch::Contains;
using Words = std::vector<std::string>;

TEST_CASE("init makes an agent, and again changes nothing") {
  const test_support::TempDir dir;
  const std::string config = new_agent(dir.path());
  CHECK(invoke({"config", "check", "--config", config}).status == 0);
  CHECK((std::filesystem::status(dir / "etc/keys").permissions() & std::filesystem::perms::all) ==
        std::filesystem::perms::owner_all);
  const std::string key = test_support::read_file(dir / "etc/keys/sign-1.pem");
  std::ofstream(config, std::ios::app) << "# mine\n";
  const std::string before = test_support::read_file(config);

  const auto again = invoke({"init", "--address", "127.0.10.1", "--name", "Other", "--dir",
                             (dir / "etc").string(), "--state-dir", (dir / "state").string(), "--json"});
  CHECK(again.status == 0);
  const auto told = nlohmann::json::parse(again.out);
  CHECK(told["made"].empty());
  CHECK(told["member"]["address"] == "127.0.10.1");
  CHECK(test_support::read_file(dir / "etc/keys/sign-1.pem") == key);
  CHECK(test_support::read_file(config) == before);

  CHECK(invoke({"init", "--address", "127.0.10.9", "--dir", (dir / "etc").string()}).status == EX_CONFIG);
  CHECK(test_support::read_file(config) == before);
  CHECK(again.out.find(key.substr(30, 20)) == std::string::npos);

  std::filesystem::remove(dir / "etc/keys/log-1.skey");
  CHECK_THAT(invoke({"keys", "generate", "--config", config}).out,
             Contains("log-1.skey") && !Contains("sign-1"));
  CHECK_THAT(invoke({"keys", "generate", "--config", config}).out, Contains("none was touched"));
  CHECK(nlohmann::json::parse(invoke({"keys", "show", "--config", config}).out)["keys"].size() == 4);
}

TEST_CASE("init refuses what can't be before it makes anything, and says which option that was") {
  const test_support::TempDir dir;
  const Words init{"init",
                   "--address",
                   "127.0.10.1",
                   "--dir",
                   (dir / "etc").string(),
                   "--state-dir",
                   (dir / "state").string()};
  Words wrong = init;
  wrong.insert(wrong.end(), {"--broker", "broker.example"});
  const auto refused = invoke(wrong);
  CHECK(refused.status == EX_USAGE);
  CHECK_THAT(refused.err, Catch::StartsWith("error: --broker: must be mqtts://host:port"));
  CHECK(std::filesystem::is_empty(dir.path()));

  std::ofstream(dir / "etc");  // a file where the folder should be
  const auto blocked = invoke(init);
  CHECK(blocked.status == EX_CANTCREAT);
  CHECK_THAT(blocked.err, Contains((dir / "etc").string() + ": the folder can't be made: "));
  std::filesystem::remove(dir / "etc");

  CHECK_THAT(invoke(init).out, Contains("3. set mqtt.url in "));
  Words with_broker = init;
  with_broker.insert(with_broker.end(), {"--broker", "mqtts://broker.example:8883"});
  std::filesystem::remove_all(dir / "etc");
  CHECK_THAT(invoke(with_broker).out, Contains("3. (mqtt.url is mqtts://broker.example:8883)"));
}

TEST_CASE("init writes any name so that it reads back") {
  const test_support::TempDir dir;
  const std::string name = "St. \"Anna\" \\ Fluß # = [x]";
  CHECK(invoke({"init", "--address", "fd00::5", "--name", name, "--broker", "mqtts://[fd00::1]:8883", "--dir",
                (dir / "a").string(), "--state-dir", (dir / "s").string()})
            .status == 0);
  const auto config = edge::load_config(dir / "a/ehr-agent.toml");
  REQUIRE(config);
  CHECK(config->agent.name == name);
  CHECK(config->agent.address->text() == "fd00::5");
  CHECK(config->mqtt.url == "mqtts://[fd00::1]:8883");
  CHECK(config->agent.state_dir == dir / "s");
  CHECK(config->keys.dir == dir / "a/keys");
  CHECK(config->ledger.guard == dir / "s-guard/guard");
}

TEST_CASE("init takes a federation document only with the hash that was told") {
  const test_support::TempDir dir;
  const std::string config = new_agent(dir.path());
  const auto member = nlohmann::json::parse(invoke({"keys", "show", "--config", config}).out);
  const auto text = test_support::first_document({{"members", {member}}});
  std::ofstream(dir / "f.json") << text;
  const auto init = [&](const std::string& hash) {
    return invoke({"init", "--address", "127.0.10.1", "--dir", (dir / "etc").string(), "--federation",
                   (dir / "f.json").string(), "--sha256", hash});
  };
  const auto wrong = init(std::string(64, 'a'));
  INFO(wrong.err);
  CHECK(wrong.status == EX_DATAERR);
  CHECK_FALSE(std::filesystem::exists(dir / "etc/federation.json"));
  std::smatch found;
  const std::regex hash("SHA-256 is ([0-9a-f]{64})");
  REQUIRE(std::regex_search(wrong.err, found, hash));
  const auto joined = init(found[1]);
  CHECK(joined.status == 0);
  CHECK_THAT(joined.out, !Contains("give the member object") && Contains("lists this agent"));
  CHECK(test_support::read_file(dir / "etc/federation.json") == text);
  std::ofstream(dir / "f.json") << text << '\n';  // the same document, other white space: the same hash
  CHECK(init(found[1]).status == EX_CANTCREAT);
  CHECK(invoke({"init", "--address", "127.0.10.1", "--sha256", "00"}).status == EX_USAGE);
}
