// What a broker may do to the messages of the ledger network: lose, repeat, reorder, misplace, keep old ones.
// Replicas end as their owner's log, and nobody is convicted.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "agent/adapters/ledger_answers.h"
#include "tests/faults/meddler.h"
#include "tests/support/federation.h"
#include "tests/support/ledger_status.h"

using namespace test_support;
namespace topics = ledger::topics;

namespace {

FederationOptions overheard(std::size_t agents) {
  FederationOptions options{EHR_AGENT, EHR_LEDGER, agents, {}, true, 1};
  options.consents = false;
  return options;
}

// An entry each on the owner's log, which needs no broker.
void grow(AgentProcess& agent, int entries) {
  for (int i = 0; i < entries; ++i) agent.grant("any", "127.0.10.2", "TREAT");
}

bool holds_all(const AgentProcess& agent, const AgentProcess& owner) {
  const auto held = log_at(agent, owner);
  return held.held == own_log(owner).size && held.state == "following";
}

std::vector<std::string> lines_of(const ledger::LogReader& log) {
  std::vector<std::string> lines;
  log.for_each(0, log.size(), [&](std::uint64_t, std::string_view line) {
    lines.emplace_back(line);
    return true;
  });
  return lines;
}

// Byte for byte, and verified by a stranger. Both are stopped.
void check_same(const Federation& federation, const AgentProcess& agent, const AgentProcess& owner) {
  const auto file = edge::replica_file(agent.state(), owner.address().origin());
  CHECK(lines_of(ledger::LogReader(file)) == lines_of(ledger::LogReader(owner.database())));
  const auto verified =
      federation.ledger_command({"verify", "--db", file, "--federation", federation.first_version()});
  INFO(verified.output);
  CHECK(verified.status == 0);
}

}  // namespace

TEST_CASE("entries lost, repeated, reordered and misplaced leave every replica as its owner's log") {
  Federation federation(overheard(3));
  auto& owner = federation[0];
  auto& listener = federation[1];
  auto& late = federation[2];
  owner.start();
  listener.start();
  const auto entries = topics::entries(owner.address());
  std::vector<std::string> messages, notes;
  {
    Meddler meddler(federation.broker());
    for (int i = 0; i < 4; ++i) {
      grow(owner, 2);
      REQUIRE(eventually([&] { return meddler.heard(entries).size() > static_cast<std::size_t>(i); }));
    }
    REQUIRE(eventually([&] { return holds_all(listener, owner); }));
    messages = meddler.heard(entries);
    notes = meddler.heard(topics::checkpoint(owner.address()));
    // What was lost: entries and checkpoints of while there was no broker.
    federation.broker().kill_hard();
    grow(owner, 3);
    federation.broker().restart();
  }
  REQUIRE(eventually([&] { return holds_all(listener, owner); }));

  // Somebody new listens while old messages come in the wrong order, twice, below another's name and spoilt.
  late.start();
  Meddler meddler(federation.broker());
  const auto meddle = [&] {
    for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
      meddler.publish(entries, *message);
      meddler.publish(entries, *message);
      meddler.publish(topics::entries(listener.address()), *message);
      auto spoilt = *message;
      spoilt[spoilt.size() / 2] ^= 1;
      meddler.publish(entries, spoilt);
      meddler.publish(entries, message->substr(0, message->size() / 2));
    }
    for (auto note = notes.rbegin(); note != notes.rend(); ++note) {
      meddler.publish(topics::checkpoint(owner.address()), *note);
      meddler.publish(topics::checkpoint(listener.address()), *note);
      meddler.publish(topics::checkpoint(owner.address()), note->substr(0, note->size() / 2));
    }
  };
  meddle();
  grow(owner, 2);
  meddle();
  grow(owner, 1);
  for (auto* agent : {&listener, &late}) {
    INFO(agent->log());
    CHECK(eventually([&] { return holds_all(*agent, owner); }));
    CHECK(agent->entries("equivocation").empty());
  }
  CHECK(eventually([&] { return holds_all(late, listener) && holds_all(owner, listener); }));
  CHECK(own_log(owner).frozen.empty());
  for (auto* agent : {&owner, &listener, &late}) CHECK(agent->stop() == 0);
  check_same(federation, listener, owner);
  check_same(federation, late, owner);
  check_same(federation, late, listener);
}

TEST_CASE("an old retained checkpoint that is put back takes nothing back and convicts nobody") {
  Federation federation(overheard(3));
  auto& owner = federation[0];
  owner.start();
  federation[1].start();
  Meddler meddler(federation.broker());
  const auto topic = topics::checkpoint(owner.address());
  grow(owner, 2);
  REQUIRE(eventually([&] { return own_log(owner).witnessed == own_log(owner).size; }));
  const auto old = meddler.heard(topic).back();
  const auto old_line = meddler.heard(topics::cosignature(owner.address(), federation[1].address())).back();
  grow(owner, 3);
  const auto size = own_log(owner).size;
  REQUIRE(eventually([&] { return own_log(owner).witnessed == size && holds_all(federation[1], owner); }));

  const auto put_back = [&] {
    meddler.publish(topic, old, true);
    meddler.publish(topics::cosignature(owner.address(), federation[1].address()), old_line, true);
  };
  put_back();
  // Who is new hears the old one first, who was there hears it again, and so does its own agent.
  federation[2].start();
  CHECK(eventually([&] { return holds_all(federation[2], owner); }));
  REQUIRE(federation[1].stop() == 0);
  put_back();
  federation[1].start();
  // At least: the owner itself may anchor what it saw of a peer meanwhile.
  CHECK(log_at(federation[1], owner).held >= size);
  CHECK(log_at(federation[1], owner).witnessed >= size);
  REQUIRE(owner.stop() == 0);
  put_back();
  owner.start();
  INFO(owner.log());
  REQUIRE(eventually([&] { return own_log(owner).comparison == "done"; }));
  CHECK(own_log(owner).frozen.empty());
  CHECK(own_log(owner).witnessed >= size);
  grow(owner, 1);
  for (std::size_t i : {1U, 2U}) {
    CHECK(eventually([&] { return holds_all(federation[i], owner); }));
    CHECK(federation[i].entries("equivocation").empty());
  }
}
