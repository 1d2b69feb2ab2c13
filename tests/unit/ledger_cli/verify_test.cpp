// `verify`: what it finds good or bad, and by whose keys.
#include <cstdlib>

#include "ledger-client/core/checkpoint.h"
#include "ledger-client/core/sha256.h"
#include "ledger-client/store/witnessed_beside.h"
#include "tests/support/shared_data.h"
#include "tests/support/signed_federation.h"
#include "tests/unit/ledger_cli/stored_log.h"

using test_support::issued;
using test_support::journal_options;
using test_support::kOrigin;
using test_support::ledger_tool;
using test_support::LogKey;
using test_support::StoredLog;
using test_support::write_file;

TEST_CASE("verify says good, or names the first bad index, by its exit status too") {
  const StoredLog log;
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
  const StoredLog log;
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
  const StoredLog log;
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
  const StoredLog log(1);
  {
    REQUIRE(ledger::Journal(journal_options(log.dir.path(), log.key)).append({{"bundle.issued", "{}", ""}}));
  }
  const auto bad = log({"verify"});
  CHECK(bad.status == 1);
  CHECK_THAT(bad.out, Catch::Contains("entry 1 (bundle.issued) is void"));
  CHECK(log({"verify", "--allow-void"}).status == 0);
}

TEST_CASE("a log of which nothing is held yet is named, and no failure unless it was asked for") {
  const StoredLog log;
  const LogKey other("ehr/10-20-0-6");
  const auto replicas = log.dir / "replicas";
  const auto tool = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--vkey", log.key.key().to_vkey(), "--vkey", other.key().to_vkey()});
    return ledger_tool(arguments);
  };
  CHECK(tool({"replicate", replicas, "--from", log.dir / "agent.db"}).status == 0);
  const auto all = tool({"verify", "--all", "--dir", replicas});
  CHECK(all.status == 0);
  CHECK_THAT(all.out, Catch::Contains("ehr/10-20-0-5: good, 20 entries") &&
                          Catch::Contains("ehr/10-20-0-6: nothing is held yet"));
  const auto json = tool({"verify", "--all", "--json", "--dir", replicas}).json();
  CHECK(json["good"] == true);
  CHECK(json["logs"][0]["nothing_held"] == false);
  CHECK(json["logs"][1]["nothing_held"] == true);
  CHECK_FALSE(json["logs"][1].contains("first_bad_index"));

  const auto named = tool({"verify", "10.20.0.6", "--json", "--dir", replicas});
  CHECK(named.status == 66);
  CHECK(named.json()["good"] == false);
  CHECK(tool({"export", "10.20.0.6", log.dir / "export", "--dir", replicas}).status == 66);

  // What was there and lost its entries alone is bad.
  ledger::sqlite::Database(replicas / "10-20-0-5.db")
      .exec("DELETE FROM ledger_entry; DELETE FROM ledger_checkpoint");
  const auto emptied = tool({"verify", "--all", "--dir", replicas});
  CHECK(emptied.status == 1);
  CHECK_THAT(emptied.out, Catch::Contains("ehr/10-20-0-5: BAD") && Catch::Contains("lies outside the tree"));
}

TEST_CASE("a key that did not sign the log makes it bad, no key at all is not found") {
  const StoredLog log;
  const LogKey rogue(kOrigin, "another key");
  CHECK(log({"verify", "--vkey", rogue.key().to_vkey()}, false).status == 1);
  const LogKey other("ehr/10-20-0-7");
  CHECK(log({"verify", "--vkey", other.key().to_vkey()}, false).status == 66);
  CHECK(log({"verify", "--federation", "/nowhere/federation.json"}, false).status == 66);
}

TEST_CASE("trust comes from a policy, or from a document pinned by its SHA-256") {
  const StoredLog log;
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
  const StoredLog log;
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
