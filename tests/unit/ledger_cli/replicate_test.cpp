// Replicas from exports, databases and the messages of a broker, without a broker.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "ledger-client/cli/commands.h"
#include "ledger-client/cli/graph.h"
#include "ledger-client/cli/replicas.h"
#include "ledger-client/core/entry_rules.h"
#include "ledger-client/store/log_copy.h"
#include "tests/support/test_history.h"

using ledger::Replica;
using ledger::cli::ReplicatedLog;
using test_support::History;
using test_support::kOrigin;
using test_support::LogKey;

namespace {

struct Output {
  int status = 0;
  std::string out, err;
  nlohmann::json json() const { return nlohmann::json::parse(out); }
};

// A directory with a member's copy of the log in `source/`, and the witnesses w1 and w2.
struct Fixture {
  test_support::TempDir dir;
  LogKey key{kOrigin};
  test_support::WitnessKey first{"w1", "1"}, second{"w2", "2"};
  History log{key};
  std::filesystem::path source = dir / "source", replicas = dir / "replicas";
  ledger::cli::Trust trust = ledger::cli::Trust::load(
      {{}, {}, {}, {key.key().to_vkey(), first.key().to_vkey(), second.key().to_vkey()}});

  Fixture() {
    std::filesystem::create_directories(source);
    std::filesystem::create_directories(replicas);
    log.add(700);
    Replica member(source / "10-20-0-5.db", kOrigin);
    REQUIRE(member.append(log.batch(0, 700), std::array{key.key()}));
  }

  Output run(std::vector<std::string> arguments) const {
    for (const auto& vkey : {key.key(), first.key(), second.key()})
      arguments.insert(arguments.end(), {"--vkey", vkey.to_vkey()});
    std::ostringstream out, err;
    const int status = ledger::cli::run(arguments, out, err);
    return {status, out.str(), err.str()};
  }

