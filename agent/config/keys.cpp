#include "agent/config/keys.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "agent/config/checks.h"
#include "agent/config/units.h"
#include "agent/core/consent.h"
#include "agent/core/fhir/section_names.h"
#include "ledger-client/core/base64.h"

namespace edge::config_detail {
namespace {

using namespace std::chrono_literals;
using Problem = std::optional<std::string>;

constexpr std::uint64_t kKiB = 1ull << 10, kMiB = 1ull << 20, kGiB = 1ull << 30, kTiB = 1ull << 40;
constexpr std::size_t kSocketPathBytes = 107;  // sockaddr_un without its final zero

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string number_text(double number) {
  std::ostringstream out;
  out << number;
  return out.str();
}

std::string between(const std::string& low, const std::string& high) {
  return low + " to " + high;
}

// --- one maker per type
// -------------------------------------------------------------------------------------------------------

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

// --- keys with a form of their own
// --------------------------------------------------------------------------------------------

Key<Config> address_key() {
  auto set = [](Config& config, const Value& value, const Context&) -> Problem {
    const auto* given = std::get_if<std::string>(&value);
    config.agent.address = given ? ledger::Address::parse(*given) : std::nullopt;
    if (!config.agent.address) return R"(must be an IPv4 or IPv6 address, as "10.20.0.5")";
    return std::nullopt;
  };
  auto show = [](const Config& config) {
    return config.agent.address ? quoted(config.agent.address->text()) : std::string();
  };
  return {"agent.address", "string", "an IPv4 or IPv6 address; required", set, show};
}

// A signing key in a token, or "" for none.
Key<Config> token_key() {
  const std::string range = "\"\" or a pkcs11: URI of at most 1000 bytes";
  auto set = [](Config& config, const Value& value, const Context&) -> Problem {
    const auto* given = std::get_if<std::string>(&value);
    if (!given || (!given->empty() && !given->starts_with("pkcs11:")) || given->size() > 1000)
      return "must be \"\" or a pkcs11: URI of at most 1000 bytes";
    if (given->find("pin-value") != std::string::npos)
      return "must not hold a PIN; keys.sign_pin names its file";
    config.keys.sign_token = *given;
    return std::nullopt;
  };
  return {"keys.sign_token", "string", range, set,
          [](const Config& config) { return quoted(config.keys.sign_token); }};
}

// The file of the token's PIN, or "" for none.
Key<Config> pin_key() {
  auto set = [](Config& config, const Value& value, const Context& context) -> Problem {
    const auto* given = std::get_if<std::string>(&value);
    if (!given || given->find('\0') != std::string::npos) return "must be \"\" or a path";
    config.keys.sign_pin = given->empty() ? fs::path() : (context.base / *given).lexically_normal();
    return std::nullopt;
  };
  return {"keys.sign_pin", "path", "\"\" or a path", set,
          [](const Config& config) { return quoted(config.keys.sign_pin.string()); }};
}

Key<Config> url_key() {
  auto set = [](Config& config, const Value& value, const Context&) -> Problem {
    const auto* given = std::get_if<std::string>(&value);
    if (!given) return "must be a string";
    if (auto problem = check_broker_url(*given)) return problem;
    config.mqtt.url = *given;
    return std::nullopt;
  };
  return {"mqtt.url", "string", "mqtts://host:port; mqtt:// to this machine only", set,
          [](const Config& config) { return quoted(config.mqtt.url); }};
}

// A member has no parentheses. NOLINTNEXTLINE(bugprone-macro-parentheses)
#define AT(member)       \
  [](auto& c) -> auto& { \
    return c.member;     \
  }

// Every key, in the order of the sample file. Defaults are the initialisers of Config.
std::vector<Key<Config>> make_keys() {
  const auto days = [](int n) { return Milliseconds(24h) * n; };
  return {
      address_key(),
      text("agent.name", AT(agent.name), 200),
      path("agent.state_dir", AT(agent.state_dir)),
      whole("agent.workers", AT(agent.workers), 1, 64),
      path("control.socket", AT(control.socket), "a path of at most 107 bytes", kSocketPathBytes),
      path("keys.dir", AT(keys.dir)),
      token_key(),
      pin_key(),
      path("federation.file", AT(federation.file)),
      url_key(),
      choice("mqtt.version", AT(mqtt.version), {"5", "3.1.1"}),
      path("mqtt.ca", AT(mqtt.ca), "a path; ca.crt in keys.dir if not given"),
      path("mqtt.cert", AT(mqtt.cert), "a path; tls.crt in keys.dir if not given"),
      path("mqtt.key", AT(mqtt.key), "a path; tls.key in keys.dir if not given"),
      choice("his.kind", AT(his.kind), {"sqlite"}),
      path("his.database", AT(his.database), "a path; his.db in agent.state_dir if not given"),
      path("ledger.guard", AT(ledger.guard), "a path outside agent.state_dir"),
      duration("ledger.startup_wait", AT(ledger.startup_wait), 0ms, 5min),
      duration("ledger.interval", AT(ledger.interval), 1s, 24h),
      choice("anchor.require", AT(anchor.require), {"signed", "witnessed"}),
      size("transfer.window", AT(transfer.window), 512 * kKiB, kGiB),
      duration("transfer.deadline", AT(transfer.deadline), 1s, days(90)),
      duration("transfer.retry_first", AT(transfer.retry_first), 10ms, 1h),
      duration("transfer.retry_max", AT(transfer.retry_max), 10ms, 24h),
      duration("request.lifetime", AT(request.lifetime), 1s, 24h),
      duration("request.max_lifetime", AT(request.max_lifetime), 1s, 24h),
      duration("request.clock_tolerance", AT(request.clock_tolerance), 0ms, 1h),
      duration("refusal.quantum", AT(refusal.quantum), 1ms, 60s),
      size("limits.request_bytes", AT(limits.request_bytes), 4 * kKiB, 16 * kMiB),
      size("limits.bundle_bytes", AT(limits.bundle_bytes), 64 * kKiB, 4 * kGiB),
      whole("limits.intake_queue", AT(limits.intake_queue), 1, 1'000'000),
      whole("limits.work_queue_per_peer", AT(limits.work_queue_per_peer), 1, 100'000),
      number("limits.requests_per_second", AT(limits.requests_per_second), 0.001, 1e6),
      number("limits.request_burst", AT(limits.request_burst), 1, 1e6),
      whole("limits.pending_requests", AT(limits.pending_requests), 1, 100'000),
      whole("limits.assemblies", AT(limits.assemblies), 1, 64),
      size("limits.answers_bytes", AT(limits.answers_bytes), 2 * kMiB, 4 * kGiB),
      size("limits.spool_bytes", AT(limits.spool_bytes), kMiB, 1'024 * kTiB),
      size("limits.min_free_bytes", AT(limits.min_free_bytes), 0, 1'024 * kTiB),
      duration("retention.spool", AT(retention.spool), 1h, days(3'650)),
      duration("retention.audit", AT(retention.audit), 1h, days(36'500)),
      duration("retention.inbox", AT(retention.inbox), 1h, days(3'650)),
      duration("metrics.interval", AT(metrics.interval), 100ms, 24h),
      flag("consent.mark_withheld", AT(consent.mark_withheld)),
      flag("break_glass.allow", AT(break_glass.allow)),
      whole("approval.keys", AT(approval.keys), 0, 64),
      whole("approval.break_glass", AT(approval.break_glass), 0, 64),
      whole("approval.federation", AT(approval.federation), 0, 64),
      duration("approval.lifetime", AT(approval.lifetime), 1min, days(90)),
  };
}
#undef AT

std::string section_choices() {
  std::string out;
  for (const auto& [section, name] : fhir::kSectionNames)
    out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

std::vector<Key<fhir::SectionRule>> make_section_keys() {
  using Rule = fhir::SectionRule;
  auto set_name = [](Rule& rule, const Value& value, const Context&) -> Problem {
    const auto* given = std::get_if<std::string>(&value);
    const auto section = given ? fhir::section_from_name(*given) : std::nullopt;
    if (!section) return "must be one of " + section_choices();
    rule.section = *section;
    rule.required = fhir::section_is_required(*section);
    return std::nullopt;
  };
  auto set_limit = [](Rule& rule, const Value& value, const Context&) -> Problem {
    const auto* given = std::get_if<std::int64_t>(&value);
    if (!given || *given < 0 || *given > 1'000'000)
      return "must be a whole number, 0 to 1000000 (0: no limit)";
    rule.limit = static_cast<std::size_t>(*given);
    return std::nullopt;
  };
  auto set_latest = [](Rule& rule, const Value& value, const Context&) -> Problem {
    const auto* given = std::get_if<bool>(&value);
    if (!given) return "must be true or false";
    rule.latest_per_code = *given;
    return std::nullopt;
  };
  return {
      {"name", "string", section_choices() + "; required", set_name,
       [](const Rule&) { return std::string(); }},
      {"limit", "integer", "0 to 1000000; 0: no limit", set_limit,
       [](const Rule&) { return std::string("0"); }},
      {"latest_per_code", "boolean", "true or false", set_latest,
       [](const Rule&) { return std::string("false"); }},
  };
}

std::vector<Key<ledger::Approver>> make_approver_keys() {
  using ledger::Approver;
  const auto nothing = [](const Approver&) { return std::string(); };
  auto set_id = [](Approver& approver, const Value& value, const Context&) -> Problem {
    const auto* given = std::get_if<std::string>(&value);
    if (!given || !ledger::is_approver_id(*given))
      return "must be 1 to 64 lower-case letters, digits and hyphens";
    approver.id = *given;
    return std::nullopt;
  };
  auto set_key = [](Approver& approver, const Value& value, const Context&) -> Problem {
    const auto* given = std::get_if<std::string>(&value);
    const auto bytes = given ? ledger::base64url_decode(*given) : std::nullopt;
    if (!bytes || bytes->size() != approver.key.bytes.size())
      return "must be an Ed25519 public key, as `ehr-agent federation admin-key FILE` prints it";
    std::copy(bytes->begin(), bytes->end(), approver.key.bytes.begin());
    return std::nullopt;
  };
  auto set_revoked = [](Approver& approver, const Value& value, const Context&) -> Problem {
    const auto* given = std::get_if<std::int64_t>(&value);
    if (!given || *given < 0) return "must be a whole number: the index of an entry of the own ledger";
    approver.revoked_from = static_cast<std::uint64_t>(*given);
    return std::nullopt;
  };
  return {{"id", "string", "lower-case letters, digits and hyphens; required", set_id, nothing},
          {"key", "string", "an Ed25519 public key in base64url; required", set_key, nothing},
          {"revoked_from", "index", "an index of the own ledger", set_revoked, nothing}};
}

}  // namespace

const std::vector<Key<Config>>& keys() {
  static const auto table = make_keys();
  return table;
}

const std::vector<Key<fhir::SectionRule>>& section_keys() {
  static const auto table = make_section_keys();
  return table;
}

const std::vector<Key<ledger::Approver>>& approver_keys() {
  static const auto table = make_approver_keys();
  return table;
}

std::optional<std::string> set_group_name(PeerGroup& group, const Value& value) {
  const auto* given = std::get_if<std::string>(&value);
  if (!given || !is_group_name(*given))
    return "must be 1 to 64 lower-case letters, digits and single hyphens";
  group.name = *given;
  return std::nullopt;
}

std::optional<std::string> add_group_peer(PeerGroup& group, const Value& value) {
  const auto* given = std::get_if<std::string>(&value);
  const auto address = given ? ledger::Address::parse(*given) : std::nullopt;
  if (!address) return R"(must hold IPv4 or IPv6 addresses, as "10.20.0.6")";
  if (std::find(group.peers.begin(), group.peers.end(), *address) != group.peers.end())
    return "names " + address->text() + " twice";
  group.peers.push_back(*address);
  return std::nullopt;
}

}  // namespace edge::config_detail
