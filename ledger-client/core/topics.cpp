#include "ledger-client/core/topics.h"

#include <array>
#include <charconv>
#include <span>

#include "ledger-client/core/uuid.h"

namespace ledger::topics {

namespace {

template <class... Levels>
std::string below(const Address& agent, const Levels&... levels) {
  std::string topic{kRoot};
  topic += agent.topic_form();
  ((topic += '/', topic += levels), ...);
  return topic;
}

// The levels below `ehr/v1/<agent>`; more than any topic has are cut off and then fit nothing.
struct Levels {
  std::array<std::string_view, 6> level{};
  std::size_t count = 0;

  explicit Levels(std::string_view text) {
    while (count < level.size()) {
      const std::size_t slash = text.find('/');
      level[count++] = text.substr(0, slash);
      if (slash == text.npos) return;
      text.remove_prefix(slash + 1);
    }
  }
  template <class... Names>
  bool are(const Names&... names) const {
    std::size_t i = 0;
    return count == sizeof...(names) && ((level[i++] == std::string_view{names}) && ...);
  }
};

std::optional<std::uint64_t> chunk_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool leading_zero = text.size() > 1 && text.front() == '0';
  if (error != std::errc{} || end != text.data() + text.size() || leading_zero) return std::nullopt;
  return number;
}

std::optional<Kind> public_kind(const Levels& levels) {
  if (levels.are("status")) return Kind::kStatus;
  if (levels.are("descriptor")) return Kind::kDescriptor;
  if (levels.are("metrics")) return Kind::kMetrics;
  if (levels.are("alerts")) return Kind::kAlerts;
  if (levels.are("federation")) return Kind::kFederation;
  if (levels.are("ledger", "checkpoint")) return Kind::kCheckpoint;
  if (levels.are("ledger", "entries")) return Kind::kEntries;
  return std::nullopt;
}

// `what` is what follows the request id.
std::optional<Kind> exchange_kind(std::string_view direction, std::span<const std::string_view> what) {
  if (direction == "request") {
    if (what.empty()) return Kind::kRequest;
    if (what.size() == 1 && what[0] == "ack") return Kind::kAck;
    return std::nullopt;
  }
  if (what.size() == 1 && what[0] == "manifest") return Kind::kManifest;
  if (what.size() == 1 && what[0] == "error") return Kind::kError;
  if (what.size() == 2 && what[0] == "chunk") return Kind::kChunk;
  return std::nullopt;
}

std::optional<Parsed> parse_exchange(Address agent, const Levels& levels) {
  const bool exchange = levels.level[0] == "request" || levels.level[0] == "response";
  if (!exchange || levels.count < 3 || !is_uuid(levels.level[2])) return std::nullopt;
  const std::span what = std::span{levels.level}.subspan(3, levels.count - 3);
  const auto kind = exchange_kind(levels.level[0], what);
  auto peer = Address::from_topic_form(levels.level[1]);
  if (!kind || !peer) return std::nullopt;
  Parsed parsed{*kind, std::move(agent), std::move(peer), std::string{levels.level[2]}, 0};
  if (*kind == Kind::kChunk) {
    const auto number = chunk_number(what[1]);
    if (!number) return std::nullopt;
    parsed.chunk = *number;
  }
  return parsed;
}

}  // namespace

std::string status(const Address& agent) {
  return below(agent, "status");
}
std::string descriptor(const Address& agent) {
  return below(agent, "descriptor");
}
std::string metrics(const Address& agent) {
  return below(agent, "metrics");
}
std::string alerts(const Address& agent) {
  return below(agent, "alerts");
}
std::string federation(const Address& agent) {
  return below(agent, "federation");
}
std::string checkpoint(const Address& agent) {
  return below(agent, "ledger/checkpoint");
}
std::string entries(const Address& agent) {
  return below(agent, "ledger/entries");
}
std::string every_cosignature(const Address& agent) {
  return below(agent, "ledger/cosignature", "+");
}
std::string cosignature(const Address& agent, const Address& witness) {
  return below(agent, "ledger/cosignature", witness.topic_form());
}
std::string request(const Address& to, const Address& from, std::string_view id) {
  return below(to, "request", from.topic_form(), id);
}
std::string ack(const Address& to, const Address& from, std::string_view id) {
  return below(to, "request", from.topic_form(), id, "ack");
}
std::string manifest(const Address& to, const Address& from, std::string_view id) {
  return below(to, "response", from.topic_form(), id, "manifest");
}
std::string chunk(const Address& to, const Address& from, std::string_view id, std::uint64_t number) {
  return below(to, "response", from.topic_form(), id, "chunk", std::to_string(number));
}
std::string error(const Address& to, const Address& from, std::string_view id) {
  return below(to, "response", from.topic_form(), id, "error");
}
std::string response(const Address& to, const Address& from, std::string_view id) {
  return below(from, "response", to.topic_form(), id);
}
std::string all_requests_to(const Address& agent) {
  return below(agent, "request/#");
}
std::string all_responses_to(const Address& agent) {
  return below(agent, "response/#");
}

std::optional<Parsed> parse(std::string_view topic) {
  if (!topic.starts_with(kRoot)) return std::nullopt;
  topic.remove_prefix(kRoot.size());
  const std::size_t slash = topic.find('/');
  if (slash == topic.npos) return std::nullopt;
  auto agent = Address::from_topic_form(topic.substr(0, slash));
  if (!agent) return std::nullopt;
  const Levels levels{topic.substr(slash + 1)};
  if (const auto kind = public_kind(levels)) return Parsed{*kind, std::move(*agent), std::nullopt, {}, 0};
  if (levels.count == 3 && levels.level[0] == "ledger" && levels.level[1] == "cosignature") {
    auto witness = Address::from_topic_form(levels.level[2]);
    if (!witness) return std::nullopt;
    return Parsed{Kind::kCosignature, std::move(*agent), std::move(witness), {}, 0};
  }
  return parse_exchange(std::move(*agent), levels);
}

}  // namespace ledger::topics
