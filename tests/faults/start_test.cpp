// What keeps an agent from starting is told with what, where and what to do, and a status of its own.
#include <sys/stat.h>
#include <sysexits.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/federation.h"
#include "tests/support/shared_data.h"

using namespace test_support;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

struct Alone {
  Federation federation{{EHR_AGENT, EHR_LEDGER, 1, {}, false, 0, false}};
  AgentProcess& agent = federation[0];
};

}  // namespace

TEST_CASE(
    "a key file that others can read or that is missing ends serve with 78, and config check says the same") {
  Alone alone;
  const auto key = alone.agent.keys() / "log-1.skey";
  fs::permissions(key, fs::perms(0640));
  for (const std::vector<std::string>& command : {std::vector<std::string>{"serve"}, {"config", "check"}}) {
    const auto refused = alone.agent.command(command);
    CHECK(refused.status == EX_CONFIG);
    CHECK_THAT(refused.output, Contains("error: " + key.string() + ": open to group or others, mode 0640") &&
                                   Contains("hint: `chmod 600 " + key.string() + "`"));
  }
  fs::remove(key);
  for (const std::vector<std::string>& command : {std::vector<std::string>{"serve"}, {"config", "check"}}) {
    const auto missing = alone.agent.command(command);
    CHECK(missing.status == EX_CONFIG);
    CHECK_THAT(missing.output, Contains("no key log-N.skey") && Contains("hint: "));
  }
}

TEST_CASE("without a federation document that lists the agent serve ends with 78 and says who gives one") {
  Alone alone;
  fs::remove(alone.agent.folder() / "federation.json");
  const auto missing = alone.agent.command({"serve"});
  CHECK(missing.status == EX_CONFIG);
  CHECK_THAT(missing.output, Contains("can't read the federation document") && Contains("hint: "));
  const auto warned = alone.agent.command({"config", "check"});
  CHECK(warned.status == 0);
  CHECK_THAT(warned.output, Contains("federation.json is not there"));
}

TEST_CASE("a second agent on the same log ends with 75 and leaves the first alone") {
  Alone alone;
  alone.agent.start();
  const auto second = alone.agent.command({"serve"});
  CHECK(second.status == EX_TEMPFAIL);
  CHECK_THAT(second.output,
             Contains("is in use by another process") && Contains("hint: is the agent running"));
  CHECK(alone.agent.command({"status"}).status == 0);
}

TEST_CASE("an agent that can't connect to its broker logs why, and what helps") {
  Alone alone;
  const auto& federation = alone.federation;
  const auto expect = [&](const std::string& cause) {
    alone.agent.launch();
    CHECK(eventually([&] { return alone.agent.log().find(cause) != std::string::npos; }));
    INFO(alone.agent.log());
    CHECK_THAT(alone.agent.log(), Contains("no broker cause=") && Contains("hint="));
    CHECK_THAT(alone.agent.log(), !Contains("TCP/TLS connect failure"));
    CHECK(alone.agent.stop() == 0);
  };
  SECTION("another authority's broker") {
    const auto other = federation.folder() / "other";
    run({source_root() / "deploy/pki", "ca", other});
    alone.federation.configure(0, {{"mqtt.ca", '"' + (other / "ca.crt").string() + '"'}});
    expect("is from another authority than that of the CA file " + (other / "ca.crt").string());
  }
  SECTION("a key that went missing") {
    fs::remove(alone.agent.keys() / "tls.key");
    expect("cannot read the key file " + (alone.agent.keys() / "tls.key").string());
  }
}

TEST_CASE("a key that the document lists for another time is told with its time, as the clock may be wrong") {
  Alone alone;
  std::string end = alone.agent.member().at("keys").at(0).at("from");
  REQUIRE(alone.agent.member().at("keys").at(0).at("id") == "sign-1");
  end.replace(end.size() - 2, 1, "1");  // a millisecond later
  const auto next = alone.federation.next_version(
      alone.federation.first_version(), {"--end-key", alone.agent.address().text() + "=sign-1=" + end});
  fs::copy_file(next, alone.agent.folder() / "federation.json", fs::copy_options::overwrite_existing);
  const auto refused = alone.agent.command({"serve"});
  CHECK(refused.status == EX_CONFIG);
  CHECK_THAT(refused.output, Contains("key sign-1 is valid from ") && Contains(" to " + end) &&
                                 Contains("the clock here says ") &&
                                 Contains("hint: is this machine's clock right?"));
}

TEST_CASE("a state or guard folder that is removed under a running agent is told, with what helps") {
  Alone alone;
  alone.agent.start();
  const auto told = [&](const fs::path& file) {
    return eventually([&] {
      return alone.agent.log().find("gone from its place, what is written to it is lost file=" +
                                    file.string() + " hint=") != std::string::npos;
    });
  };
  fs::remove_all(alone.agent.folder() / "guard");
  CHECK(told(alone.agent.folder() / "guard/guard"));
  fs::remove_all(alone.agent.state());
  CHECK(told(alone.agent.database()));
  CHECK(alone.agent.stop() == 0);
}

TEST_CASE("folders that serve makes itself are for its user alone") {
  Alone alone;
  fs::remove_all(alone.agent.state());
  fs::remove_all(alone.agent.folder() / "guard");
  const auto before = ::umask(022);
  alone.agent.start();
  ::umask(before);
  for (const auto& folder : {alone.agent.state(), alone.agent.folder() / "guard"})
    CHECK((fs::status(folder).permissions() & fs::perms::all) == fs::perms::owner_all);
}
