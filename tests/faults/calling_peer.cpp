#include "tests/faults/calling_peer.h"

#include <sodium.h>

#include <stdexcept>

#include "tests/support/test_peer.h"

namespace test_support {

namespace topics = ledger::topics;

CallingPeer::CallingPeer(Broker& broker, const ledger::Federation& federation, const AgentProcess& folder,
                         Wire wire)
    : federation_(std::make_shared<const ledger::Federation>(federation)),
      wire_(std::move(wire)),
      keys_(edge::load_keys(folder.keys(), folder.address())),
      queue_({256, 64u << 20, 2}, {64, 64, 1}),
      context_{&config_,
               &federation_,
               {folder.address(), keys_.sign.signer.get(), edge::make_kid(folder.address(), keys_.sign.id)},
               {&keys_.age.front()},
               nullptr,
               &queue_,
               &timer_,
               &counters_,
               system_now,
               [](std::span<std::uint8_t> out) { randombytes_buf(out.data(), out.size()); }} {
  edge::initialise_cryptography();
  config_.transfer.retry_first = std::chrono::milliseconds(300);
  auto options = broker.agent_options(folder.address().text());
  options.filters = {topics::all_responses_to(folder.address())};
  const auto connected = std::make_shared<std::promise<void>>();
  const auto once = std::make_shared<std::once_flag>();
  connection_ = std::make_unique<mqtt_transport::Connection>(
      std::move(options), mqtt_transport::ConnectionHandlers{
                              [this](mqtt_transport::Message&& message) {
                                const auto topic = topics::parse(message.topic);
                                if (!topic || !topic->peer || (wire_ && !wire_(*topic, message))) return;
                                calls_->on_response(std::move(message), *topic);
                              },
                              [connected, once] { std::call_once(*once, [&] { connected->set_value(); }); },
                              {}});
  context_.connection = connection_.get();
  calls_ = std::make_unique<edge::PeerCalls>(context_);
  for (int i = 0; i < 2; ++i)
    workers_.emplace_back([this](const std::stop_token& stop) { queue_.run(stop); });
  connection_->start();
  if (connected->get_future().wait_for(std::chrono::seconds(20)) != std::future_status::ready)
    throw std::runtime_error("a calling peer can't connect: " + broker.log());
  timer_.every(std::chrono::milliseconds(50), [this] { calls_->tick(false); });
}

CallingPeer::~CallingPeer() {
  timer_.stop();
  calls_->stop();
  for (auto& worker : workers_) worker.request_stop();
  workers_.clear();
  connection_->stop();
}

CallingPeer::Answer CallingPeer::begin(const ledger::Address& peer, edge::Operation operation,
                                       const std::string& params, std::chrono::milliseconds patience) {
  const auto answer = std::make_shared<std::promise<edge::Outcome<std::string>>>();
  calls_->call(peer, operation, params, patience, [this, answer](edge::Outcome<std::string> outcome) {
    ++told_;
    answer->set_value(std::move(outcome));  // throws if it is told twice, which told() shows too
  });
  return answer->get_future();
}

}  // namespace test_support
