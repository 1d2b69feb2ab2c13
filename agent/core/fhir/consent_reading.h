// Private to the readers of consents: how a place is refused, and the provisions of a Consent.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/core/consent.h"
#include "agent/core/fhir/json_tree.h"
#include "agent/core/purpose.h"

namespace edge::fhir::consent_reading {

// Thrown by what stands here, caught by read_consent and read_terms.
struct Invalid {
  std::string reason;
};
[[noreturn]] void invalid(const std::string& place, std::string_view rule);

bool has_coding(const Node& concept_node, std::string_view system, std::string_view code);

// `type` of a provision, if it has one.
std::optional<Effect> written_effect(const Node& provision, const std::string& place);

// A provision and its exceptions, flattened: each rule holds all its ancestors say too.
void read_provisions(const Node& node, const std::string& place, const ConsentRule& around, int depth,
                     std::vector<ConsentRule>& out);

}  // namespace edge::fhir::consent_reading
