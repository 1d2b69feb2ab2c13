#include "agent/core/admission.h"

#include <catch2/catch.hpp>

using namespace edge;
using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

TEST_CASE("a token bucket lets a burst through, then its rate") {
  TokenBucket bucket(10, 5);
  auto now = Steady::now();
  for (int i = 0; i < 5; ++i) CHECK(bucket.take(now));
  CHECK_FALSE(bucket.take(now));
  now += 100ms;
  CHECK(bucket.take(now));
  CHECK_FALSE(bucket.take(now));
  now += 1h;
  for (int i = 0; i < 5; ++i) CHECK(bucket.take(now));
  CHECK_FALSE(bucket.take(now));
}

TEST_CASE("refusals leave on a quantum, however long the decision took") {
  const auto received = Steady::now();
  CHECK(refusal_time(received, received, 250ms) == received + 250ms);
  CHECK(refusal_time(received, received + 1ms, 250ms) == received + 250ms);
  CHECK(refusal_time(received, received + 249ms, 250ms) == received + 250ms);
  CHECK(refusal_time(received, received + 250ms, 250ms) == received + 500ms);
}

TEST_CASE("retries double up to a limit and never stand still") {
  CHECK(retry_delay(0, 1s, 60s, 0) == 1s);
  CHECK(retry_delay(3, 1s, 60s, 0) == 8s);
  CHECK(retry_delay(63, 1s, 60s, 0) == 60s);
  CHECK(retry_delay(0, 1s, 60s, 0.999) >= 750ms);
}
