// The Composition of a document and its authors, as JSON text and in canonical form. Pure.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "agent/core/fhir/selection.h"

namespace edge::fhir {

struct TextPair {
  std::string text;
  std::string canonical;
};

// `confidentiality`: the highest label of any entry (v3-Confidentiality).
TextPair write_composition(const AssembleInput& input, const Selection& selection,
                           std::string_view confidentiality);
TextPair write_organization(const AssembleInput& input);
TextPair write_device(const AssembleInput& input);

// The highest confidentiality label among the resources; "N" if none has one.
std::string_view highest_confidentiality(const Selection& selection);

}  // namespace edge::fhir
