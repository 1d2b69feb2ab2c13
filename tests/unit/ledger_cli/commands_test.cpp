#include "ledger-client/cli/commands.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "ledger-client/core/checkpoint.h"
#include "ledger-client/core/sha256.h"
#include "ledger-client/store/witnessed_beside.h"
#include "tests/support/shared_data.h"
#include "tests/support/signed_federation.h"
#include "tests/support/test_log.h"

using test_support::issued;
using test_support::journal_options;
using test_support::kOrigin;
using test_support::LogKey;

namespace {

struct Output {
  int status = 0;
  std::string out, err;
  nlohmann::json json() const { return nlohmann::json::parse(out); }
};

Output ledger_tool(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  const int status = ledger::cli::run(arguments, out, err);
  return {status, out.str(), err.str()};
}

void write_file(const std::filesystem::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary) << content;
}

// A log of `size` entries on disk, and how to name it and its key.
struct Fixture {
  explicit Fixture(std::uint64_t size = 20) {
    ledger::Journal journal(journal_options(dir.path(), key));
    std::vector<ledger::NewEntry> entries;
    for (std::uint64_t i = 0; i < size; ++i) entries.push_back(issued(i));
    REQUIRE(journal.append(entries));
  }

  Output operator()(std::vector<std::string> arguments, bool trust = true, bool source = true) const {
    if (source) arguments.insert(arguments.end(), {"--db", (dir / "agent.db").string()});
    if (trust) arguments.insert(arguments.end(), {"--vkey", key.key().to_vkey()});
    return ledger_tool(arguments);
  }

  void change(const std::string& sql) const { ledger::sqlite::Database(dir / "agent.db").exec(sql); }

  test_support::TempDir dir;
  LogKey key{kOrigin};
};

}  // namespace

TEST_CASE("verify says good, or names the first bad index, by its exit status too") {
  const Fixture log;
  const auto good = log({"verify", "--all"});
  CHECK(good.status == 0);
  CHECK_THAT(good.out, Catch::Contains("ehr/10-20-0-5: good, 20 entries"));
  CHECK(log({"verify", "10.20.0.5"}).status == 0);
  CHECK(log({"verify", "--json"}).json()["logs"][0]["entries"] == 20);

  log.change("UPDATE ledger_entry SET line = replace(line, '10.20.0.6', '10.20.0.7') WHERE idx = 7");
  const auto bad = log({"verify"});
  CHECK(bad.status == 1);
  CHECK_THAT(bad.out, Catch::Contains("first bad index 7"));
  const auto json = log({"verify", "--json"}).json();
  CHECK(json["good"] == false);
  CHECK(json["logs"][0]["first_bad_index"] == 7);
}

TEST_CASE(
    "verify finds a database bad whose pages are damaged, or that names another origin than its entries") {
  const Fixture log;
  log.change("PRAGMA wal_checkpoint(TRUNCATE)");
  const auto file = log.dir / "agent.db";
  const auto whole = test_support::read_file(file);
  auto damaged = whole;
  damaged[damaged.find("CREATE TABLE ledger_entry") + 2] ^= 1;
  write_file(file, damaged);
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"verify", "--all"}, {"verify", "10.20.0.5"}}) {
    const auto bad = log(arguments);
    CHECK(bad.status == 1);
    CHECK_THAT(bad.out, Catch::Contains("first bad index 0"));
  }
  CHECK(log({"verify", "--json"}).json()["logs"][0]["first_bad_index"] == 0);
  const auto shown = log({"show", "10.20.0.5"}, false);
  CHECK(shown.status == 65);
  CHECK_THAT(shown.err, Catch::Contains("is damaged") && Catch::Contains("hint: "));

  // The other logs of a directory are judged all the same.
  std::filesystem::create_directory(log.dir / "all");
  write_file(log.dir / "all" / "damaged.db", damaged);
  write_file(log.dir / "all" / "whole.db", whole);
  const auto both = log({"verify", "--all", "--dir", (log.dir / "all").string()}, true, false);
  CHECK(both.status == 1);
  CHECK_THAT(both.out, Catch::Contains("damaged.db: BAD, first bad index 0") &&
                           Catch::Contains("ehr/10-20-0-5: good, 20 entries"));

  // A database says its origin twice.
  write_file(file, whole);
  log.change("UPDATE ledger_meta SET value = CAST(x'6568722F31302DB032' AS TEXT) WHERE key = 'origin'");
  const auto renamed = log({"verify", "--all"});
  CHECK(renamed.status == 1);
  CHECK_THAT(renamed.out, Catch::Contains("ehr/10-20-0-5: BAD, first bad index 0"));
  CHECK(log({"verify", "--json"}).json()["logs"][0]["first_bad_index"] == 0);
}

