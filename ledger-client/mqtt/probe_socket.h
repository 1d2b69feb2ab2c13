// A TCP connection for the probe: with a deadline, and given up when asked to. Internal to this folder.
#pragma once

#include <chrono>
#include <stop_token>

#include "ledger-client/mqtt/broker_url.h"
#include "ledger-client/mqtt/loss.h"

namespace mqtt_transport {

class ProbeSocket {
 public:
  explicit ProbeSocket(std::stop_token stop) : stop_(std::move(stop)) {}
  ~ProbeSocket();
  ProbeSocket(const ProbeSocket&) = delete;
  ProbeSocket& operator=(const ProbeSocket&) = delete;

  // To the first of the host's addresses that answers. Throws Loss.
  void connect(const BrokerUrl& url, std::chrono::milliseconds patience);
  int descriptor() const { return descriptor_; }
  // For `events` of poll(2); false when `until` has passed or the stop is requested.
  bool wait(short events, std::chrono::steady_clock::time_point until) const;

 private:
  int descriptor_ = -1;
  std::stop_token stop_;
};

// The host as the resolver and certificates spell it: an IPv6 address without brackets.
std::string bare_host(const BrokerUrl& url);
std::string place_of(const BrokerUrl& url);  // host:port

}  // namespace mqtt_transport
