#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "agent/config/config.h"
#include "agent/core/fhir/section_names.h"
#include "tests/support/temp_dir.h"

using namespace std::chrono_literals;
using edge::parse_config;

namespace {

const std::string kAddress = "[agent]\naddress = \"10.20.0.5\"\n";

const std::string kKeyOne = "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w";
const std::string kKeyTwo = "gTl3Dqh9F19Wo1Rmw0x-zMuNippOe_PaCayrWrixsZg";

std::vector<std::string> problems_of(const std::string& toml) {
  std::vector<std::string> out;
  const auto config = parse_config(toml, "/etc/ehr-agent");
  if (!config)
    for (const auto& problem : config.error()) out.push_back(edge::to_text(problem));
  return out;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("an address is enough, the rest has defaults") {
  const auto config = parse_config(kAddress, "/etc/ehr-agent");
  REQUIRE(config);
  CHECK(config->agent.address->text() == "10.20.0.5");
  CHECK(config->agent.state_dir == "/var/lib/ehr-agent");
  CHECK(config->mqtt.ca == "/etc/ehr-agent/keys/ca.crt");
  CHECK(config->mqtt.cert == "/etc/ehr-agent/keys/tls.crt");
  CHECK(config->mqtt.key == "/etc/ehr-agent/keys/tls.key");
  CHECK(config->his.database == "/var/lib/ehr-agent/his.db");
  CHECK(config->transfer.window == 4u << 20);
  CHECK(config->transfer.deadline == 24h);
  CHECK(config->retention.audit == std::chrono::hours(24 * 3650));
  CHECK(config->groups.empty());
  CHECK_FALSE(config->consent.mark_withheld);
  CHECK_FALSE(config->break_glass.allow);
  CHECK(config->sections.empty());
}

TEST_CASE("values arrive where they belong") {
  const auto config = parse_config(R"(
[agent]
address = "FD00:0::5"
name = "Klinik am Fluß"
state_dir = "state"
workers = 7
[control]
socket = "../run/c.sock"
[keys]
dir = "secret"
[mqtt]
url = "mqtts://[fd00::1]:8884"
version = "3.1.1"
key = "/run/credentials/tls.key"
[transfer]
window = "8MiB"
retry_first = "250ms"
[limits]
request_bytes = 65536
requests_per_second = 12.5
[retention]
inbox = "2d"
[consent]
mark_withheld = true
[break_glass]
allow = true
[[group]]
name = "north"
peers = ["10.20.0.6", "FD00:0::7"]
[[group]]
name = "south-2"
peers = ["10.20.0.8"]
[[section]]
name = "results"
limit = 50
latest_per_code = true
)",
                                   "/srv/agent/etc");
  REQUIRE(config);
  CHECK(config->agent.address->text() == "fd00::5");
  CHECK(config->agent.name == "Klinik am Fluß");
  CHECK(config->agent.state_dir == "/srv/agent/etc/state");
  CHECK(config->agent.workers == 7);
  CHECK(config->control.socket == "/srv/agent/run/c.sock");
  CHECK(config->mqtt.url == "mqtts://[fd00::1]:8884");
  CHECK(config->mqtt.version == "3.1.1");
  CHECK(config->mqtt.key == "/run/credentials/tls.key");
  CHECK(config->mqtt.cert == "/srv/agent/etc/secret/tls.crt");
  CHECK(config->his.database == "/srv/agent/etc/state/his.db");
  CHECK(config->transfer.window == 8u << 20);
  CHECK(config->transfer.retry_first == 250ms);
  CHECK(config->limits.request_bytes == 65536);
  CHECK(config->limits.requests_per_second == 12.5);
  CHECK(config->retention.inbox == 48h);
  CHECK(config->consent.mark_withheld);
  CHECK(config->break_glass.allow);
  REQUIRE(config->groups.size() == 2);
  CHECK(config->groups[0].name == "north");
  REQUIRE(config->groups[0].peers.size() == 2);
  CHECK(config->groups[0].peers[1].text() == "fd00::7");
  CHECK(config->groups[1].name == "south-2");
  REQUIRE(config->sections.size() == 1);
  CHECK(config->sections[0].section == edge::fhir::Section::kResults);
  CHECK(config->sections[0].limit == 50);
  CHECK(config->sections[0].latest_per_code);
  CHECK_FALSE(config->sections[0].required);
}

TEST_CASE("all problems come at once, in the order of the file, with line and key") {
  CHECK(problems_of("[agent]\n"
                    "adress = \"10.20.0.5\"\n"
                    "workers = \"two\"\n"
                    "[mqqt]\n"
                    "url = \"x\"\n"
                    "[transfer]\n"
                    "window = \"1KiB\"\n"
                    "deadline = 10\n"
                    "lifetime = \"1s\"\n"
                    "[limits]\n"
                    "assemblies = 0\n"
                    "[[group]]\n"
                    "name = \"North\"\n") ==
        Texts{"agent.address: is missing: the IP address peers know this agent by",
              "line 2: agent.adress: unknown key; did you mean `agent.address`?",
              "line 3: agent.workers: must be a whole number",
              "line 4: mqqt: unknown key; did you mean `mqtt`?",
              "line 7: transfer.window: must be 512KiB to 1GiB",
              "line 8: transfer.deadline: must be a duration: a string like \"250ms\", \"10s\", \"15min\", "
              "\"24h\" or \"7d\"",
              "line 9: transfer.lifetime: unknown key; did you mean `request.lifetime`?",
              "line 11: limits.assemblies: must be 1 to 64", "line 12: group[0].peers: is missing",
              "line 13: group[0].name: must be 1 to 64 lower-case letters, digits and single hyphens"});
}

TEST_CASE("each wrong value is refused") {
  const auto one = [](const std::string& rest) {
    const auto found = problems_of(rest.starts_with("address") ? "[agent]\n" + rest : kAddress + rest);
    INFO(rest);
    CHECK(found.size() == 1);
  };
  for (const auto& text : std::vector<std::string>{
           "address = \"10.20.0.256\"",
           "address = 5",
           "address = \"10.20.0.5/24\"",
           "address = \"localhost\"",
           "workers = 1.5",
           "workers = 65",
           "workers = -1",
           "workers = 4294967297",
           "name = \"\"",
           "name = \"a\\nb\"",
           "state_dir = \"\"",
           "state_dir = 1",
           "state_dir = \"a\\u0000b\"",
           "mqtt = 1",
           "[mqtt]\nversion = \"4\"",
           "[mqtt]\nversion = 5",
           "[mqtt]\nurl = \"tcp://x\"",
           "[mqtt]\nurl = [\"mqtts://x\"]",
           "[his]\nkind = \"oracle\"",
           "[anchor]\nrequire = \"none\"",
           "[transfer]\nwindow = -1",
           "[transfer]\nwindow = \"4MB\"",
           "[transfer]\nretry_first = \"2min\"",
           "[limits]\nrequests_per_second = nan",
           "[limits]\nrequests_per_second = inf",
           "[limits]\nrequests_per_second = \"5\"",
           "[limits]\nbundle_bytes = \"512MiB\"\nspool_bytes = \"256MiB\"",
           "[retention]\nspool = \"90min\"",
           "[ledger]\nguard = \"/var/lib/ehr-agent/guard\"",
           "[agent.name]\nx = 1",
           "group = 1",
           "group = [1]",
           "[consent]\nmark_withheld = 1",
           "[break_glass]\nallow = \"yes\"",
           "[approval]\nkeys = 1",
           "[approval]\nkeys = -1",
           "[approval]\nfederation = 65",
           "[approval]\nlifetime = \"1s\"",
           "[approval]\napprover = 1",
           "[[approver]]\nid = \"anna\"\nkey = \"x\"",
           "[[approver]]\nid = \"Anna\"\nkey = \"" + kKeyOne + "\"",
           "[[approver]]\nid = \"Ð°nna\"\nkey = \"" + kKeyOne + "\"",
           "[[approver]]\nid = \"anna\"",
           "[[approver]]\nid = \"anna\"\nkey = \"" + kKeyOne + "\"\nrevoked_from = -1",
           "[[approver]]\nid = \"anna\"\nkey = \"" + kKeyOne + "\"\nrevoked_from = 7\n[approval]\nkeys = 1",
           "[[approver]]\nid = \"anna\"\nkey = \"" + kKeyOne + "\"\n[[approver]]\nid = \"anna\"\nkey = \"" +
               kKeyTwo + "\"",
           "[[approver]]\nid = \"ann1\"\nkey = \"" + kKeyOne + "\"\n[[approver]]\nid = \"annl\"\nkey = \"" +
               kKeyTwo + "\"",
           "[[approver]]\nid = \"anna\"\nkey = \"" + kKeyOne + "\"\n[[approver]]\nid = \"ben\"\nkey = \"" +
               kKeyOne + "\"",
           "[[group]]\nname = \"a\"\npeers = []",
           "[[group]]\nname = \"a\"\npeers = \"10.0.0.1\"",
           "[[group]]\nname = \"a\"\npeers = [\"host\"]",
           "[[group]]\nname = \"a\"\npeers = [\"10.0.0.1\", \"10.0.0.1\"]",
           "[[group]]\nname = \"a\"\npeer = [\"10.0.0.1\"]\npeers = [\"10.0.0.1\"]",
           "[[group]]\nname = \"a\"\npeers = [\"10.0.0.1\"]\n[[group]]\nname = \"a\"\npeers = [\"10.0.0.1\"]",
           "[[allow]]\npeer = \"10.0.0.1\"\npurposes = [\"TREAT\"]",
           "[[section]]\nlimit = 1",
           "[[section]]\nname = \"result\"",
           "[[section]]\nname = \"results\"\nlimit = -1",
           "[[section]]\nname = \"results\"\n[[section]]\nname = \"results\"",
           "[[section]]\nname = \"results\"\nlatest_per_code = 1"})
    one(text);
}

TEST_CASE("what is not TOML is one problem with its line") {
  for (const auto* text : {"[agent]\naddress = \n", "[agent]\naddress = \"1.2.3.4\"\naddress = \"1.2.3.5\"\n",
                           "[agent\n", "\xff\xfe"}) {
    const auto config = parse_config(text, "/");
    REQUIRE_FALSE(config);
    REQUIRE(config.error().size() == 1);
    CHECK(config.error()[0].line >= 1);
  }
  CHECK_FALSE(parse_config(std::string(100'000, '['), "/"));
  CHECK_FALSE(parse_config("x = " + std::string(100'000, '['), "/"));
}

TEST_CASE("own section rules take the place of the default ones") {
  using edge::fhir::Section;
  const std::vector<edge::fhir::SectionRule> defaults{{Section::kProblems, true, 0, false},
                                                      {Section::kResults, false, 100, true}};
  const auto config =
      parse_config(kAddress +
                       "[[section]]\nname = \"results\"\nlimit = 5\n[[section]]\nname = \"problems\"\n"
                       "[[section]]\nname = \"alerts\"\nlimit = 3\n",
                   "/");
  REQUIRE(config);
  const auto rules = edge::merged_rules(defaults, *config);
  REQUIRE(rules.size() == 3);
  CHECK(rules[0].required);
  CHECK(rules[1].limit == 5);
  CHECK_FALSE(rules[1].latest_per_code);
  CHECK(rules[2].section == Section::kAlerts);
}

TEST_CASE("a file is read against its own folder, one that can't be read is a problem") {
  const test_support::TempDir dir;
  std::ofstream(dir / "a.toml") << kAddress << "state_dir = \"state\"\n";
  const auto config = edge::load_config(dir / "a.toml");
  REQUIRE(config);
  CHECK(config->agent.state_dir == dir.path() / "state");
  for (const auto& file : {dir / "missing.toml", dir.path()}) {
    const auto none = edge::load_config(file);
    REQUIRE_FALSE(none);
    CHECK(none.error()[0].line == 0);
  }
  std::ofstream(dir / "big.toml") << std::string((1u << 20) + 1, '#');
  CHECK_FALSE(edge::load_config(dir / "big.toml"));
}

TEST_CASE("the command line goes before the environment, that before the usual place") {
  ::unsetenv("EHR_AGENT_CONFIG");
  CHECK(edge::config_path(std::nullopt) == "/etc/ehr-agent/ehr-agent.toml");
  ::setenv("EHR_AGENT_CONFIG", "/tmp/x.toml", 1);
  CHECK(edge::config_path(std::nullopt) == "/tmp/x.toml");
  CHECK(edge::config_path("/y.toml") == "/y.toml");
  ::unsetenv("EHR_AGENT_CONFIG");
}
