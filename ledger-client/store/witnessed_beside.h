// An agent keeps its own log in agent.db, and the cosignatures on it, which come later, in network.db beside
// it: a note of the newest witnessed checkpoint. Here is how it is found there.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace ledger {

inline constexpr const char* kNetworkDatabase = "network.db";
// Its row in network_meta(key, value).
std::string own_witnessed_key(const std::string& origin);

// For the log in `database`; nothing is verified. Nothing if there is no such file, row or permission.
std::optional<std::string> read_own_witnessed(const std::filesystem::path& database,
                                              const std::string& origin);

}  // namespace ledger
