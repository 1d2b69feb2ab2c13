#include "ledger-client/core/entry_unique.h"

#include <array>
#include <nlohmann/json.hpp>

#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/entry_rules.h"

namespace ledger {
namespace {

struct KeyFields {
  std::string_view type;
  const char* first;
  const char* second = nullptr;  // null: one field is enough
  const char* third = nullptr;
};
constexpr std::array kKeys{KeyFields{entry_type::kBundleIssued, "to", "request"},
                           KeyFields{entry_type::kBundleReceived, "from", "request"},
                           KeyFields{entry_type::kBundleDelivered, "to", "request"},
                           KeyFields{entry_type::kRefusals, "peer", "hour"},
                           KeyFields{entry_type::kEquivocation, "origin"},
                           KeyFields{entry_type::kOriginRetired, "origin"},
                           KeyFields{entry_type::kVote, "motion", "approver", "choice"}};

std::string text_at(const nlohmann::json& body, const char* name) {
  const auto found = body.find(name);
  return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::string unique_key(const Entry& entry) {
  for (const KeyFields& fields : kKeys) {
    if (fields.type != entry.type) continue;
    const auto body = parse_json(entry.body);
    if (!body || !body->is_object()) return {};
    std::string key;
    for (const char* const name : {fields.first, fields.second, fields.third}) {
      if (name == nullptr) break;
      const std::string part = text_at(*body, name);
      if (part.empty()) return {};
      key += (key.empty() ? "" : " ") + part;
    }
    return key;
  }
  return {};
}

}  // namespace ledger
