// Holds the sample file and the man page to the table of keys: every key, its default, its range.
#include <catch2/catch.hpp>
#include <regex>
#include <sstream>

#include "agent/config/config.h"
#include "tests/support/shared_data.h"

namespace {

std::string sample() {
  return test_support::read_file(test_support::source_root() / "deploy/etc/ehr-agent.toml");
}

// The sample with every commented key switched on: "# key = value" and "# [[table]]".
std::string uncommented(const std::string& text) {
  static const std::regex key(R"(^# ([a-z_]+ = .*|\[\[[a-z]+\]\])$)");
  std::istringstream in(text);
  std::string out;
  for (std::string line; std::getline(in, line);) out += std::regex_replace(line, key, "$1") + "\n";
  return out;
}

// "[table]\n…key = default" somewhere in the text: the assignment of `name` below its table.
std::string assignment(const std::string& text, const std::string& name) {
  const bool list = name.find("[].") != std::string::npos;
  const std::string table = name.substr(0, name.find(list ? "[]." : "."));
  const std::string key = name.substr(name.rfind('.') + 1);
  const auto at = text.find(list ? "\n[[" + table + "]]\n" : "\n[" + table + "]\n");
  if (at == std::string::npos) return "";
  const auto end = text.find("\n[", at + 1);
  const std::string part = text.substr(at, end == std::string::npos ? end : end - at);
  const auto found = part.find("\n" + key + " = ");
  if (found == std::string::npos) return "";
  const auto value = found + key.size() + 4;
  return part.substr(value, part.find('\n', value) - value);
}

}  // namespace

TEST_CASE("the shipped sample parses as it is, and with every line switched on") {
  CHECK(edge::parse_config(sample(), "/etc/ehr-agent"));
  const auto all = edge::parse_config(uncommented(sample()), "/etc/ehr-agent");
  if (!all)
    for (const auto& problem : all.error()) UNSCOPED_INFO(edge::to_text(problem));
  REQUIRE(all);
  CHECK(all->groups.size() == 1);
  CHECK(all->sections.size() == 1);
}

TEST_CASE("the sample names every key with its default") {
  const std::string text = uncommented(sample());
  const auto plain = edge::parse_config("[agent]\naddress = \"192.0.2.5\"", "/");
  REQUIRE(plain);
  for (const auto& key : edge::config_keys()) {
    INFO(key.name);
    const auto value = assignment(text, key.name);
    CHECK_FALSE(value.empty());
    if (!key.default_text.empty()) CHECK(value == key.default_text);
  }
}

TEST_CASE("the sample's values are the defaults") {
  const auto sampled = edge::parse_config(uncommented(sample()), "/etc/ehr-agent");
  const auto plain = edge::parse_config("[agent]\naddress = \"192.0.2.5\"", "/etc/ehr-agent");
  REQUIRE(sampled);
  REQUIRE(plain);
  const auto shown = edge::config_values(*sampled), defaults = edge::config_values(*plain);
  CHECK(shown == defaults);
}

TEST_CASE("the man page names every key with its range and default") {
  auto page = test_support::read_file(test_support::source_root() / "deploy/man/ehr-agent.conf.5");
  page = std::regex_replace(page, std::regex(R"(\\-)"), "-");
  for (const auto& key : edge::config_keys()) {
    const bool list = key.name.find("[].") != std::string::npos;
    const std::string name = list ? key.name.substr(key.name.find("[].") + 3) : key.name;
    INFO(key.name);
    const auto at = page.find("\n.B " + name + "\n");
    REQUIRE(at != std::string::npos);
    const auto end = page.find("\n.TP", at);
    const std::string entry = page.substr(at, end == std::string::npos ? end : end - at);
    if (key.type == "duration" || key.type == "size" || key.type == "integer" || key.type == "number")
      CHECK_THAT(entry, Catch::Contains(key.range));
    if (!key.default_text.empty()) CHECK_THAT(entry, Catch::Contains("Default: " + key.default_text));
  }
}
