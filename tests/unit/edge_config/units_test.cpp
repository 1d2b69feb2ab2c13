#include "agent/config/units.h"

#include <catch2/catch.hpp>

#include "agent/config/checks.h"

using namespace std::chrono_literals;

TEST_CASE("durations have a unit and do not overflow") {
  CHECK(edge::parse_duration("250ms") == 250ms);
  CHECK(edge::parse_duration("10s") == 10s);
  CHECK(edge::parse_duration("15min") == 15min);
  CHECK(edge::parse_duration("24h") == 24h);
  CHECK(edge::parse_duration("7d") == 168h);
  CHECK(edge::parse_duration("0s") == 0s);
  for (const auto* bad : {"", "10", "s", "10 sec", "10S", "-1s", "+1s", "1.5s", "1h30min", " 1s", "1s ",
                          "9223372036854775808ms", "9999999999999d", "0x10s", "10s\n"})
    CHECK_FALSE(edge::parse_duration(bad));
}

TEST_CASE("sizes are bytes unless a unit says otherwise") {
  CHECK(edge::parse_size("4096") == 4096u);
  CHECK(edge::parse_size("4MiB") == 4u << 20);
  CHECK(edge::parse_size("8 GiB") == 8ull << 30);
  CHECK(edge::parse_size("18446744073709551615") == ~0ull);
  for (const auto* bad : {"", "MiB", "4MB", "4mib", "-4", "4.5MiB", "18446744073709551616", "99999999TiB"})
    CHECK_FALSE(edge::parse_size(bad));
}

TEST_CASE("texts of durations and sizes read back as what they were") {
  for (const auto duration : {0ms, 1ms, 250ms, 1'000ms, 90'000ms, 3'600'000ms, 86'400'000ms, 86'400'001ms})
    CHECK(edge::parse_duration(edge::duration_text(duration)) == duration);
  for (const auto size : {0ull, 1ull, 1023ull, 1024ull, 1536ull, 4ull << 20, (4ull << 20) + 1, 8ull << 30})
    CHECK(edge::parse_size(edge::size_text(size)) == size);
  CHECK(edge::duration_text(24h) == "1d");
  CHECK(edge::size_text(4u << 20) == "4MiB");
}

TEST_CASE("a broker's URL is TLS, or stays on this machine") {
  using edge::config_detail::check_broker_url;
  for (const auto* good :
       {"mqtts://localhost:8883", "mqtts://broker.example", "mqtts://10.0.0.1:1", "mqtts://[fd00::5]:65535",
        "mqtt://127.0.0.1:1883", "mqtt://localhost", "mqtt://[::1]:1883"})
    CHECK_FALSE(check_broker_url(good));
  for (const auto* bad :
       {"", "mqtts://", "mqtts://:8883", "http://x", "ssl://x:1", "x:8883", "mqtts://a:0", "mqtts://a:65536",
        "mqtts://a:", "mqtts://a:1x", "mqtts://a:1/p", "mqtts://u:p@a:1", "mqtts://fd00::5", "mqtts://a b",
        "mqtt://10.0.0.1:1883", "mqtt://broker.example"}) {
    INFO(bad);
    CHECK(check_broker_url(bad));
  }
}

TEST_CASE("a misspelt word finds the one that was meant, a strange one none") {
  using edge::config_detail::closest;
  const std::vector<std::string> words{"agent.address", "agent.name", "agent.workers"};
  CHECK(closest("agent.adress", words) == "agent.address");
  CHECK(closest("agent.wrokers", words) == "agent.workers");
  CHECK(closest("colour", words).empty());
  CHECK(closest("", words).empty());
}
