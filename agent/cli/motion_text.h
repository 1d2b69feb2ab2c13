// A motion of `approval` as its approvers read it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace edge::cli {

// What the motion would allow: in words, and exactly. `payload` may come from anybody's file.
void print_deed(const std::string& matter, const std::string& subject, const nlohmann::json& payload);
// The running agent's answer to `approval.show`.
void print_motion(const nlohmann::json& row);
// Names of approvers, or `nobody`.
std::string names(const nlohmann::json& list);

}  // namespace edge::cli
