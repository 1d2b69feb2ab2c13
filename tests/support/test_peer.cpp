#include "tests/support/test_peer.h"

#include <algorithm>
#include <future>
#include <random>
#include <stdexcept>

namespace test_support {

namespace topics = ledger::topics;

ledger::TimePoint system_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string new_request_id() {
  std::random_device device;
  std::array<std::uint8_t, 10> random{};
  for (auto& byte : random) byte = static_cast<std::uint8_t>(device());
  return edge::make_uuid_v7(system_now(), random);
}

edge::Request make_request(const ledger::Address& from, const ledger::Address& to, edge::Operation operation,
                           const edge::RecordQuery& query) {
  const auto now = system_now();
  return {{new_request_id(), from, to, 1, now}, operation, now + std::chrono::minutes(5), "TREAT", query};
}

TestPeer::TestPeer(Broker& broker, const ledger::Federation& federation, const std::string& address,
                   const std::filesystem::path& keys)
    : address_(*ledger::Address::parse(address)), federation_(federation) {
  edge::initialise_cryptography();
  keys_ = edge::load_keys(keys, address_);
  auto options = broker.agent_options(address);
  options.filters = {topics::all_requests_to(address_), topics::all_responses_to(address_)};
  std::promise<void> connected;
  auto once = std::make_shared<std::once_flag>();
  connection_ = std::make_unique<mqtt_transport::Connection>(
      std::move(options), mqtt_transport::ConnectionHandlers{
                              [this](mqtt_transport::Message&& message) { take(std::move(message)); },
                              [&connected, once] { std::call_once(*once, [&] { connected.set_value(); }); },
                              {}});
  connection_->start();
  if (connected.get_future().wait_for(std::chrono::seconds(20)) != std::future_status::ready)
    throw std::runtime_error("a test's peer can't connect: " + broker.log());
}

edge::LocalIdentity TestPeer::identity() const {
  return {address_, keys_.sign.signer.get(), edge::make_kid(address_, keys_.sign.id)};
}

void TestPeer::take(mqtt_transport::Message&& message) {
  const auto topic = topics::parse(message.topic);
  if (!topic) return;
  {
    const std::lock_guard lock(mutex_);
    inbox_.emplace_back(*topic, std::move(message));
  }
  changed_.notify_all();
}

int TestPeer::publish(const std::string& topic, ledger::ByteView payload, const std::string& response_topic) {
  mqtt_transport::Message message;
  message.topic = topic;
  message.payload = ledger::to_bytes(payload);
  message.properties.response_topic = response_topic;
  return publish(std::move(message));
}

int TestPeer::publish_retained(const std::string& topic, ledger::ByteView payload) {
  mqtt_transport::Message message;
  message.topic = topic;
  message.payload = ledger::to_bytes(payload);
  message.retained = true;
  return publish(std::move(message));
}

int TestPeer::publish(mqtt_transport::Message message) {
  const std::string topic = message.topic;
  auto done = std::make_shared<std::promise<int>>();
  auto code = done->get_future();
  (void)connection_->publish(std::move(message), [done](int reason) { done->set_value(reason); });
  if (code.wait_for(std::chrono::seconds(20)) != std::future_status::ready)
    throw std::runtime_error("no acknowledgement for " + topic);
  return code.get();
}

ledger::Bytes TestPeer::seal(const ledger::Address& to, ledger::ByteView text) const {
  const ledger::Member* member = federation_.find(to);
  return edge::age::seal(*edge::age::Recipient::parse(member->age_recipient().value()), text);
}

int TestPeer::send_request(const ledger::Address& to, const std::string& id, const std::string& jws,
                           const std::string& response_topic) {
  return publish(topics::request(to, address_, id), seal(to, ledger::as_bytes(jws)), response_topic);
}

std::optional<mqtt_transport::Message> TestPeer::next(topics::Kind kind, const std::string& id, int seconds) {
  std::unique_lock lock(mutex_);
  auto found = inbox_.end();
  const bool came = changed_.wait_for(lock, std::chrono::seconds(seconds), [&] {
    found = std::find_if(inbox_.begin(), inbox_.end(), [&](const auto& item) {
      return item.first.kind == kind && (id.empty() || item.first.id == id);
    });
    return found != inbox_.end();
  });
  if (!came) return std::nullopt;
  auto message = std::move(found->second);
  inbox_.erase(found);
  return message;
}

std::size_t TestPeer::waiting(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(inbox_.begin(), inbox_.end(), [&](const auto& item) { return item.first.id == id; }));
}

ledger::Bytes TestPeer::open(const mqtt_transport::Message& message) const {
  const edge::age::Identity* own = &keys_.age.front();
  auto opened = edge::age::open(std::span(&own, 1), message.payload);
  if (!opened) throw std::runtime_error("a message can't be opened: " + opened.error().reason);
  return std::move(*opened);
}

std::string TestPeer::next_error(const ledger::Address& from, const std::string& id) {
  const auto message = next(topics::Kind::kError, id);
  if (!message) return {};
  const auto opened = open(*message);
  const auto authentic = edge::authenticate(ledger::as_text(opened), edge::message_type::kError, from,
                                            federation_, system_now(), 1 << 20);
  return authentic ? authentic->payload : "not authentic: " + authentic.error().reason;
}

}  // namespace test_support
