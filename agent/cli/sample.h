// The sample configuration, as it is shipped, and the sample with some keys set.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace edge::cli {

// deploy/etc/ehr-agent.toml, compiled in.
std::string_view sample_config();

struct Setting {
  std::string table, key, value;  // a string value
};

// `sample` with each setting in the place of its commented (or plain) line. Throws std::logic_error for a key
// the sample lacks.
std::string with_settings(std::string_view sample, const std::vector<Setting>& settings);

}  // namespace edge::cli
