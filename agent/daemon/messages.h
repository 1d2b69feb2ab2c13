// Messages of the request path that more than one part sends or reads. Reading gives a value only for what
// the right peer signed for this agent about this request. Thread-safe.
#pragma once

#include "agent/core/reply.h"
#include "agent/core/transfer/window.h"
#include "agent/daemon/context.h"

namespace edge {

inline constexpr std::size_t kMaxSignedBytes = 1 << 20;   // a signed payload of an answer
inline constexpr std::size_t kMaxMessageBytes = 1 << 20;  // a chunk and its path, a manifest with its payload

// A request of ours that waits for its answer.
struct Asked {
  const ledger::Address& peer;
  const std::string& id;
  const ledger::Hash& sha256;  // of the request's JWS
};

// The message of a manifest with what travels inside it, signed by `self` and sealed to the peer it is for;
// empty if that is no active member.
ledger::Bytes seal_manifest(const Context& context, const LocalIdentity& self, const Manifest& manifest,
                            ledger::ByteView inline_bytes);
// To the peer it is for, while that is an active member.
void publish_manifest(const Context& context, const Envelope& envelope, ledger::Bytes message);
void publish_ack(const Context& context, const ledger::Address& peer, const std::string& id,
                 const ReceiveWindow::State& state);

// The manifest in `jws`, accepted or not. Nothing if it is not authentic: it may be anybody's. `at`: when its
// key must have been good; nothing for what was taken before and is kept here, whose bundle is judged by its
// place in the peer's log.
std::optional<ledger::Result<AcceptedManifest>> read_manifest(const Context& context, std::string_view jws,
                                                              const ManifestExpectation& expected,
                                                              std::optional<ledger::TimePoint> at);
// The error in a message about a request; nothing if it is not authentic or about another one.
std::optional<ErrorReply> read_error(const Context& context, ledger::ByteView message, const Asked& asked);

}  // namespace edge
