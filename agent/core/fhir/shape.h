// Validates a resource against the element tables and copies what R4 knows into a new tree: elements in
// FHIR's order, references rewritten to urn:uuid, what can't stand in a document left out. Whatever comes out
// has R4's structure by construction. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/core/fhir/json_tree.h"
#include "ledger-client/core/result.h"

namespace edge::fhir {

class Withholding;

struct ShapeInput {
  std::string_view kind;
  std::string_view full_url;                          // of the resource itself
  std::string_view patient_url;                       // full_url of the patient it belongs to; empty if none
  const std::vector<std::string>* missing = nullptr;  // full_urls that won't be in the document
  // Something is withheld: a reference to what is missing goes with its display, and so does a narrative.
  const Withholding* withheld = nullptr;
};

struct Shaped {
  Node resource;
  std::vector<std::string> notes;  // what was left out or completed, without values
};

// A Problem names the element and the rule. Precondition: is_document_kind(input.kind).
ledger::Result<Shaped> shape(const Node& resource, const ShapeInput& input);

// {"extension":[{"url":…data-absent-reason,"valueCode":"unknown"}]}: stands for a mandatory element nobody
// recorded.
Node absent_reason();

}  // namespace edge::fhir