TEST_CASE("cosignatures on an agent's own log stand beside it, and count for the same tree only") {
  const Fixture log;
  const test_support::WitnessKey witness("w1");
  const auto keep = [&](const std::string& text) {
    ledger::sqlite::Database network(log.dir / ledger::kNetworkDatabase);
    network.exec("CREATE TABLE IF NOT EXISTS network_meta(key TEXT PRIMARY KEY, value TEXT NOT NULL)");
    ledger::sqlite::Statement insert(network,
                                     "INSERT OR REPLACE INTO network_meta(key, value) VALUES(?1, ?2)");
    insert.bind(1, ledger::own_witnessed_key(kOrigin))
        .bind(2, text + "\n" + log.key.sign(text) + witness.cosign(1700000000, text))
        .run();
  };
  const auto witnessed = [&] {
    const auto report = log({"verify", "--json", "--vkey", witness.key().to_vkey()});
    CHECK(report.status == 0);
    return report.json()["logs"][0]["witnessed_size"].get<std::uint64_t>();
  };
  CHECK(witnessed() == 0);
  const auto checkpoint = log({"show", kOrigin, "--json"}).json()["checkpoint"].get<std::string>();
  const auto text = checkpoint.substr(0, checkpoint.find("\n\n") + 1);
  keep(text);
  CHECK(witnessed() == 20);
  keep(ledger::Checkpoint{kOrigin, 20, ledger::sha256("another tree")}.to_text());
  CHECK(witnessed() == 0);
  keep(ledger::Checkpoint{kOrigin, 21, ledger::sha256("what is not here")}.to_text());
  CHECK(witnessed() == 0);
  keep(text);
  std::filesystem::resize_file(log.dir / ledger::kNetworkDatabase, 100);
  CHECK(witnessed() == 0);
}

TEST_CASE("a void entry is bad unless it is allowed") {
  const Fixture log(1);
  {
    REQUIRE(ledger::Journal(journal_options(log.dir.path(), log.key)).append({{"bundle.issued", "{}", ""}}));
  }
  const auto bad = log({"verify"});
  CHECK(bad.status == 1);
  CHECK_THAT(bad.out, Catch::Contains("entry 1 (bundle.issued) is void"));
  CHECK(log({"verify", "--allow-void"}).status == 0);
}

TEST_CASE("a key that did not sign the log makes it bad, no key at all is not found") {
  const Fixture log;
  const LogKey rogue(kOrigin, "another key");
  CHECK(log({"verify", "--vkey", rogue.key().to_vkey()}, false).status == 1);
  const LogKey other("ehr/10-20-0-7");
  CHECK(log({"verify", "--vkey", other.key().to_vkey()}, false).status == 66);
  CHECK(log({"verify", "--federation", "/nowhere/federation.json"}, false).status == 66);
}

TEST_CASE("trust comes from a policy, or from a document pinned by its SHA-256") {
  const Fixture log;
  const auto policy = log.dir / "policy";
  std::ofstream(policy) << "log " << log.key.key().to_vkey() << "\nquorum none\n";
  CHECK(log({"verify", "--policy", policy.string()}, false).status == 0);
  std::ofstream(policy) << "log nonsense\nquorum none\n";
  CHECK(log({"verify", "--policy", policy.string()}, false).status == 65);
  const auto pinned =
      log({"verify", "--federation", policy.string(), "--sha256", std::string(64, '0')}, false);
  CHECK(pinned.status == 65);
  CHECK_THAT(pinned.err, Catch::Contains("federation document"));
}

TEST_CASE("without any option, the host's own database and federation document are taken") {
  const Fixture log;
  const LogKey other("ehr/10-20-0-7");
  const auto member = [](const std::string& address, const LogKey& key) {
    const nlohmann::json log_key{{"id", "log-1"},
                                 {"use", "log"},
                                 {"public", key.key().to_vkey()},
                                 {"from", "2026-01-01T00:00:00.000Z"},
                                 {"to", nullptr}};
    return nlohmann::json{{"address", address},
                          {"name", "H"},
                          {"roles", {"hospital"}},
                          {"status", "active"},
                          {"keys", nlohmann::json::array({log_key})}};
  };
  const auto payload =
      test_support::first_version({{"members", {member("10.20.0.5", log.key), member("10.20.0.7", other)}}});
  const auto file = log.dir / "federation.json";
  std::ofstream(file) << test_support::first_document(payload);
  ::setenv("EHR_LEDGER_DB", (log.dir / "agent.db").c_str(), 1);
  ::setenv("EHR_LEDGER_FEDERATION", file.c_str(), 1);
  const auto good = ledger_tool({"verify", "--all"});
  INFO(good.out << good.err);
  CHECK(good.status == 0);
  const auto digest = test_support::payload_sha256(payload);
  CHECK(ledger_tool({"verify", "--federation", file.string(), "--sha256", digest}).status == 0);
  std::ofstream(file) << payload.dump();
  CHECK(ledger_tool({"verify", "--federation", file.string(), "--sha256", digest}).status == 65);
  ::unsetenv("EHR_LEDGER_DB");
  ::unsetenv("EHR_LEDGER_FEDERATION");
}

