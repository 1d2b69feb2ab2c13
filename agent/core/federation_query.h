// Params and answer of the operation `federation-range` (wire.md): versions of the federation document as
// this agent keeps them. A decoder judges form and bounds; whether the documents follow each other is for
// ledger-client's FederationHistory. Pure and thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ledger-client/core/result.h"

namespace edge {

inline constexpr std::uint64_t kMaxFederationVersions = 100;       // of one answer
inline constexpr std::size_t kMaxFederationRangeBytes = 1u << 20;  // of their texts, but always one

// Versions [from, from + count). An answer may hold fewer, even none.
struct FederationRangeQuery {
  std::uint64_t from = 1;
  std::uint64_t count = kMaxFederationVersions;

  bool operator==(const FederationRangeQuery&) const = default;
};

// The canonical text of `params`.
std::string encode_params(const FederationRangeQuery& query);
ledger::Result<FederationRangeQuery> parse_federation_range(std::string_view params);

// Canonical JSON {"versions":[text…]}, in order.
std::string encode_federation_versions(const std::vector<std::string>& texts);
ledger::Result<std::vector<std::string>> parse_federation_versions(std::string_view text);

}  // namespace edge
