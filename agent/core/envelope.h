// What every signed payload carries (wire.md, A request): v, id, from, to, fed, issued. Reading is strict:
// the members must be there with the right types, and nothing else than the members a reader asks for. Pure
// and thread-safe.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>

#include "agent/core/outcome.h"
#include "agent/core/signing.h"
#include "ledger-client/core/address.h"
#include "ledger-client/core/federation.h"
#include "ledger-client/core/jws.h"
#include "ledger-client/core/time_text.h"
#include "ledger-client/core/uuid.h"

namespace edge {

// `typ` of each kind of signed message.
namespace message_type {
inline constexpr std::string_view kRequest = "ehr-request+jws";
inline constexpr std::string_view kManifest = "ehr-manifest+jws";
inline constexpr std::string_view kError = "ehr-error+jws";
inline constexpr std::string_view kAck = "ehr-ack+jws";
inline constexpr std::string_view kReceipt = "ehr-receipt+jws";
inline constexpr std::string_view kDescriptor = "ehr-descriptor+jws";
}  // namespace message_type

struct Envelope {
  std::string id;  // of the request it belongs to, a lower-case UUID
  ledger::Address from, to;
  std::uint64_t fed = 0;  // the sender's federation version
  ledger::TimePoint issued{};
};

// An object with the envelope's members; the caller adds its own.
nlohmann::json envelope_json(const Envelope& envelope);
// Takes the envelope out of an object whose members are the envelope's and `others`; `optional` may be
// missing.
ledger::Result<Envelope> read_envelope(const nlohmann::json& object, const std::set<std::string>& others,
                                       const std::set<std::string>& optional = {});

// `<topic form>#sign-<n>`: names the signing key of an agent.
std::string make_kid(const ledger::Address& address, std::string_view key_id);

// Who signs for this agent, and how its messages are addressed.
struct LocalIdentity {
  ledger::Address address;
  const Signer* signer = nullptr;
  std::string kid;
};

// kids of keys that their owners' logs revoked: no message of theirs is authentic any more.
using RevokedKeys = std::shared_ptr<const std::set<std::string>>;

// A JWS of kind `typ` that a member signed, verified with the key the federation document holds for exactly
// that member. Its payload has been parsed strictly.
struct AuthenticMessage {
  const ledger::Member* sender = nullptr;
  std::string payload;
};
// The reason where the sender may have a key that a newer version of the document lists.
inline constexpr const char* kUnknownKey = "JWS: kid is not a valid signing key of the sender";
// `topic_sender` is the address the topic names. Problems name what failed; nothing is answered to them.
ledger::Result<AuthenticMessage> authenticate(std::string_view jws, std::string_view typ,
                                              const ledger::Address& topic_sender,
                                              const ledger::Federation& federation, ledger::TimePoint now,
                                              std::size_t max_bytes, const RevokedKeys& revoked = {});
// The same for a message that was authentic when it came and has been kept here since, whatever became of its
// key: what it brings is judged by its place in the sender's log.
ledger::Result<AuthenticMessage> authenticate_kept(std::string_view jws, std::string_view typ,
                                                   const ledger::Address& from,
                                                   const ledger::Federation& federation,
                                                   std::size_t max_bytes);

// A lower-case UUID, version 7 for new ones (RFC 9562): time-ordered. `random` holds 10 random bytes.
std::string make_uuid_v7(ledger::TimePoint now, const std::array<std::uint8_t, 10>& random);
std::string make_uuid_v4(const std::array<std::uint8_t, 16>& random);
using ledger::is_uuid;

}  // namespace edge
