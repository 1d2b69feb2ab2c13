// A member whose log shows two faces, played by the test, before real agents.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/core/signing.h"
#include "ledger-client/core/entries_message.h"
#include "ledger-client/core/sha256.h"
#include "tests/support/federation.h"
#include "tests/support/ledger_status.h"
#include "tests/support/shared_data.h"
#include "tests/support/test_log.h"
#include "tests/support/test_peer.h"

using namespace test_support;

namespace {

// One of the histories the liar signs.
class Face {
 public:
  explicit Face(const TestPeer& liar) : liar_(&liar), chain_(ledger::chain_start(origin())) {}

  Face& add(std::uint64_t count, std::uint64_t first) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto entry = issued(first + i);
      const ledger::Entry next{frontier_.size(), origin(),
                               chain_.prev,      *ledger::parse_time("2026-11-22T08:00:00.000Z"),
                               entry.type,       entry.body};
      lines_.push_back(ledger::encode_entry(next));
      chain_.prev = ledger::sha256(lines_.back());
      frontier_.append(ledger::leaf_hash(ledger::as_bytes(lines_.back())));
    }
    return *this;
  }
  std::string note() const {
    const auto& log = liar_->keys().log;
    const auto text = ledger::Checkpoint{origin(), frontier_.size(), frontier_.root()}.to_text();
    return text + '\n' + edge::sign_note(*log.signer, log.key, text);
  }
  // As an honest agent publishes: all entries, then the checkpoint.
  void publish(TestPeer& liar) const {
    for (const auto& message : ledger::encode_entries_messages({origin(), 0, {}, lines_}))
      liar.publish(ledger::topics::entries(liar.address()), ledger::as_bytes(message));
    liar.publish_retained(ledger::topics::checkpoint(liar.address()), ledger::as_bytes(note()));
  }

 private:
  std::string origin() const { return liar_->keys().log.key.name; }

  const TestPeer* liar_;
  ledger::ChainState chain_;
  ledger::Frontier frontier_;
  std::vector<std::string> lines_;
};

struct Fixture {
  Fixture()
      : federation({EHR_AGENT, EHR_LEDGER, 3, {}, false, 1}),
        liar(federation.broker(), federation.document(), "127.0.10.3", federation[2].keys()) {}

  HeldLog seen(std::size_t agent) { return log_at(federation[agent], federation[2]); }
  bool convicted(std::size_t agent) {
    return eventually([&] { return seen(agent).state == "frozen"; }, 60);
  }
  // The proof on an agent's ledger convicts for anybody who has the federation document, offline.
  void check_evidence(std::size_t agent) {
    const auto entries = federation[agent].entries("equivocation");
    REQUIRE(entries.size() == 1);
    const auto file = federation.folder() / "proof.json";
    std::ofstream(file) << entries.front().dump();
    const auto checked = federation.ledger_command(
        {"check", file, "--federation", federation[agent].folder() / "federation.json"});
    INFO(checked.output);
    CHECK(checked.status == 0);
  }

  Federation federation;
  TestPeer liar;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "two checkpoints of one size convict at once, and everybody hears of it") {
  federation[0].start();
  federation[1].start();
  Face(liar).add(3, 0).publish(liar);
  REQUIRE(eventually([&] { return seen(0).held == 3 && seen(1).held == 3; }));
  Face(liar).add(2, 0).add(1, 77).publish(liar);
  INFO(federation[0].log() << federation[1].log());
  CHECK(convicted(0));
  CHECK(convicted(1));
  const std::size_t finder = federation[0].entries("equivocation").empty() ? 1 : 0;
  check_evidence(finder);
  // What was held before stays readable, and nothing more is taken, after a restart too.
  CHECK(federation[0].stop() == 0);
  federation[0].start();
  Face(liar).add(2, 0).add(4, 77).publish(liar);
  CHECK(seen(0).state == "frozen");
  CHECK(seen(0).held == 3);
}

TEST_CASE_METHOD(Fixture, "two faces shown to two halves convict when the halves meet") {
  federation[0].start();
  Face(liar).add(3, 0).publish(liar);
  REQUIRE(eventually([&] { return seen(0).held == 3; }));
  CHECK(federation[0].stop() == 0);
  Face(liar).add(2, 0).add(4, 77).publish(liar);  // retained: the only checkpoint the other half sees
  federation[1].start();
  Face(liar).add(2, 0).add(4, 77).publish(liar);
  REQUIRE(eventually([&] { return seen(1).held == 6; }));
  federation[0].start();
  INFO(federation[0].log() << federation[1].log());
  CHECK(convicted(0));
  check_evidence(0);
  CHECK(convicted(1));
}

TEST_CASE_METHOD(Fixture, "what does not prove a lie convicts nobody") {
  federation[0].start();
  const auto face = Face(liar).add(3, 0);
  face.publish(liar);
  REQUIRE(eventually([&] { return seen(0).held == 3; }));
  face.publish(liar);  // the same again
  std::string forged = Face(liar).add(3, 50).note();
  forged[forged.size() - 10] = forged[forged.size() - 10] == 'A' ? 'B' : 'A';
  liar.publish_retained(ledger::topics::checkpoint(liar.address()), ledger::as_bytes(forged));
  // An alert with a proof that proves nothing: the same checkpoint twice.
  const auto entry =
      nlohmann::json{{"origin", liar.keys().log.key.name}, {"first", face.note()}, {"second", face.note()}};
  const auto message = nlohmann::json{{"code", "equivocation"},
                                      {"origin", liar.keys().log.key.name},
                                      {"time", ledger::format_time(system_now())},
                                      {"evidence", entry}};
  liar.publish(ledger::topics::alerts(liar.address()), ledger::as_bytes(message.dump()));
  auto longer = Face(liar).add(5, 0);
  longer.publish(liar);
  CHECK(eventually([&] { return seen(0).held == 5; }));
  CHECK(seen(0).state == "following");
  CHECK(federation[0].entries("equivocation").empty());
}