TEST_CASE("show prints entries for people and for programs") {
  const Fixture log;
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

TEST_CASE("a proof checks offline, and nothing else does") {
  const Fixture log;
  const auto file = (log.dir / "p.tlog-proof").string();
  for (const auto* index : {"0", "7", "19"}) {
    REQUIRE(log({"prove", "10.20.0.5", index, "-o", file}).status == 0);
    const auto good = log({"check", file}, true, false);
    CHECK(good.status == 0);
    CHECK_THAT(good.out, Catch::Contains(std::string("good: entry ") + index));
    CHECK(log({"check", file, "--entry", file + ".entry"}, true, false).status == 0);
  }
  const auto intact = test_support::read_file(file);
  for (std::size_t at = 0; at < intact.size(); ++at) {
    auto content = intact;
    content[at] ^= 1;
    std::ofstream(file, std::ios::binary) << content;
    const auto status = log({"check", file}, true, false).status;
    INFO("byte " << at);
    REQUIRE((status == 1 || status == 65 || status == 66));
  }
  CHECK(log({"check", "/nowhere"}, true, false).status == 66);
  CHECK(log({"prove", "10.20.0.5", "20", "-o", file}).status == 66);
  log.change("UPDATE ledger_entry SET line = replace(line, '10.20.0.6', '10.20.0.7') WHERE idx = 7");
  CHECK(log({"prove", "10.20.0.5", "7", "-o", file}).status == 1);
}

TEST_CASE("check accepts the proofs of another implementation") {
  const auto testkit = test_support::shared_data("testkit/tlog/generated");
  if (!testkit) return;
  const auto keys = nlohmann::json::parse(test_support::read_file(*testkit / "keys.json"));
  for (const std::string number : {"0", "3", "255", "256", "599"}) {
    const auto checked =
        ledger_tool({"check", (*testkit / "proof" / (number + ".tlog-proof")).string(), "--entry",
                     (*testkit / "proof" / (number + ".entry")).string(), "--vkey", keys["log"]["vkey"],
                     "--vkey", keys["witness_b"]["vkey"], "--json"});
    INFO(checked.out << checked.err);
    CHECK(checked.status == 0);
    CHECK(checked.json()["witnesses"] == 1);
  }
}

namespace {

// What the cosigners of a generated checkpoint are, as a policy or federation might have it.
struct Witnessed {
  std::filesystem::path folder;
  nlohmann::json keys;
  std::vector<std::string> arguments(const std::string& number) const {
    return {"check", (folder / "proof" / (number + ".tlog-proof")).string(), "--entry",
            (folder / "proof" / (number + ".entry")).string()};
  }
};

}  // namespace

TEST_CASE("check shows who cosigned, and whether the quorum is reached") {
  const auto testkit = test_support::shared_data("testkit/tlog/generated");
  if (!testkit) return;
  const Witnessed vectors{*testkit, nlohmann::json::parse(test_support::read_file(*testkit / "keys.json"))};
  const test_support::TempDir dir;
  const auto check_with = [&](const std::string& quorum, bool json) {
    const auto policy = dir / "policy";
    std::ofstream file(policy);
    file << "log " << vectors.keys["log"]["vkey"].get<std::string>() << '\n';
    for (const auto* name : {"witness_b", "witness_c"})
      file << "witness " << name << ' ' << vectors.keys[name]["vkey"].get<std::string>() << '\n';
    // Somebody who cosigned nothing.
    file << "witness nobody nobody+3b7fffd2+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O\n";
    file << "group two 2 witness_b witness_c\nquorum " << quorum << '\n';
    file.close();
    auto arguments = vectors.arguments("255");
    arguments.insert(arguments.end(), {"--policy", policy.string()});
    if (json) arguments.emplace_back("--json");
    return ledger_tool(arguments);
  };
  const auto good = check_with("two", false);
  INFO(good.out << good.err);
  CHECK(good.status == 0);
  CHECK_THAT(good.out, Catch::Contains("cosigned by hospital-b.example/witness at 20") &&
                           Catch::Contains("quorum of the policy: reached"));
  CHECK(check_with("two", true).json()["cosigners"].size() == 2);
  CHECK(check_with("two", true).json()["quorum"]["reached"] == true);
  const auto bad = check_with("nobody", true);
  CHECK(bad.status == 1);
  CHECK(bad.json()["quorum"]["reached"] == false);
  CHECK(bad.json()["good"] == false);
}

TEST_CASE("check convicts a log of two histories, from a proof, an entry or an alert") {
  const auto examples = test_support::source_root() / "schemas/examples/valid";
  // The key that signed the examples, and another of the same name.
  const std::string key = "ehr/10-20-0-5+0c5a6781+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
  const std::string other = "ehr/10-20-0-5+aa6a22ee+AYE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
  const test_support::TempDir dir;
  const auto entry = dir / "entry";
  const auto proof = examples / "entry-equivocation/other-size.json";
  const nlohmann::json line{{"body", nlohmann::json::parse(test_support::read_file(proof))},
                            {"index", 7},
                            {"origin", "ehr/10-20-0-6"},
                            {"prev", std::string(64, 'a')},
                            {"time", "2026-11-22T08:00:00.123Z"},
                            {"type", "equivocation"},
                            {"v", 1}};
  std::ofstream(entry) << line.dump() << '\n';
  for (const auto& file :
       {proof, examples / "entry-equivocation/same-size.json", entry, examples / "alert/equivocation.json"}) {
    INFO(file);
    const auto convicted = ledger_tool({"check", file.string(), "--vkey", key});
    CHECK(convicted.status == 0);
    CHECK_THAT(convicted.out, Catch::StartsWith("PROVEN: ehr/10-20-0-5 has signed two histories"));
    const auto json = ledger_tool({"check", file.string(), "--vkey", key, "--json"}).json();
    CHECK(json["good"] == true);
    CHECK(json["kind"] == "equivocation");
    CHECK(json["second"]["size"] == 8);
    const auto not_convicted = ledger_tool({"check", file.string(), "--vkey", other});
    CHECK(not_convicted.status == 1);
    CHECK_THAT(not_convicted.out, Catch::StartsWith("NOT PROVEN: ehr/10-20-0-5"));
    CHECK(ledger_tool({"check", file.string(), "--vkey", other, "--json"}).json()["good"] == false);
    CHECK(ledger_tool({"check", file.string(), "--vkey", LogKey("ehr/10-20-0-7").key().to_vkey()}).status ==
          66);
  }
  const auto status_of = [&](const std::string& content) {
    std::ofstream(dir / "bad", std::ios::binary) << content;
    return ledger_tool({"check", (dir / "bad").string(), "--vkey", key}).status;
  };
  const auto text = test_support::read_file(proof);
  for (const std::string& bad : {std::string("{"), std::string("{}"), text.substr(0, text.size() / 2),
                                 test_support::read_file(examples / "alert/stale.json"),
                                 test_support::read_file(examples / "entry/refusals.json")})
    CHECK(status_of(bad) == 65);
  // One flipped bit anywhere proves nothing (white space aside).
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == ' ' || text[at] == '\n') continue;
    std::string damaged = text;
    damaged[at] ^= 1;
    INFO("byte " << at);
    REQUIRE(status_of(damaged) != 0);
  }
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
  const Fixture log(300);
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

TEST_CASE("an output that can't be written is no success") {
  const Fixture log;
  std::ostringstream out, err;
  out.setstate(std::ios::badbit);
  const std::string database = (log.dir / "agent.db").string(), key = log.key.key().to_vkey();
  CHECK(ledger::cli::run({"show", "10.20.0.5", "--db", database, "--vkey", key}, out, err) == 74);
  CHECK_THAT(err.str(), Catch::Contains("standard output can't be written"));
}

TEST_CASE("tail shows the last entries, verified") {
  const Fixture log;
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
                                             {"verify", "--vkey", "nonsense"}}) {
    const auto output = ledger_tool(wrong);
    CHECK(output.status == 64);
    CHECK_THAT(output.err, Catch::Contains("error: ") && Catch::Contains("hint: "));
  }
  CHECK_THAT(ledger_tool({"nothing"}).err, Catch::Contains("there is no command `nothing`"));
  for (const std::string command : {"verify", "show", "tail", "prove", "check", "export"}) {
    const auto help = ledger_tool({command, "--help"});
    CHECK(help.status == 0);
    CHECK_THAT(help.out, Catch::Contains("Example") && Catch::Contains("--json"));
  }
  CHECK(ledger_tool({"--version"}).status == 0);
}
