#include "ledger-client/cli/commands.h"

#include "ledger-client/cli/errors.h"
#include "ledger-client/cli/files.h"
#include "ledger-client/core/sha256.h"
#include "tests/support/shared_data.h"
#include "tests/unit/ledger_cli/stored_log.h"

using test_support::issued;
using test_support::journal_options;
using test_support::ledger_tool;
using test_support::LogKey;
using test_support::StoredLog;
using test_support::write_file;

TEST_CASE("show prints entries for people and for programs") {
  const StoredLog log;
  const auto all = log({"show", "10.20.0.5"});
  CHECK(all.status == 0);
  CHECK_THAT(all.out, Catch::Contains("bundle.issued") && Catch::Contains("to=10.20.0.6") &&
                          Catch::Contains("\xE2\x80\x94 ehr/10-20-0-5 "));
  const auto one = log({"show", "10-20-0-5", "3", "--json"}).json();
  CHECK(one["entry"]["index"] == 3);
  CHECK(one["sha256"] == log({"show", "10-20-0-5", "4", "--json"}).json()["entry"]["prev"]);
  CHECK(one["sha256"] == ledger::to_hex(ledger::sha256(one["line"].get<std::string>())));
  CHECK(log({"show", "10.20.0.5", "20"}).status == 66);
  CHECK(log({"show", "10.20.0.9"}).status == 66);
}

TEST_CASE("a log that continued a retired one is named by address and generation") {
  const test_support::TempDir dir;
  const LogKey key("ehr/10-20-0-5/2");
  {
    ledger::Journal journal(journal_options(dir.path(), key));
    REQUIRE(journal.append({issued(0)}));
  }
  for (const auto* name : {"10.20.0.5/2", "10-20-0-5/2", "ehr/10-20-0-5/2"}) {
    const auto verified =
        ledger_tool({"verify", name, "--db", (dir / "agent.db").string(), "--vkey", key.key().to_vkey()});
    INFO(name << verified.out << verified.err);
    CHECK(verified.status == 0);
  }
  for (const auto* name : {"10.20.0.5", "10.20.0.5/1", "10.20.0.5/02", "10.20.0.5/"})
    CHECK(ledger_tool({"show", name, "--db", (dir / "agent.db").string()}).status == 66);
}

TEST_CASE("an export verifies, shows and proves like the database") {
  const StoredLog log(300);
  const auto target = (log.dir / "export").string();
  REQUIRE(log({"export", "10.20.0.5", target}).status == 0);
  const auto key = log.key.key().to_vkey();
  CHECK(ledger_tool({"verify", "--all", "--dir", log.dir.path().string(), "--vkey", key}).status == 0);
  CHECK(ledger_tool({"show", "10.20.0.5", "299", "--dir", target}).status == 0);
  const auto file = (log.dir / "p").string();
  CHECK(ledger_tool({"prove", "10.20.0.5", "299", "--dir", target, "--vkey", key, "-o", file}).status == 0);
  CHECK(ledger_tool({"check", file, "--vkey", key}).status == 0);
  std::ifstream lines(target + "/entries.jsonl");
  std::uint64_t count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    CHECK(nlohmann::json::parse(line)["index"] == count);
  CHECK(count == 300);

  SECTION("one flipped byte of entries.jsonl is found too") {
    auto content = test_support::read_file(target + "/entries.jsonl");
    content[content.size() / 2] ^= 1;
    std::ofstream(target + "/entries.jsonl", std::ios::binary) << content;
    CHECK(ledger_tool({"verify", "--dir", target, "--vkey", key}).status == 1);
  }
  SECTION("a byte of the checkpoint, wherever it is") {
    const auto whole = test_support::read_file(target + "/checkpoint");
    for (std::size_t at = 0; at < whole.size(); ++at) {
      auto content = whole;
      content[at] ^= 1;
      write_file(target + "/checkpoint", content);
      const auto bad = ledger_tool({"verify", "--all", "--dir", target, "--vkey", key});
      INFO(at << ": " << bad.out << bad.err);
      CHECK(bad.status == 1);
    }
  }
  SECTION("a bad log is not exported") {
    log.change("UPDATE ledger_entry SET line = 'x' WHERE idx = 7");
    CHECK(log({"export", "10.20.0.5", (log.dir / "other").string()}).status == 1);
    CHECK_FALSE(std::filesystem::exists(log.dir / "other"));
  }
}

