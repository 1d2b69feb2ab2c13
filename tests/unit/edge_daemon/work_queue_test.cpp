#include "agent/daemon/work_queue.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <latch>
#include <thread>
#include <vector>

#include "agent/daemon/timer.h"

using namespace edge;

namespace {

// Runs what is queued on one thread, until the queue is empty.
void drain(WorkQueue& queue) {
  std::latch done(1);
  REQUIRE(queue.push(Stage::kWork, "~last", "", 0, [&] { done.count_down(); }));
  std::jthread worker([&](const std::stop_token& stop) { queue.run(stop); });
  done.wait();
}

}  // namespace

TEST_CASE("peers are served in turn, what came in goes before work") {
  WorkQueue queue({100, 1000, 1}, {100, 1000, 1});
  std::string order;
  for (int i = 0; i < 3; ++i) REQUIRE(queue.push(Stage::kWork, "a", "", 1, [&] { order += 'a'; }));
  REQUIRE(queue.push(Stage::kWork, "b", "", 1, [&] { order += 'b'; }));
  REQUIRE(queue.push(Stage::kInbound, "c", "", 1, [&] { order += 'c'; }));
  drain(queue);
  CHECK(order == "cabaa");
  CHECK(queue.depth(Stage::kInbound) == 0);
}

TEST_CASE("a full share refuses its own peer only") {
  WorkQueue queue({2, 100, 1}, {2, 100, 1});
  CHECK(queue.push(Stage::kInbound, "a", "", 40, [] {}));
  CHECK_FALSE(queue.push(Stage::kInbound, "a", "", 61, [] {}));  // bytes
  CHECK(queue.push(Stage::kInbound, "a", "", 60, [] {}));
  CHECK_FALSE(queue.push(Stage::kInbound, "a", "", 0, [] {}));  // items
  CHECK(queue.push(Stage::kInbound, "b", "", 100, [] {}));
  CHECK_FALSE(queue.push(Stage::kInbound, "c", "", 101, [] {}));
  drain(queue);
}

TEST_CASE("tasks of one lane keep their order and never overlap, whatever the workers do") {
  WorkQueue queue({10'000, 1 << 20, 8}, {10, 10, 1});
  std::atomic<int> inside{0}, overlaps{0};
  std::vector<int> order;
  std::latch done(400);
  for (int i = 0; i < 400; ++i) {
    REQUIRE(queue.push(Stage::kInbound, "peer", i % 2 == 0 ? "even" : "", 1, [&, i] {
      if (i % 2 == 0) {
        if (inside.fetch_add(1) != 0) ++overlaps;
        order.push_back(i);
        inside.fetch_sub(1);
      }
      done.count_down();
    }));
  }
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i) workers.emplace_back([&](const std::stop_token& stop) { queue.run(stop); });
    done.wait();
  }
  CHECK(overlaps == 0);
  REQUIRE(order.size() == 200);
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("work never takes more workers than it may") {
  WorkQueue queue({100, 100, 8}, {100, 100, 1});
  std::atomic<int> inside{0}, most{0};
  std::latch done(20);
  for (int i = 0; i < 20; ++i) {
    REQUIRE(queue.push(Stage::kWork, std::to_string(i), "", 1, [&] {
      most = std::max(most.load(), ++inside);
      std::this_thread::yield();
      --inside;
      done.count_down();
    }));
  }
  std::vector<std::jthread> workers;
  for (int i = 0; i < 4; ++i) workers.emplace_back([&](const std::stop_token& stop) { queue.run(stop); });
  done.wait();
  CHECK(most == 1);
}

TEST_CASE("a timer runs what is due in order of time") {
  std::string order;
  std::latch done(3);
  Timer timer;
  const auto now = Timer::Clock::now();
  using namespace std::chrono_literals;
  timer.at(now + 30ms, [&] { order += 'c', done.count_down(); });
  timer.at(now + 10ms, [&] { order += 'a', done.count_down(); });
  timer.at(now + 20ms, [&] { order += 'b', done.count_down(); });
  timer.at(now + 1h, [&] { order += 'z'; });
  done.wait();
  CHECK(order == "abc");
}
