// That a command ended well; what it printed is shown where it did not.
#pragma once

#include <catch2/catch.hpp>

#include "tests/support/agent_process.h"

namespace test_support {

inline void require(const CommandResult& result) {
  INFO(result.output);
  REQUIRE(result.status == 0);
}

}  // namespace test_support
