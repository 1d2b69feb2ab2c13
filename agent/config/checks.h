// Checks of single texts in the configuration. Pure and thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edge::config_detail {

// What is wrong with a broker's URL: mqtts://host[:port], mqtt:// only to this machine. An IPv6 address
// stands in brackets.
std::optional<std::string> check_broker_url(std::string_view url);

// The candidate a misspelt word most likely means; empty if none is close.
std::string closest(std::string_view wrong, const std::vector<std::string>& candidates);

}  // namespace edge::config_detail
