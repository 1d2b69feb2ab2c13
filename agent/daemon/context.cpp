#include "agent/daemon/context.h"

#include <algorithm>
#include <stdexcept>

#include "ledger-client/core/limits.h"

namespace edge {

namespace {
// Long enough for a queue to drain, short enough that a dead message does not wait for a receiver that came
// back next day.
constexpr std::uint32_t kMessageExpirySeconds = 900;
}  // namespace

bool Context::serves(const ledger::Address& peer) const {
  const auto snapshot = federation();
  const ledger::Member* member = snapshot->find(peer);
  return member != nullptr && member->status == ledger::MemberStatus::kActive;
}

ledger::Result<ledger::Bytes> Context::open(ledger::ByteView sealed) const {
  auto opened = age::open(own_identities(), sealed);
  if (opened || !look_for_keys()) return opened;
  return age::open(own_identities(), sealed);
}

double Context::jitter() const {
  std::array<std::uint8_t, 2> bytes{};
  fill_random(bytes);
  return (bytes[0] * 256 + bytes[1]) / 65536.0;
}

std::uint64_t Context::window_chunks() const {
  return std::max<std::uint64_t>(config->transfer.window / ledger::limits::kChunkBytes, 1);
}

mqtt_transport::PublishResult Context::publish(std::string topic, ledger::Bytes payload,
                                               const std::string& id, std::string response_topic) const {
  mqtt_transport::Message message;
  message.topic = std::move(topic);
  message.payload = std::move(payload);
  message.properties.response_topic = std::move(response_topic);
  message.properties.correlation_data = ledger::to_bytes(ledger::as_bytes(id));
  message.properties.message_expiry_seconds = kMessageExpirySeconds;
  message.properties.content_type = "application/octet-stream";
  return connection->publish(std::move(message));
}

ledger::Bytes Context::seal_to(const ledger::Member& member, ledger::ByteView text) const {
  const auto recipient = age::Recipient::parse(member.age_recipient().value_or(""));
  if (!recipient)
    throw std::runtime_error("member " + member.address.text() + " has no usable age recipient");
  return age::seal(agreements->take(*recipient), text);
}

void Context::prepare_for(const ledger::Member& member) const {
  if (const auto recipient = age::Recipient::parse(member.age_recipient().value_or("")))
    agreements->prepare(*recipient, 2);
}

}  // namespace edge
