#include "agent/daemon/status.h"

#include <nlohmann/json.hpp>

#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/limits.h"

namespace edge {

using nlohmann::json;

std::string status_json(const StatusFacts& facts) {
  return ledger::canonical_json(
      {{"state", facts.state},
       {"boot", facts.boot},
       {"version", EHR_VERSION},
       {"since", facts.since},
       {"ledger", {{"size", facts.checkpoint.size}, {"root", ledger::to_hex(facts.checkpoint.root)}}},
       {"queues", {{"intake", facts.intake}, {"work", facts.work}, {"pending", facts.pending}}}});
}

std::string will_json(std::uint64_t boot) {
  return ledger::canonical_json({{"state", "lost"}, {"boot", boot}, {"version", EHR_VERSION}});
}

std::string metrics_json(const Counters& counters, const mqtt_transport::Connection::Counters& transport) {
  return ledger::canonical_json({{"requests_received", counters.requests_received.load()},
                                 {"requests_dropped", counters.requests_dropped.load()},
                                 {"requests_refused", counters.requests_refused.load()},
                                 {"bundles_issued", counters.bundles_issued.load()},
                                 {"bundles_delivered", counters.bundles_delivered.load()},
                                 {"bundles_received", counters.bundles_received.load()},
                                 {"chunks_sent", counters.chunks_sent.load()},
                                 {"chunks_received", counters.chunks_received.load()},
                                 {"chunks_rejected", counters.chunks_rejected.load()},
                                 {"transfers_failed", counters.transfers_failed.load()},
                                 {"mqtt_received", transport.received},
                                 {"mqtt_published", transport.published},
                                 {"mqtt_refused", transport.refused},
                                 {"mqtt_reconnects", transport.reconnects}});
}

std::string descriptor_jws(const Context& context, const std::string& name) {
  const Config& config = *context.config;
  std::array<std::uint8_t, 10> random{};
  context.fill_random(random);
  const ledger::TimePoint now = context.now();
  // Addressed to nobody in particular: to itself, since every signed payload names a receiver.
  json payload = envelope_json(
      {make_uuid_v7(now, random), context.self.address, context.self.address, context.fed(), now});
  payload["name"] = name;
  payload["version"] = EHR_VERSION;
  payload["operations"] = {"ping",         "summary", "everything",      "ledger-range",
                           "ledger-proof", "cosign",  "federation-range"};
  payload["limits"] = {{"request_bytes", config.limits.request_bytes},
                       {"bundle_bytes", config.limits.bundle_bytes},
                       {"chunk_bytes", ledger::limits::kChunkBytes},
                       {"window", config.transfer.window}};
  const LocalIdentity self = context.signing();
  return sign_jws(*self.signer, self.kid, message_type::kDescriptor, ledger::canonical_json(payload));
}

}  // namespace edge
