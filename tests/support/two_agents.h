// Two agents of one federation with keys of their own, for tests of the request path: no files, no broker.
#pragma once

#include <memory>

#include "agent/core/age/age.h"
#include "agent/core/envelope.h"

namespace test_support {

struct TestAgent {
  ledger::Address address;
  std::unique_ptr<edge::Signer> sign, log;
  ledger::NoteKey log_key;
  edge::age::Identity age;

  edge::LocalIdentity identity() const;
  std::vector<const edge::age::Identity*> identities() const { return {&age}; }
};

struct TwoAgents {
  TestAgent a, b;  // 10.20.0.5 and 10.20.0.6
  ledger::Federation federation;
};
// `status_b` as the federation document writes it.
TwoAgents make_two_agents(const std::string& status_b = "active");

}  // namespace test_support
