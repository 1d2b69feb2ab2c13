// The question before something is signed.
#pragma once

#include <string>

namespace edge::cli {

// Asks at the terminal unless `yes`. Throws Failure where the answer is not yes, or nobody is there to ask.
void demand_consent(bool yes, const std::string& question);

}  // namespace edge::cli