TEST_CASE("an export that can't be written says where, and goes on when it can") {
  const StoredLog log(300);
  const auto target = (log.dir / "export").string();
  const auto below_a_file = log({"export", "10.20.0.5", (log.dir / "agent.db/export").string()});
  CHECK(below_a_file.status == 74);
  CHECK_THAT(below_a_file.err, Catch::Contains("cannot write to " + (log.dir / "agent.db/export").string() +
                                               ": Not a directory\nhint: "));
  CHECK_THAT(below_a_file.err, !Catch::Contains("filesystem error"));
  const auto full = [&] {
    const test_support::FullDisk disk(40'000);  // less than a bundle of entries
    return log({"export", "10.20.0.5", target});
  }();
  CHECK(full.status == 74);
  CHECK_THAT(full.err, Catch::Contains("cannot write to " + target) &&
                           Catch::Contains("hint: make room and run it again"));
  CHECK_FALSE(std::filesystem::exists(target + "/checkpoint"));
  CHECK(log({"export", "10.20.0.5", target}).status == 0);
  CHECK(ledger_tool({"verify", "--dir", target, "--vkey", log.key.key().to_vkey()}).status == 0);
  for (const auto& file : std::filesystem::recursive_directory_iterator(target))
    CHECK(file.path().extension() != ".part");
}

TEST_CASE("an export is not mixed with another log's") {
  const StoredLog log;
  const auto target = (log.dir / "export").string();
  REQUIRE(log({"export", "10.20.0.5", target}).status == 0);
  const LogKey key("ehr/10-20-0-7");
  const test_support::TempDir dir;
  REQUIRE(ledger::Journal(journal_options(dir.path(), key)).append({issued(0)}));
  const auto mixed = ledger_tool(
      {"export", "10.20.0.7", target, "--db", (dir / "agent.db").string(), "--vkey", key.key().to_vkey()});
  CHECK(mixed.status == 64);
  CHECK_THAT(mixed.err, Catch::Contains("holds an export of ehr/10-20-0-5"));
  CHECK(ledger_tool({"verify", "--dir", target, "--vkey", log.key.key().to_vkey()}).status == 0);
}

TEST_CASE("replicas on a full disk stay whole and are continued when there is room") {
  const StoredLog log(3000);
  const auto replicas = (log.dir / "replicas").string();
  const auto source = (log.dir / "agent.db").string(), key = log.key.key().to_vkey();
  const std::vector<std::string> replicate{"replicate", replicas, "--from", source, "--vkey", key};
  const auto full = [&] {
    const test_support::FullDisk disk(800'000);
    return ledger_tool(replicate);
  }();
  CHECK(full.status == 74);
  CHECK_THAT(full.err, Catch::Contains("cannot write to " + replicas + ": ") &&
                           Catch::Contains("hint: make room and run it again"));
  const auto begun = ledger_tool({"verify", "--all", "--json", "--dir", replicas, "--vkey", key});
  INFO(begun.out);
  CHECK(begun.status == 0);
  CHECK(begun.json()["logs"][0]["entries"] < 3000);
  CHECK(ledger_tool(replicate).status == 0);
  const auto whole = ledger_tool({"verify", "10.20.0.5", "--json", "--dir", replicas, "--vkey", key});
  CHECK(whole.status == 0);
  CHECK(whole.json()["logs"][0]["entries"] == 3000);

  const auto nowhere = ledger_tool({"replicate", source + "/x", "--from", source, "--vkey", key});
  CHECK(nowhere.status == 74);
  CHECK_THAT(nowhere.err, Catch::Contains("cannot write to " + source + "/x") && Catch::Contains("hint: "));
}

TEST_CASE("an output that can't be written is no success") {
  const StoredLog log;
  std::ostringstream out, err;
  out.setstate(std::ios::badbit);
  const std::string database = (log.dir / "agent.db").string(), key = log.key.key().to_vkey();
  CHECK(ledger::cli::run({"show", "10.20.0.5", "--db", database, "--vkey", key}, out, err) == 74);
  CHECK(ledger::cli::run({"show", "--help"}, out, err) == 74);
  CHECK_THAT(err.str(), Catch::Contains("standard output can't be written"));
}

TEST_CASE("tail shows the last entries, verified") {
  const StoredLog log;
  const auto tail = log({"tail", "-n", "5", "--count", "5"});
  CHECK(tail.status == 0);
  CHECK(std::count(tail.out.begin(), tail.out.end(), '\n') == 5);
  CHECK_THAT(tail.out, Catch::StartsWith("15  "));
  log.change("UPDATE ledger_entry SET line = replace(line, '10.20.0.6', '10.20.0.7') WHERE idx = 17");
  const auto bad = log({"tail", "-n", "5", "--count", "5", "--for", "1"});
  CHECK(bad.status == 1);
  CHECK(bad.out.empty());
}

TEST_CASE("wrong usage is 64 and hints at the help, every command's help has an example") {
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{},
                                             {"nothing"},
                                             {"verify", "--no-such"},
                                             {"prove"},
                                             {"show"},
                                             {"verify", "--db", "a", "--dir", "b"},
                                             {"show", "10.20.0.5", "x"},
                                             {"show", "10.20.0.5", "-1"},
                                             {"prove", "10.20.0.5", "18446744073709551616"},
                                             {"verify", "--ca", "x"},
                                             {"verify", "--for", "x"},
                                             {"verify", "--vkey", "nonsense"}}) {
    const auto output = ledger_tool(wrong);
    CHECK(output.status == 64);
    CHECK_THAT(output.err, Catch::Contains("error: ") && Catch::Contains("hint: "));
  }
  CHECK_THAT(ledger_tool({"verify", "--for", "x"}).err,
             Catch::Contains("--for takes a number, not x\nhint: see `ehr-ledger verify --help`"));
  CHECK_THAT(ledger_tool({"verify", "--db", "a", "--dir", "b"}).err,
             Catch::Contains("--db and --dir exclude each other"));
  CHECK_THAT(ledger_tool({"nothing"}).err,
             Catch::Contains("there is no command `ehr-ledger nothing`\nhint: see `ehr-ledger --help`"));
  CHECK_THAT(ledger_tool({"prove", "10.20.0.5", "4", "a", "b", "--no-such"}).err,
             Catch::Contains("`ehr-ledger prove` does not take a b --no-such"));
  CHECK_THAT(ledger_tool({"prove", "10.20.0.5", "4", "--broker", "mqtts://broker.example"}).err,
             Catch::Contains("does not take --broker mqtts://broker.example") &&
                 Catch::Contains("hint: only verify, show, tail and replicate read a broker"));
  for (const std::string command : {"verify", "show", "tail", "prove", "check", "export"}) {
    const auto help = ledger_tool({command, "--help"});
    CHECK(help.status == 0);
    CHECK_THAT(help.out, Catch::Contains("Example") && Catch::Contains("--json"));
  }
  const auto version = ledger_tool({"--version"});
  CHECK(version.status == 0);
  CHECK_THAT(version.out, Catch::StartsWith("ehr-ledger "));
}

TEST_CASE("an output that cannot be written leaves the old file") {
  const StoredLog log;
  const test_support::TempDir dir;
  const auto file = dir / "proof";
  write_file(file, "old");
  ledger::cli::UserError error(ledger::cli::kUsage, "");
  try {
    const test_support::FullDisk full(16);
    ledger::cli::write_output(file.string(), std::string(1000, 'x'));
  } catch (const ledger::cli::UserError& caught) {
    error = caught;
  }
  CHECK_THAT(error.what(), Catch::Contains(file.string()));
  CHECK(ledger::cli::read_input(file.string()) == "old");
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);
  CHECK(log({"prove", "10.20.0.5", "3", "-o", file.string()}).status == 0);
  CHECK(ledger::cli::read_input(file.string()) != "old");
}
