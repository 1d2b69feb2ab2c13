#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "agent/cli/failure.h"
#include "tests/support/process.h"
#include "tests/support/shared_data.h"
#include "tests/support/signed_federation.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/edge_cli/invoke.h"

namespace {

using Catch::Contains;
using Words = std::vector<std::string>;

std::string help_of(const Words& path) {
  Words with_help = path;
  with_help.emplace_back("--help");
  const auto help = invoke(with_help);
  REQUIRE(help.status == 0);
  return help.out;
}

// Names below "Subcommands:" of a help text.
Words subcommands(const Words& path) {
  const std::string help = help_of(path);
  Words out;
  const auto at = help.find("Subcommands:");
  if (at == std::string::npos) return out;
  const std::regex name(R"(\n  ([a-z][a-z-]*) )");
  const std::string text = help.substr(at, help.find("\nExample:", at) - at);
  for (std::sregex_iterator one(text.begin(), text.end(), name), end; one != end; ++one)
    out.push_back((*one)[1]);
  return out;
}

// Every command, as "noun verb" or "verb".
std::set<std::string> all_commands() {
  std::set<std::string> out;
  for (const auto& noun : subcommands({})) {
    const auto verbs = subcommands({noun});
    if (verbs.empty() || help_of({noun}).find("[SUBCOMMAND]") != std::string::npos) out.insert(noun);
    for (const auto& verb : verbs) out.insert(noun + " " + verb);
  }
  return out;
}

bool is_noun(const std::set<std::string>& commands, const std::string& word) {
  const auto at = commands.lower_bound(word + " ");
  return at != commands.end() && at->starts_with(word + " ");
}

Words split(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

std::string source(const std::string& file) {
  return std::regex_replace(test_support::read_file(test_support::source_root() / file), std::regex(R"(\\-)"),
                            "-");
}

}  // namespace

TEST_CASE("every command has help with an example, --json and --config") {
  const auto commands = all_commands();
  CHECK(commands.size() >= 27);
  CHECK(commands.contains("break-glass review"));
  for (const auto& command : commands) {
    INFO(command);
    auto words = split(command);
    words.emplace_back("--help");
    const auto help = invoke(words);
    CHECK(help.status == 0);
    CHECK_THAT(help.out, Contains("Example:\n") && Contains("ehr-agent " + command) && Contains("--json") &&
                             Contains("--config"));
    CHECK(help.err.empty());
  }
}

TEST_CASE("help fits 80 columns, but for examples, which are copied") {
  auto commands = all_commands();
  commands.insert("");
  for (const auto& command : commands) {
    std::istringstream help(help_of(split(command)));
    for (std::string line; std::getline(help, line);) {
      if (line.starts_with("  e")) continue;  // an example
      INFO(command << '\n' << line);
      CHECK(line.size() <= 80 + 4);  // bytes: an ellipsis is one column
    }
  }
}

TEST_CASE("the man page and the commands name each other") {
  const std::string page = source("deploy/man/ehr-agent.1");
  const auto commands = all_commands();
  for (const auto& command : commands) {
    INFO(command);
    CHECK_THAT(page, Contains("ehr-agent " + command));
  }
  const std::string plain = std::regex_replace(page, std::regex(R"(\\-)"), "-");
  const std::regex option(R"(\n  (?:-[a-z],)?(--[a-z][a-z-]+))");
  for (const auto& command : commands) {
    const std::string help = help_of(split(command));
    for (std::sregex_iterator one(help.begin(), help.end(), option), end; one != end; ++one) {
      INFO(command);
      CHECK_THAT(plain, Contains((*one)[1].str()));
    }
  }
  const std::regex entry(R"(\.(?:B|BI) "?(ehr-agent [a-z][a-z-]*(?: [a-z][a-z-]*)?))");
  for (std::sregex_iterator one(page.begin(), page.end(), entry), end; one != end; ++one) {
    const std::string named = (*one)[1].str().substr(10);
    INFO(named);
    CHECK((commands.contains(named) || commands.contains(named.substr(0, named.find(' ')))));
  }
}

TEST_CASE("what README and the manual pages tell to type exists") {
  const auto commands = all_commands();
  for (const auto* file : {"README.md", "agent/README.md", "deploy/man/ehr-agent.1",
                           "deploy/man/ehr-agent.conf.5", "deploy/etc/ehr-agent.toml"}) {
    const std::string text = source(file);
    const std::regex mention(R"((?:`|^|\| |\n)ehr-agent ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?)");
    for (std::sregex_iterator one(text.begin(), text.end(), mention), end; one != end; ++one) {
      const std::string noun = (*one)[1], verb = (*one)[2];
      INFO(file << ": " << noun << ' ' << verb);
      CHECK((commands.contains(noun) || commands.contains(noun + " " + verb) ||
             (verb.empty() && is_noun(commands, noun))));
    }
  }
}

TEST_CASE("a wrong command line is a usage error that points to help") {
  for (const auto& line : {"",
                           "nonsense",
                           "config",
                           "his frobnicate",
                           "request",
                           "request 10.0.0.1",
                           "init",
                           "status --colour",
                           "request 10.0.0.1 p --sections results,alergies",
                           "request somewhere p",
                           "request 10.0.0.1 p --timeout soon",
                           "init --address 10.0.0.256",
                           "his list --limit 0",
                           "consent grant --patient any --purpose TREAT",
                           "consent grant --patient any --peer 10.0.0.1",
                           "consent grant --patient any --peer any,10.0.0.1 --purpose TREAT",
                           "consent grant --patient any --peer 10.0.0.1 --purpose TREAT --to soon",
                           "break-glass review x",
                           "consent explain somewhere p",
                           "federation init"}) {
    const auto result = invoke(split(line));
    INFO(line << '\n' << result.err);
    CHECK(result.status == EX_USAGE);
    CHECK_THAT(result.err, Catch::StartsWith("error: "));
    CHECK(result.out.empty());
  }
  CHECK_THAT(invoke({"request", "10.0.0.1", "p", "--sections", "alergies"}).err,
             Contains("hint: did you mean `allergies`?"));
  for (const auto& [line, told] :
       {std::pair{"config",
                  "`ehr-agent config` needs a command: check, show\nhint: see `ehr-agent config --help`"},
        {"his list --limit 0", "--limit takes a number from 1 to 1000000, not 0\n"},
        {"status --interval x", "--interval takes a number from 0.1 to 3600, not x\n"},
        {"break-glass review x", "ID takes a number, not x\n"},
        {"approval vote 5 maybe", "CHOICE takes one of approve, reject, not maybe\n"},
        {"consent grant --patient", "--patient needs a value\n"},
        {"consent explain somewhere p", "PEER must be an IPv4 or IPv6 address"},
        {"disclosures --peer somewhere", "--peer must be an IPv4 or IPv6 address"},
        {"federation init", "say who decides: --add-admin ID=KEY, once for each, and --threshold N\n"}}) {
    INFO(line);
    CHECK_THAT(invoke(split(line)).err, Contains(told));
  }
  CHECK_THAT(invoke({"nonsense"}).err, Contains("there is no command `ehr-agent nonsense`"));
  CHECK_THAT(invoke({"his", "frobnicate", "-x"}).err,
             Contains("there is no command `ehr-agent his frobnicate`\nhint: see `ehr-agent his --help`"));
  CHECK_THAT(invoke({"queue", "list", "a", "b", "c"}).err,
             Contains("`ehr-agent queue list` does not take a b c\nhint: see `ehr-agent queue list --help`"));
}

TEST_CASE("the manual pages say what -o does to a file, and that there is a version to print") {
  for (const auto* file : {"deploy/man/ehr-agent.1", "deploy/man/ehr-ledger.1"}) {
    INFO(file);
    CHECK_THAT(source(file), Contains("replaced whole or not at all") && Contains("--version"));
  }
}

TEST_CASE("the version is printed") {
  CHECK_THAT(invoke({"--version"}).out, Catch::StartsWith("ehr-agent "));
}

TEST_CASE("config check reports every problem, and ends with 78") {
  const test_support::TempDir dir;
  const std::string file = (dir / "a.toml").string();
  std::ofstream(file) << "[agent]\nadress = \"10.0.0.1\"\nworkers = 0\n";
  const auto text = invoke({"config", "check", "--config", file});
  CHECK(text.status == EX_CONFIG);
  CHECK_THAT(text.err, Contains("error: " + file +
                                ": line 2: agent.adress: unknown key; did you mean `agent.address`?\n"));
  CHECK_THAT(text.err, Contains("error: " + file + ": line 3: agent.workers: must be 1 to 64\n"));
  CHECK_THAT(text.err, Contains("\nhint: "));
  const auto json = invoke({"config", "check", "--config", file, "--json"});
  CHECK(json.status == EX_CONFIG);
  CHECK(nlohmann::json::parse(json.out)["problems"].size() == 3);

  std::ofstream(file) << "[agent]\naddress = \"10.0.0.1\"\n";
  CHECK(invoke({"config", "check", "--config", file}).status == 0);
  CHECK(nlohmann::json::parse(invoke({"config", "check", "--config", file, "--json"}).out)["ok"] == true);
  CHECK_THAT(invoke({"config", "show", "--config", file}).out, Contains("agent.address = \"10.0.0.1\"\n"));
  CHECK(invoke({"config", "check", "--config", (dir / "none").string()}).status == EX_CONFIG);
}

TEST_CASE("config check reports keys that serve would refuse") {
  const test_support::TempDir dir;
  const std::string config = new_agent(dir.path());
  const auto key = dir / "etc/keys/sign-1.pem";
  std::filesystem::permissions(key, std::filesystem::perms(0644));
  std::filesystem::permissions(dir / "etc/keys/age-1.txt", std::filesystem::perms(0620));
  const auto text = invoke({"config", "check", "--config", config});
  CHECK(text.status == EX_CONFIG);
  CHECK_THAT(text.err, Contains("error: " + key.string() + ": open to group or others, mode 0644\n"));
  CHECK_THAT(text.err, Contains("age-1.txt: open to group or others, mode 0620\n"));
  CHECK_THAT(text.err, Contains("hint: `chmod 600 " + key.string() + "`"));
  const auto told = invoke({"config", "check", "--config", config, "--json"});
  CHECK(told.status == EX_CONFIG);
  CHECK(nlohmann::json::parse(told.out)["ok"] == false);
  CHECK(nlohmann::json::parse(told.out)["problems"].size() == 2);
}

TEST_CASE("config check warns of what the agent will miss: its document, and what a broker demands of it") {
  const test_support::TempDir dir;
  const std::string config = new_agent(dir.path());
  const auto warnings = [&] {
    const auto told = invoke({"config", "check", "--config", config, "--json"});
    CHECK(told.status == 0);
    return nlohmann::json::parse(told.out)["warnings"].dump();
  };
  CHECK_THAT(warnings(), Contains("federation.json is not there") && Contains("tls.crt is not there") &&
                             Contains("tls.key is not there") && Contains("ca.crt is not there"));
  const auto keys = dir / "etc/keys";
  const auto pki = (test_support::source_root() / "deploy/pki").string();
  const auto authority = (dir / "ca").string();
  test_support::run({pki, "ca", authority});
  test_support::run({pki, "agent", authority, "127.0.10.1", keys.string()});
  CHECK_THAT(warnings(), !Contains("tls") && !Contains("ca.crt"));
  test_support::run({pki, "agent", authority, "127.0.10.2", (dir / "other").string()});
  for (const auto* file : {"tls.crt", "tls.key"})
    std::filesystem::copy_file(dir / "other" / file, keys / file,
                               std::filesystem::copy_options::overwrite_existing);
  CHECK_THAT(warnings(), Contains("127-0-10-2") && Contains("this agent is"));
  test_support::run({pki, "ca", (dir / "strange").string()});
  std::filesystem::copy_file(dir / "strange/ca.crt", keys / "ca.crt",
                             std::filesystem::copy_options::overwrite_existing);
  CHECK_THAT(warnings(), Contains("was not issued by the authority of"));

  const auto member = nlohmann::json::parse(invoke({"keys", "show", "--config", config}).out);
  std::ofstream(dir / "etc/federation.json")
      << test_support::first_document({{"members", nlohmann::json::array()}});
  CHECK_THAT(warnings(), Contains("federation.json does not list this agent, 127.0.10.1"));
  std::ofstream(dir / "etc/federation.json") << test_support::first_document({{"members", {member}}});
  CHECK_THAT(warnings(), !Contains("federation.json"));
}

TEST_CASE("his import - reads standard input, and the same again changes nothing") {
  const test_support::TempDir dir;
  const std::string config = new_agent(dir.path());
  const std::string patient =
      R"({"resourceType":"Patient","id":"p","identifier":[{"system":"urn:x","value":"1"}]})";
  const auto import = [&](const std::string& input) {
    return invoke({"his", "import", "-", "--config", config}, input);
  };
  const auto first = import(patient + "\n");
  INFO(first.err);
  CHECK(first.status == 0);
  CHECK_THAT(first.out, Contains("1 file (") && Contains("1 resource stored"));
  CHECK_THAT(import(patient + "\n").out, Contains("1 file unchanged"));
  const auto broken = import("{");
  CHECK(broken.status == EX_DATAERR);
  CHECK_THAT(broken.err, Contains("rejected: standard input: "));
  CHECK(import("").status == EX_DATAERR);
  CHECK(invoke({"his", "import", "-", "-", "--config", config}).status == EX_USAGE);
  CHECK_THAT(invoke({"his", "list", "--config", config}).out, Contains("urn:x|1"));
}

TEST_CASE("serve runs the agent with the configuration, and ends as it ends") {
  const test_support::TempDir dir;
  CHECK(invoke({"serve", "--config", new_agent(dir.path())}).status == 42);
  CHECK(invoke({"serve", "--config", (dir / "none").string()}).status == EX_CONFIG);
}
