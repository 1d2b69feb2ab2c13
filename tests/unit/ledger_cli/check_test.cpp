// `check`: proofs of entries and of lies, offline.
#include "tests/support/shared_data.h"
#include "tests/unit/ledger_cli/stored_log.h"

using test_support::ledger_tool;
using test_support::LogKey;
using test_support::StoredLog;

TEST_CASE("a proof checks offline, and nothing else does") {
  const StoredLog log;
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
