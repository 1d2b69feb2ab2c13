// One message of every kind as our own encoders write it: the examples in schemas/ are these, and the seeds
// of the fuzz targets.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tests/support/two_agents.h"

namespace test_support {

struct MessageExample {
  std::string schema;  // stem in schemas/
  std::string name;    // of the file in schemas/examples/valid/<schema>/
  std::string jws;
};
// Between the two agents; the answer is anchored as the third entry of a's log.
std::vector<MessageExample> message_examples(const TwoAgents& agents);

// The signed text inside a JWS of ours.
std::string payload_of(const std::string& jws);

}  // namespace test_support
