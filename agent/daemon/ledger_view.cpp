#include "agent/daemon/ledger_view.h"

#include <nlohmann/json.hpp>

namespace edge {

namespace {

std::string state_of(const LogView& log) {
  if (log.convicted) return "frozen";
  if (log.stale) return "stale";
  return log.held < log.known ? "catching up" : "following";
}

}  // namespace

nlohmann::json ledger_view(const ledger::Journal& journal, const NetworkView& network) {
  const auto checkpoint = journal.checkpoint();
  nlohmann::json view{{"origin", checkpoint.origin},
                      {"size", checkpoint.size},
                      {"root", ledger::to_hex(checkpoint.root)},
                      {"signed", checkpoint.size},
                      {"witnessed", network.witnessed},
                      {"comparison", network.comparison},
                      {"others", nlohmann::json::array()}};
  for (const LogView& log : network.logs) {
    view["others"].push_back({{"origin", log.origin},
                              {"state", state_of(log)},
                              {"held", log.held},
                              {"known", log.known},
                              {"witnessed", log.witnessed}});
  }
  if (const auto frozen = journal.frozen(); !frozen.empty()) view["frozen"] = frozen;
  if (journal.clock_held()) view["clock"] = "the system clock stands behind the newest entry";
  return view;
}

}  // namespace edge
