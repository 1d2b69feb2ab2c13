#include "agent/cli/arguments.h"

#include "agent/cli/failure.h"
#include "agent/config/units.h"
#include "ledger-client/core/address.h"

namespace edge::cli {

std::string checked_peer(const std::string& text) {
  const auto address = ledger::Address::parse(text);
  if (!address)
    throw Failure(EX_USAGE, "PEER must be an IPv4 or IPv6 address, as 10.20.0.6",
                  "`federation.file` lists the peers");
  return address->text();
}

std::optional<std::chrono::milliseconds> parsed_timeout(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto out = parse_duration(text);
  if (!out || out->count() == 0) throw Failure(EX_USAGE, "--timeout must be a duration, as 30s or 10min");
  return out;
}

}  // namespace edge::cli
