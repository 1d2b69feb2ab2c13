// Key agreements made ahead: each serves one file, whoever asks and however many.
#include <catch2/catch.hpp>

#include <set>
#include <thread>

#include "agent/core/age/agreement.h"

using namespace edge;
using age::Agreement;
using age::Identity;
using age::ReadyAgreements;

namespace {

std::string text_of(const ledger::Result<ledger::Bytes>& opened) {
  return opened ? std::string(ledger::as_text(*opened)) : opened.error().reason;
}

}  // namespace

TEST_CASE("a file sealed by an agreement made ahead opens for its recipient alone") {
  const Identity alice = Identity::generate(), bob = Identity::generate();
  const std::array<const Identity*, 1> of_alice{&alice}, of_bob{&bob};
  ReadyAgreements ready;
  ready.prepare(alice.recipient(), 2);
  ready.prepare(bob.recipient(), 1);
  for (int file = 0; file < 4; ++file) {  // two that are ready, two that are not
    const auto sealed = age::seal(ready.take(alice.recipient()), ledger::as_bytes("to Alice"));
    CHECK(text_of(age::open(of_alice, sealed)) == "to Alice");
    CHECK(text_of(age::open(of_bob, sealed)) == age::kNoMatch);
  }
  const auto sealed = age::seal(ready.take(bob.recipient()), ledger::as_bytes("to Bob"));
  CHECK(text_of(age::open(of_bob, sealed)) == "to Bob");
}

TEST_CASE("no agreement is given out twice, to whichever thread") {
  const Identity alice = Identity::generate();
  ReadyAgreements ready;
  constexpr std::size_t kThreads = 4, kEach = 50;
  std::array<std::vector<std::array<std::uint8_t, 32>>, kThreads> taken;
  {
    std::vector<std::jthread> threads;
    for (auto& mine : taken) {
      threads.emplace_back([&] {
        for (std::size_t n = 0; n < kEach; ++n) {
          ready.prepare(alice.recipient(), 2);
          mine.push_back(ready.take(alice.recipient()).share());
        }
      });
    }
  }
  std::set<std::array<std::uint8_t, 32>> distinct;
  for (const auto& mine : taken) distinct.insert(mine.begin(), mine.end());
  CHECK(distinct.size() == kThreads * kEach);
}

TEST_CASE("what is made ahead is used, and bounded") {
  const Identity alice = Identity::generate();
  ReadyAgreements ready;
  ready.prepare(alice.recipient(), 1'000);
  CHECK(ready.count(alice.recipient()) == ReadyAgreements::kMaxEach);
  (void)ready.take(alice.recipient());
  CHECK(ready.count(alice.recipient()) == ReadyAgreements::kMaxEach - 1);
  for (std::size_t n = 0; n <= ReadyAgreements::kMaxRecipients; ++n)
    ready.prepare(Identity::generate().recipient(), 1);
  CHECK(ready.count(alice.recipient()) == 0);
}
