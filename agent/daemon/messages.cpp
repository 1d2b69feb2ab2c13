#include "agent/daemon/messages.h"

#include "agent/daemon/log.h"
#include "ledger-client/core/topics.h"

namespace edge {

ledger::Bytes seal_manifest(const Context& context, const LocalIdentity& self, const Manifest& manifest,
                            ledger::ByteView inline_bytes) {
  const auto federation = context.federation();
  const ledger::Member* member = federation->find(manifest.envelope.to);
  if (member == nullptr || member->status != ledger::MemberStatus::kActive) return {};
  return context.seal_to(*member, frame_manifest(sign_manifest(manifest, self), inline_bytes));
}

void publish_manifest(const Context& context, const Envelope& envelope, ledger::Bytes message) {
  if (message.empty() || !context.serves(envelope.to)) return;
  (void)context.publish(ledger::topics::manifest(envelope.to, envelope.from, envelope.id), std::move(message),
                        envelope.id);
}

void publish_ack(const Context& context, const ledger::Address& peer, const std::string& id,
                 const ReceiveWindow::State& state) {
  const Ack ack{{id, context.self.address, peer, context.fed(), context.now()}, state.next, state.missing};
  (void)context.publish(ledger::topics::ack(peer, context.self.address, id),
                        ledger::to_bytes(ledger::as_bytes(sign_ack(ack, context.signing()))), id);
}

std::optional<ledger::Result<AcceptedManifest>> read_manifest(const Context& context, std::string_view jws,
                                                              const ManifestExpectation& expected,
                                                              std::optional<ledger::TimePoint> at) {
  const auto federation = context.federation();
  const ledger::Address& peer = expected.peer->address;
  const auto authentic =
      at ? authenticate(jws, message_type::kManifest, peer, *federation, *at, kMaxSignedBytes,
                        context.revoked_keys())
         : authenticate_kept(jws, message_type::kManifest, peer, *federation, kMaxSignedBytes);
  if (!authentic) {
    log::warning("manifest is not authentic",
                 {{"request", expected.id}, {"reason", authentic.error().reason}});
    return std::nullopt;
  }
  auto manifest = parse_manifest(authentic->payload);
  if (!manifest) return manifest.error();
  return accept_manifest(std::move(*manifest), expected);
}

std::optional<ErrorReply> read_error(const Context& context, ledger::ByteView message, const Asked& asked) {
  const auto opened = context.open(message);
  if (!opened) return std::nullopt;
  const auto authentic =
      authenticate(ledger::as_text(*opened), message_type::kError, asked.peer, *context.federation(),
                   context.now(), kMaxSignedBytes, context.revoked_keys());
  auto error = authentic ? parse_error(authentic->payload)
                         : ledger::Result<ErrorReply>(ledger::Problem{"not authentic"});
  if (!error || error->envelope.id != asked.id || error->envelope.to != context.self.address ||
      error->envelope.from != asked.peer || error->request_sha256 != asked.sha256) {
    return std::nullopt;
  }
  return std::move(*error);
}

}  // namespace edge
