#include "agent/daemon/beside.h"

#include <catch2/catch.hpp>
#include <memory>
#include <stdexcept>

using edge::Beside;
using ledger::Bytes;

TEST_CASE("what is started beside runs on another thread, again and again") {
  Beside beside;
  for (std::uint8_t round = 0; round < 100; ++round) {
    std::thread::id where;
    auto made = beside.start([&where, round] {
      where = std::this_thread::get_id();
      return Bytes{round};
    });
    CHECK(made.get() == Bytes{round});
    // The thread may not have laid down the round before: then it is made here.
    if (round == 0) CHECK(where != std::this_thread::get_id());
  }
}

TEST_CASE("while the thread is at work, the next is made where it is asked for") {
  Beside beside;
  std::promise<void> hold;
  auto first = beside.start([held = hold.get_future().share()] {
    held.wait();
    return Bytes{1};
  });
  std::thread::id where;
  auto second = beside.start([&where] {
    where = std::this_thread::get_id();
    return Bytes{2};
  });
  CHECK(second.get() == Bytes{2});
  CHECK(where == std::this_thread::get_id());
  hold.set_value();
  CHECK(first.get() == Bytes{1});
}

TEST_CASE("what it throws reaches who asks, and the thread lives on") {
  Beside beside;
  auto broken = beside.start([]() -> Bytes { throw std::runtime_error("no"); });
  CHECK_THROWS_WITH(broken.get(), "no");
  CHECK(beside.start([] { return Bytes{3}; }).get() == Bytes{3});
}

TEST_CASE("what was taken is finished before it ends, also when nobody asks any more") {
  const auto done = std::make_shared<bool>(false);
  {
    Beside beside;
    (void)beside.start([done] {
      *done = true;
      return Bytes{};
    });
  }
  CHECK(*done);
}
