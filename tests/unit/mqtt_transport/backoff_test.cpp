#include "ledger-client/mqtt/backoff.h"

#include <catch2/catch.hpp>

using mqtt_transport::Backoff;
using std::chrono::milliseconds;

TEST_CASE("waiting times double up to the largest and start again after a reset") {
  Backoff backoff(milliseconds(200), milliseconds(1'000));
  CHECK(backoff.next(0) == milliseconds(200));
  CHECK(backoff.next(0) == milliseconds(400));
  CHECK(backoff.next(0) == milliseconds(800));
  CHECK(backoff.next(0) == milliseconds(1'000));
  CHECK(backoff.next(0) == milliseconds(1'000));
  backoff.reset();
  CHECK(backoff.next(0) == milliseconds(200));
}

TEST_CASE("jitter takes away at most half") {
  Backoff backoff(milliseconds(200), milliseconds(200));
  CHECK(backoff.next(1) == milliseconds(100));
  CHECK(backoff.next(0.5) == milliseconds(150));
}
