#include "agent/core/transfer/window.h"

#include <catch2/catch.hpp>
#include <deque>
#include <random>
#include <set>

#include "agent/core/transfer/chunk.h"
#include "agent/core/transfer/ciphertext_hasher.h"

using namespace edge;

TEST_CASE("a perfect line: every chunk once, never more than a window ahead") {
  SendWindow sender(100, 16);
  ReceiveWindow receiver(100, 16);
  std::deque<std::uint64_t> line;
  for (const auto n : sender.restart()) line.push_back(n);
  std::size_t sent = line.size();
  while (!line.empty()) {
    REQUIRE(line.size() <= 16);
    REQUIRE(receiver.take(line.front()) == ReceiveWindow::Taken::kNew);
    line.pop_front();
    if (!receiver.ack_due()) continue;
    const auto state = receiver.acknowledge(256);
    CHECK(state.missing.empty());
    for (const auto n : sender.on_ack(state.next, state.missing)) line.push_back(n), ++sent;
  }
  CHECK(receiver.complete());
  CHECK(sent == 100);
}

TEST_CASE("a line that loses, repeats and reorders still completes, within the window") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const std::uint64_t chunks = 1 + random() % 90, window = 1 + random() % 20;
    SendWindow sender(chunks, window);
    ReceiveWindow receiver(chunks, window);
    std::deque<std::uint64_t> line;
    const auto send = [&](const std::vector<std::uint64_t>& numbers) {
      REQUIRE(numbers.size() <= 2 * window);
      for (const auto n : numbers) {
        REQUIRE(n < chunks);
        REQUIRE(n < sender.acknowledged() + window);
        if (random() % 5 == 0) continue;                                // lost
        line.insert(random() % 4 == 0 ? line.begin() : line.end(), n);  // early
        if (random() % 7 == 0) line.push_back(n);                       // twice
      }
    };
    send(sender.restart());
    for (int steps = 0; !receiver.complete(); ++steps) {
      REQUIRE(steps < 20'000);
      if (line.empty()) {  // silence: one of the two sides speaks again
        if (random() % 2 == 0) {
          send(sender.restart());
        } else {
          const auto state = receiver.acknowledge(256);
          send(sender.on_ack(state.next, state.missing));
        }
        continue;
      }
      (void)receiver.take(line.front());
      line.pop_front();
      if (!receiver.ack_due() || random() % 6 == 0) continue;
      const auto state = receiver.acknowledge(256);
      send(sender.on_ack(state.next, state.missing));
    }
  }
}

TEST_CASE("a hostile acknowledgement makes the sender repeat at most a window") {
  SendWindow sender(1000, 8);
  (void)sender.restart();
  std::vector<std::uint64_t> everything(1000);
  for (std::size_t i = 0; i < everything.size(); ++i) everything[i] = i;
  CHECK(sender.on_ack(1001, {}).empty());  // beyond the end
  CHECK(sender.on_ack(8, everything).size() <= 8);
  CHECK(sender.on_ack(4, {0, 1}).empty());  // goes back
  CHECK(sender.on_ack(8, {7, 3, 3}).size() <= 8 + 1);
}

TEST_CASE("gaps beyond the limit are not hidden") {
  ReceiveWindow receiver(100, 100);
  for (std::uint64_t n = 1; n < 100; n += 2) (void)receiver.take(n);
  const auto state = receiver.acknowledge(10);
  CHECK(state.missing.size() == 10);
  CHECK(state.next == 20);
  CHECK(receiver.take(100) == ReceiveWindow::Taken::kOutOfRange);
  CHECK(receiver.take(1) == ReceiveWindow::Taken::kDuplicate);
}

TEST_CASE("chunk messages: a flipped, swapped, foreign or short chunk is known alone") {
  ledger::Bytes payload(262'144 * 2 + 5000);
  std::mt19937 random(3);
  for (auto& byte : payload) byte = static_cast<std::uint8_t>(random());
  CiphertextHasher hasher;
  hasher.update(payload);
  const auto digests = hasher.finish();
  REQUIRE(digests.chunk_roots.size() == 3);
  const auto piece = [&](std::uint64_t n) {
    return ledger::ByteView(payload).subspan(n * 262'144, chunk_length(payload.size(), n));
  };
  for (std::uint64_t n = 0; n < 3; ++n) {
    const auto message = encode_chunk(ChunkTree(digests.chunk_roots).path(n), piece(n));
    const auto chunk = decode_chunk(message);
    REQUIRE(chunk);
    CHECK(verified_chunk_root(n, 3, chunk->data, chunk->path, digests.merkle_root).has_value());
    CHECK_FALSE(
        verified_chunk_root((n + 1) % 3, 3, chunk->data, chunk->path, digests.merkle_root).has_value());
    auto flipped = message;
    flipped.back() ^= 1U;
    const auto bad = decode_chunk(flipped);
    REQUIRE(bad);
    CHECK_FALSE(verified_chunk_root(n, 3, bad->data, bad->path, digests.merkle_root).has_value());
  }
  CHECK_FALSE(decode_chunk({}));
  CHECK_FALSE(decode_chunk(ledger::Bytes{64}));
  CHECK_FALSE(decode_chunk(ledger::Bytes(1 + 32, 1)));       // a path and no data
  CHECK_FALSE(decode_chunk(ledger::Bytes(1 + 262'145, 0)));  // more than a chunk
}