  std::string entries(std::uint64_t from, std::uint64_t to) const {
    ledger::EntriesMessage message{
        kOrigin,
        from,
        {},
        {log.lines().begin() + static_cast<long>(from), log.lines().begin() + static_cast<long>(to)}};
    ledger::Frontier frontier;
    for (std::uint64_t i = 0; i < from; ++i)
      frontier.append(ledger::leaf_hash(ledger::as_bytes(log.lines()[i])));
    message.frontier = frontier.nodes();
    return ledger::encode_entries_messages(message).at(0);
  }
  std::string text(std::uint64_t size) const {
    return log.note(size).substr(0, log.note(size).find("\n\n") + 1);
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a log goes from a member's database to a replica, an export, and back by import") {
  const auto made = run({"replicate", replicas, "--from", source, "--json"});
  INFO(made.out << made.err);
  CHECK(made.status == 0);
  CHECK(made.json()["logs"][0]["entries"] == 700);
  CHECK(made.json()["logs"][0]["complete"] == true);
  const auto verified = run({"verify", "--all", "--dir", replicas});
  CHECK(verified.status == 0);
  CHECK_THAT(verified.out, Catch::Contains("ehr/10-20-0-5: good, 700 entries"));

  const auto exported = dir / "export";
  CHECK(run({"export", "10.20.0.5", exported, "--dir", replicas}).status == 0);
  const auto imported = run({"import", exported, "--to", dir / "imported", "--json"});
  CHECK(imported.status == 0);
  CHECK(imported.json()["logs"][0]["root"] == ledger::to_hex(log.root(700)));
  CHECK(run({"import", exported, "--to", dir / "imported"}).status == 0);  // nothing new
  CHECK(run({"prove", "10.20.0.5", "41", "--dir", dir / "imported", "-o", dir / "p"}).status == 0);
}

TEST_CASE_METHOD(Fixture, "an export with a damaged byte is taken up to the damage and no further") {
  const auto exported = dir / "export";
  REQUIRE(run({"export", "10.20.0.5", exported, "--dir", source}).status == 0);
  std::filesystem::remove(exported / "entries.jsonl");
  std::fstream bundle(exported / "tile/entries/002.p/188", std::ios::in | std::ios::out | std::ios::binary);
  bundle.seekp(30);
  bundle.put('!');
  bundle.close();
  const auto imported = run({"import", exported, "--to", replicas, "--json"});
  CHECK(imported.status == 66);
  CHECK(imported.json()["logs"][0]["complete"] == false);
  CHECK(imported.json()["logs"][0]["entries"] == 0);
  CHECK_THAT(imported.err, Catch::Contains("entry 512"));
  CHECK(run({"import", source, "--to", replicas}).status == 0);  // another source completes it
}

TEST_CASE_METHOD(Fixture, "messages are held until a checkpoint vouches for them") {
  ReplicatedLog live(replicas, kOrigin, trust);
  CHECK(live.take_entries(entries(0, 10)).empty());
  CHECK(live.replica().size() == 0);
  CHECK(live.take_checkpoint(log.note(10)).empty());
  CHECK(live.replica().size() == 10);
  CHECK(live.take_entries(entries(5, 12)).empty());  // overlaps
  CHECK(live.take_entries(entries(12, 20)).empty());
  CHECK(live.take_checkpoint(log.note(20)).empty());
  CHECK(live.replica().size() == 20);
  CHECK(live.take_entries(entries(10, 20)).empty());  // delivered twice
  CHECK(live.take_checkpoint(log.note(30)).empty());  // retained: it came before its entries
  CHECK_FALSE(live.complete());
  CHECK(live.gap_end() == 30);
  CHECK(live.take_entries(entries(20, 30)).empty());
  CHECK(live.replica().size() == 30);
  CHECK(live.complete());
  CHECK(live.replica().root() == log.root(30));
}

TEST_CASE_METHOD(Fixture, "what can't be heard on a broker comes from a source, and what waits follows") {
  ReplicatedLog live(replicas, kOrigin, trust);
  log.add(30);
  CHECK(live.take_checkpoint(log.note(720)).empty());
  CHECK(live.gap_end() == 720);
  CHECK(live.take_entries(entries(700, 720)).empty());
  CHECK(live.gap_end() == 700);
  const ledger::LogReader member(source / "10-20-0-5.db");
  CHECK(live.fill(member).empty());
  CHECK(live.replica().size() == 700);
  CHECK(live.take_waiting().empty());
  CHECK(live.replica().size() == 720);
  CHECK_FALSE(live.gap_end());
  CHECK(live.take_entries(entries(720, 730)).empty());
}

TEST_CASE_METHOD(Fixture, "damaged and forged messages change nothing") {
  ReplicatedLog live(replicas, kOrigin, trust);
  auto message = entries(0, 10);
  message[message.size() - 40] ^= 1;
  CHECK(live.take_entries(message).empty());  // only the checkpoint tells
  CHECK_THAT(live.take_checkpoint(log.note(10)), Catch::Contains("entry 9"));
  CHECK(live.replica().size() == 0);
  CHECK(live.gap_end() == 10);
  CHECK_FALSE(live.take_checkpoint("nonsense").empty());
  CHECK_FALSE(live.take_entries("nonsense").empty());
  CHECK_FALSE(live.take_checkpoint(History(LogKey(kOrigin, "rogue")).add(10).note(10)).empty());
  CHECK(live.take_entries(entries(0, 10)).empty());
  CHECK(live.replica().size() == 10);
}

TEST_CASE_METHOD(Fixture, "a log that signed two histories is frozen, and its signature kept as evidence") {
  const auto lie = log.fork(5).add(20, 1000);
  {
    ReplicatedLog live(replicas, kOrigin, trust);
    REQUIRE(live.take_entries(entries(0, 10)).empty());
    REQUIRE(live.take_checkpoint(log.note(10)).empty());
    CHECK_THAT(live.take_checkpoint(lie.note(8)), Catch::Contains("CONTRADICTION"));
    CHECK(live.frozen());
    CHECK(live.take_entries(entries(10, 20)).empty());
    CHECK(live.take_checkpoint(log.note(20)).empty());
    CHECK(live.replica().size() == 10);
  }
  const auto checked = run({"check", replicas / "10-20-0-5.contradiction"});
  INFO(checked.out << checked.err);
  CHECK(checked.status == 0);
  const auto again = run({"replicate", replicas, "--from", source, "--json"});
  CHECK(again.status == 1);
  CHECK(again.json()["logs"][0].contains("contradiction"));
}

TEST_CASE_METHOD(Fixture, "a lie beyond what is held is decided by what the log signs next") {
  const auto lie = log.fork(5).add(20, 1000);
  ReplicatedLog live(replicas, kOrigin, trust);
  REQUIRE(live.take_entries(entries(0, 10)).empty());
  REQUIRE(live.take_checkpoint(log.note(10)).empty());
  Replica liar(dir / "liar.db", kOrigin);
  REQUIRE(liar.append(lie.batch(0, 25), std::array{key.key()}));
  CHECK_FALSE(live.fill(liar.reader()).empty());
  CHECK_FALSE(live.frozen());  // undecided: whoever sent it may have lied
  CHECK_THAT(live.take_checkpoint(log.note(25)), Catch::Contains("CONTRADICTION"));
  CHECK(run({"check", replicas / "10-20-0-5.contradiction"}).status == 0);  // two roots of one size
}

TEST_CASE_METHOD(Fixture, "cosignatures make entries witnessed, in whatever order they come") {
  ReplicatedLog live(replicas, kOrigin, trust);
  live.take_cosignature(first.cosign(1700000000, text(10)));
  REQUIRE(live.take_entries(entries(0, 10)).empty());
  REQUIRE(live.take_checkpoint(log.note(10)).empty());
  CHECK(live.witnessed_size() == 0);
  live.take_cosignature(second.cosign(1700000000, text(9)));  // of another checkpoint
  live.take_cosignature("nonsense");
  CHECK(live.witnessed_size() == 0);
  REQUIRE(live.take_entries(entries(10, 15)).empty());
  REQUIRE(live.take_checkpoint(log.note(15)).empty());
  live.take_cosignature(second.cosign(1700000001, text(10)));  // late
  CHECK(live.witnessed_size() == 10);

  const auto shown = run({"show", "10.20.0.5", "--dir", replicas});
  CHECK_THAT(shown.out, Catch::Contains("[witnessed]") && Catch::Contains("[signed]"));
  CHECK(run({"show", "10.20.0.5", "9", "--dir", replicas, "--json"}).json()["state"] == "witnessed");
  CHECK(run({"show", "10.20.0.5", "10", "--dir", replicas, "--json"}).json()["state"] == "signed");
  const auto verified = run({"verify", "--all", "--dir", replicas, "--json"}).json()["logs"][0];
  CHECK(verified["witnessed_size"] == 10);
  CHECK(verified["cosigners"].size() == 2);
  CHECK_THAT(run({"verify", "--all", "--dir", replicas}).out,
             Catch::Contains("2 witnesses (w1, w2)") && Catch::Contains("witnessed up to 10"));
}

TEST_CASE_METHOD(Fixture, "who sent to whom is drawn from the logs, with addresses and counts only") {
  const std::string request = "018f3a3a-0000-7000-8000-000000000001";
  log.add_entry("bundle.delivered", ledger::encode_body(ledger::BundleDelivered{request, "10.20.0.6", {}}));
  log.add_entry("bundle.received", ledger::encode_body(ledger::BundleReceived{request, "10.20.0.7", {}, 3}));
  log.add_entry("bundle.issued", "{}");  // void
  Replica member(source / "10-20-0-5.db", kOrigin);
  REQUIRE(member.append(log.batch(700, 703), std::array{key.key()}));
  std::ostringstream out, err;
  const auto graph = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--dir", source});
    out.str("");
    CHECK(ledger::cli::run(arguments, out, err) == 0);
    return out.str();
  };
  CHECK_THAT(
      graph({"graph"}),
      Catch::Contains(R"("10.20.0.5" -> "10.20.0.6" [label="700 issued, 1 delivered, 0 received"])") &&
          Catch::Contains(R"("10.20.0.7" -> "10.20.0.5" [label="0 issued, 0 delivered, 1 received"])"));
  CHECK(nlohmann::json::parse(graph({"graph", "10.20.0.5", "--json"}))["exchanges"].size() == 2);
  const auto svg = graph({"graph", "--svg"});
  CHECK_THAT(svg, Catch::StartsWith("<svg ") && Catch::EndsWith("</svg>\n") &&
                      Catch::Contains("700 / 1 / 0") && Catch::Contains(">10.20.0.7</text>"));
}

TEST_CASE_METHOD(Fixture, "replicate says what is wrong with its command line") {
  CHECK(run({"replicate", replicas}).status == 64);
  CHECK(run({"replicate", replicas, "--from", dir / "nowhere"}).status == 66);
  CHECK(run({"replicate", replicas, "--from", source, "--only", "10.20.0.9"}).status == 66);
  CHECK(run({"import", source}).status == 64);
}
