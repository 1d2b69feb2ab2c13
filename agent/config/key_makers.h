// How a key of each type is made: what a value must be, how it gets into Config, how it is shown. Internal to
// keys.h: its sources share it. `Access` gives the member of a Config, constant or not.
#pragma once

#include <algorithm>
#include <cmath>
#include <sstream>

#include "agent/config/keys.h"
#include "agent/config/units.h"

namespace edge::config_detail {

using Problem = std::optional<std::string>;

inline std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

inline std::string number_text(double number) {
  std::ostringstream out;
  out << number;
  return out.str();
}

inline std::string between(const std::string& low, const std::string& high) {
  return low + " to " + high;
}

template <class Access>
Key<Config> text(std::string name, Access at, std::size_t max) {
  const std::string range = "1 to " + std::to_string(max) + " bytes";
  auto set = [=](Config& config, const Value& value, const Context&) -> Problem {
    const auto* given = std::get_if<std::string>(&value);
    if (!given) return "must be a string";
    if (given->empty() || given->size() > max) return "must have " + range;
    if (std::any_of(given->begin(), given->end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
      return "must not contain control characters";
    at(config) = *given;
    return std::nullopt;
  };
  return {std::move(name), "string", range, set, [=](const Config& config) { return quoted(at(config)); }};
}

template <class Access>
Key<Config> choice(std::string name, Access at, const std::vector<std::string>& allowed) {
  std::string range;
  for (const auto& one : allowed) range += (range.empty() ? "" : " or ") + quoted(one);
  auto set = [=](Config& config, const Value& value, const Context&) -> Problem {
    const auto* given = std::get_if<std::string>(&value);
    if (!given || std::find(allowed.begin(), allowed.end(), *given) == allowed.end())
      return "must be " + range;
    at(config) = *given;
    return std::nullopt;
  };
  return {std::move(name), "string", range, set, [=](const Config& config) { return quoted(at(config)); }};
}

template <class Access>
Key<Config> path(std::string name, Access at,
                 std::string range = "a path, relative to the configuration file's folder",
                 std::size_t max_bytes = 4095) {
  auto set = [=](Config& config, const Value& value, const Context& context) -> Problem {
    const auto* given = std::get_if<std::string>(&value);
    if (!given) return "must be a string (a path)";
    if (given->empty()) return "must not be empty";
    if (given->find('\0') != std::string::npos) return "must not contain a zero byte";
    const fs::path whole = (context.base / *given).lexically_normal();
    if (whole.native().size() > max_bytes)
      return "must have at most " + std::to_string(max_bytes) + " bytes as a whole path";
    at(config) = whole;
    return std::nullopt;
  };
  auto show = [=](const Config& config) {
    const auto& value = at(config);
    return value.empty() ? std::string() : quoted(value.string());
  };
  return {std::move(name), "path", std::move(range), set, show};
}

template <class Access>
Key<Config> duration(std::string name, Access at, Milliseconds min, Milliseconds max) {
  const std::string range = between(duration_text(min), duration_text(max));
  auto set = [=](Config& config, const Value& value, const Context&) -> Problem {
    const auto* given = std::get_if<std::string>(&value);
    const auto parsed = given ? parse_duration(*given) : std::nullopt;
    if (!parsed) return R"(must be a duration: a string like "250ms", "10s", "15min", "24h" or "7d")";
    if (*parsed < min || *parsed > max) return "must be " + range;
    using Target = std::remove_reference_t<decltype(at(config))>;
    const auto converted = std::chrono::duration_cast<Target>(*parsed);
    if (converted != *parsed) return "must be whole hours";
    at(config) = converted;
    return std::nullopt;
  };
  return {std::move(name), "duration", range, set,
          [=](const Config& config) { return quoted(duration_text(at(config))); }};
}

template <class Access>
Key<Config> size(std::string name, Access at, std::uint64_t min, std::uint64_t max) {
  const std::string range = between(size_text(min), size_text(max));
  auto set = [=](Config& config, const Value& value, const Context&) -> Problem {
    std::optional<std::uint64_t> parsed;
    if (const auto* given = std::get_if<std::string>(&value)) parsed = parse_size(*given);
    const auto* number = std::get_if<std::int64_t>(&value);
    if (number && *number >= 0) parsed = static_cast<std::uint64_t>(*number);
    if (number && *number < 0) return "must be " + range;
    if (!parsed) return R"(must be a size: a number of bytes, or a string like "512KiB", "4MiB" or "8GiB")";
    if (*parsed < min || *parsed > max) return "must be " + range;
    at(config) = *parsed;
    return std::nullopt;
  };
  return {std::move(name), "size", range, set,
          [=](const Config& config) { return quoted(size_text(at(config))); }};
}

template <class Access>
Key<Config> whole(std::string name, Access at, std::int64_t min, std::int64_t max) {
  const std::string range = between(std::to_string(min), std::to_string(max));
  auto set = [=](Config& config, const Value& value, const Context&) -> Problem {
    const auto* given = std::get_if<std::int64_t>(&value);
    if (!given) return "must be a whole number";
    if (*given < min || *given > max) return "must be " + range;
    at(config) = static_cast<std::remove_reference_t<decltype(at(config))>>(*given);
    return std::nullopt;
  };
  return {std::move(name), "integer", range, set,
          [=](const Config& config) { return std::to_string(at(config)); }};
}

template <class Access>
Key<Config> number(std::string name, Access at, double min, double max) {
  const std::string range = between(number_text(min), number_text(max));
  auto set = [=](Config& config, const Value& value, const Context&) -> Problem {
    double given = std::nan("");
    if (const auto* real = std::get_if<double>(&value)) given = *real;
    if (const auto* integer = std::get_if<std::int64_t>(&value)) given = static_cast<double>(*integer);
    if (std::isnan(given)) return "must be a number";
    if (given < min || given > max) return "must be " + range;
    at(config) = given;
    return std::nullopt;
  };
  return {std::move(name), "number", range, set,
          [=](const Config& config) { return number_text(at(config)); }};
}

template <class Access>
Key<Config> flag(std::string name, Access at) {
  auto set = [=](Config& config, const Value& value, const Context&) -> Problem {
    const auto* given = std::get_if<bool>(&value);
    if (!given) return "must be true or false";
    at(config) = *given;
    return std::nullopt;
  };
  return {std::move(name), "boolean", "true or false", set,
          [=](const Config& config) { return std::string(at(config) ? "true" : "false"); }};
}

}  // namespace edge::config_detail
