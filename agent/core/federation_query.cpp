#include "agent/core/federation_query.h"

#include <nlohmann/json.hpp>

#include "ledger-client/core/canonical_json.h"

namespace edge {

using ledger::Problem;
using nlohmann::json;

namespace {

constexpr std::size_t kMaxAnswerBytes = 4u << 20;

bool between(const json& value, std::uint64_t least, std::uint64_t most) {
  return value.is_number_unsigned() && value.get<std::uint64_t>() >= least &&
         value.get<std::uint64_t>() <= most;
}

}  // namespace

std::string encode_params(const FederationRangeQuery& query) {
  return ledger::canonical_json({{"count", query.count}, {"from", query.from}});
}

ledger::Result<FederationRangeQuery> parse_federation_range(std::string_view params) {
  const auto object = ledger::parse_json(params, {1024, 2});
  if (!object || !ledger::has_exactly(*object, {"from", "count"}))
    return Problem{"params: not from and count"};
  if (!between((*object)["from"], 1, std::uint64_t{1} << 53)) return Problem{"params.from: not a version"};
  if (!between((*object)["count"], 1, kMaxFederationVersions))
    return Problem{"params.count: not a whole number in its range"};
  return FederationRangeQuery{(*object)["from"].get<std::uint64_t>(),
                              (*object)["count"].get<std::uint64_t>()};
}

std::string encode_federation_versions(const std::vector<std::string>& texts) {
  return ledger::canonical_json({{"versions", texts}});
}

ledger::Result<std::vector<std::string>> parse_federation_versions(std::string_view text) {
  const auto object = ledger::parse_json(text, {kMaxAnswerBytes, 3});
  if (!object || !ledger::has_exactly(*object, {"versions"})) return Problem{"answer: not versions alone"};
  const json& list = (*object)["versions"];
  if (!list.is_array() || list.size() > kMaxFederationVersions)
    return Problem{"answer.versions: not a list of at most 100"};
  std::vector<std::string> texts;
  for (const json& item : list) {
    if (!item.is_string()) return Problem{"answer.versions: holds something that is no text"};
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

}  // namespace edge
