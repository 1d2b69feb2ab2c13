// Every MQTT topic, spelled once (wire.md, Topics). Pure and thread-safe.
#pragma once

#include <string>
#include <variant>

#include "ledger-client/core/address.h"

namespace ledger::topics {

inline constexpr std::string_view kRoot = "ehr/v1/";

std::string status(const Address& agent);
std::string descriptor(const Address& agent);
std::string metrics(const Address& agent);
std::string alerts(const Address& agent);
std::string federation(const Address& agent);
std::string checkpoint(const Address& agent);
std::string entries(const Address& agent);
std::string cosignature(const Address& agent, const Address& witness);
std::string request(const Address& to, const Address& from, std::string_view id);
std::string ack(const Address& to, const Address& from, std::string_view id);
// Answers go below the requester's own name: to = the requester, from = the answering agent.
std::string manifest(const Address& to, const Address& from, std::string_view id);
std::string chunk(const Address& to, const Address& from, std::string_view id, std::uint64_t number);
std::string error(const Address& to, const Address& from, std::string_view id);
// The Response Topic (MQTT 5) of a request of `from` to `to`: ehr/v1/<from>/response/<to>/<id>.
std::string response(const Address& to, const Address& from, std::string_view id);

// Topic filters an agent subscribes to.
std::string all_requests_to(const Address& agent);
std::string all_responses_to(const Address& agent);
// Topic filters of a reader of the public topics.
inline constexpr std::string_view kEveryFederation = "ehr/v1/+/federation";
inline constexpr std::string_view kEveryCheckpoint = "ehr/v1/+/ledger/checkpoint";
inline constexpr std::string_view kEveryEntries = "ehr/v1/+/ledger/entries";
std::string every_cosignature(const Address& agent);
inline constexpr std::string_view kEveryAlert = "ehr/v1/+/alerts";
inline constexpr std::string_view kEveryCosignature = "ehr/v1/+/ledger/cosignature/+";

enum class Kind {
  kStatus,
  kDescriptor,
  kMetrics,
  kAlerts,
  kFederation,
  kCheckpoint,
  kEntries,
  kCosignature,
  kRequest,
  kAck,
  kManifest,
  kChunk,
  kError
};

// A received topic taken apart. `agent` is the first level; `peer`, `id` and `chunk` where the kind has them.
// Anything that is not exactly one of our topics (wrong levels, a non-canonical address, an id that is no
// lower-case UUID, a chunk number with leading zeros) gives nothing.
struct Parsed {
  Kind kind = Kind::kStatus;
  Address agent;
  std::optional<Address> peer;
  std::string id;
  std::uint64_t chunk = 0;
};
std::optional<Parsed> parse(std::string_view topic);

}  // namespace ledger::topics
