#include "agent/config/checks.h"
#include "agent/config/key_makers.h"

namespace edge::config_detail {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kKiB = 1ull << 10, kMiB = 1ull << 20, kGiB = 1ull << 30, kTiB = 1ull << 40;
constexpr std::size_t kSocketPathBytes = 107;  // sockaddr_un without its final zero

// Keys with a form of their own.

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

// A member has no parentheses. NOLINTBEGIN(bugprone-macro-parentheses)
#define AT(member)       \
  [](auto& c) -> auto& { \
    return c.member;     \
  }
// NOLINTEND(bugprone-macro-parentheses)

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

}  // namespace

const std::vector<Key<Config>>& keys() {
  static const auto table = make_keys();
  return table;
}

}  // namespace edge::config_detail
