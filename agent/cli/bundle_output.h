// Where a bundle goes that the agent hands out: a file that appears whole with its proof beside it, standard
// output, or into --json.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "agent/cli/output.h"
#include "ledger-client/core/sha256.h"

namespace edge::cli {

class BundleOutput {
 public:
  // Without a file, or with `-`, the bytes go to standard output; with `json` they become the member `bundle`
  // of the result, as they are.
  BundleOutput(const std::optional<std::filesystem::path>& file, bool json);
  void write(std::string_view bytes);
  // Checks number and hash of the bytes against the agent's result, puts files under their names and says
  // what came.
  void finish(const nlohmann::json& result);

 private:
  std::optional<std::filesystem::path> path_;
  bool json_;
  std::unique_ptr<AtomicFile> file_;
  ledger::Sha256 hash_;
  std::uint64_t bytes_ = 0;
};

}  // namespace edge::cli
