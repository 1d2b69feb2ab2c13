// A member in the test's own process that asks as an agent does: the real PeerCalls over a real connection. A
// test may lose or spoil what comes in before it is looked at. Uses the keys of an agent that does not run.
#pragma once

#include <atomic>
#include <future>

#include "agent/daemon/peer_calls.h"
#include "tests/support/agent_process.h"
#include "tests/support/broker.h"

namespace test_support {

class CallingPeer {
 public:
  // False: the message is lost.
  using Wire = std::function<bool(const ledger::topics::Parsed& topic, mqtt_transport::Message& message)>;

  CallingPeer(Broker& broker, const ledger::Federation& federation, const AgentProcess& folder,
              Wire wire = {});
  ~CallingPeer();

  using Answer = std::future<edge::Outcome<std::string>>;
  Answer begin(const ledger::Address& peer, edge::Operation operation, const std::string& params,
               std::chrono::milliseconds patience = std::chrono::seconds(20));
  // Waits for the answer.
  edge::Outcome<std::string> call(const ledger::Address& peer, edge::Operation operation,
                                  const std::string& params,
                                  std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    return begin(peer, operation, params, patience).get();
  }
  void stop() { calls_->stop(); }
  std::size_t open() const { return calls_->open(); }
  const edge::Counters& counters() const { return counters_; }
  // How often a caller was told how its call ended.
  int told() const { return told_; }

 private:
  edge::CurrentFederation federation_;
  Wire wire_;
  edge::KeyRing keys_;
  edge::Config config_;
  edge::Counters counters_;
  edge::WorkQueue queue_;
  edge::Timer timer_;
  edge::Context context_;
  std::atomic<int> told_{0};
  std::unique_ptr<mqtt_transport::Connection> connection_;
  std::unique_ptr<edge::PeerCalls> calls_;
  std::vector<std::jthread> workers_;
};

}  // namespace test_support
