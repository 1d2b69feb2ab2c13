#include "ledger-client/mqtt/publish_window.h"

#include <catch2/catch.hpp>
#include <thread>

using namespace mqtt_transport;

namespace {

Message message(const std::string& topic, std::size_t bytes = 1) {
  Message made;
  made.topic = topic;
  made.payload.resize(bytes);
  return made;
}

// What a turn hands over.
std::vector<std::string> turn(PublishWindow& window) {
  std::vector<std::string> topics;
  REQUIRE(window.begin_turn());
  while (auto outgoing = window.next()) topics.push_back(outgoing->message.topic);
  return topics;
}

}  // namespace

TEST_CASE("the window lets at most its size through, in order, and the next for each one finished") {
  PublishWindow window(2, 1'000);
  window.open();
  PublishWindow::Id first = 0, id = 0;
  REQUIRE(window.admit(message("a"), {}, first) == PublishResult::kAccepted);
  for (const char* topic : {"b", "c", "d"})
    REQUIRE(window.admit(message(topic), {}, id) == PublishResult::kAccepted);
  CHECK(turn(window) == std::vector<std::string>{"a", "b"});
  CHECK(turn(window).empty());
  CHECK(window.finish(first).has_value());
  CHECK_FALSE(window.finish(first).has_value());
  CHECK(turn(window) == std::vector<std::string>{"c"});
  CHECK(window.unacknowledged() == 2);
}

TEST_CASE("a window is never larger than what brokers bear") {
  PublishWindow window(1'000, 1'000'000);
  window.open();
  PublishWindow::Id id = 0;
  for (int n = 0; n < 50; ++n) REQUIRE(window.admit(message("t"), {}, id) == PublishResult::kAccepted);
  CHECK(turn(window).size() == 20);
}

TEST_CASE("only one has the turn") {
  PublishWindow window(2, 1'000);
  window.open();
  REQUIRE(window.begin_turn());
  CHECK_FALSE(window.begin_turn());
  CHECK_FALSE(window.next().has_value());
  CHECK(window.begin_turn());
}

TEST_CASE("what waits is bounded in bytes, but one message always fits") {
  PublishWindow window(1, 100);
  window.open();
  PublishWindow::Id id = 0;
  CHECK(window.admit(message("t", 500), {}, id) == PublishResult::kAccepted);
  CHECK(window.admit(message("t", 1), {}, id) == PublishResult::kTooMuch);
  CHECK(turn(window).size() == 1);
  CHECK(window.admit(message("t", 1), {}, id) == PublishResult::kAccepted);
}

TEST_CASE("closing owes one outcome for each message, and wakes who waits") {
  PublishWindow window(1, 1'000);
  PublishWindow::Id id = 0;
  CHECK(window.admit(message("t"), {}, id) == PublishResult::kDisconnected);
  window.open();
  int outcomes = 0;
  for (int n = 0; n < 3; ++n) {
    REQUIRE(window.admit(
                message("t"), [&](int code) { outcomes += code; }, id) == PublishResult::kAccepted);
  }
  turn(window);
  bool taken = true;
  std::thread waiting([&] { taken = window.wait_until_taken(id); });
  for (const auto& done : window.close()) done(1);
  waiting.join();
  CHECK(outcomes == 3);
  CHECK_FALSE(taken);
  CHECK(window.wait_until_empty(0));
  CHECK(window.admit(message("t"), {}, id) == PublishResult::kDisconnected);
}
