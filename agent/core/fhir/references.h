// Where references point: a source's references (relative, absolute, urn:uuid, conditional, contained)
// brought to the one form documents use, urn:uuid. Pure and thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "agent/core/fhir/json_tree.h"

namespace edge::fhir {

struct Target {
  std::string kind;      // empty where a urn:uuid reference does not tell
  std::string key;       // "Type/id"; for a urn:uuid its UUID stands for the id
  std::string full_url;  // urn:uuid:…; empty: can't be resolved
};

// The full_url of a resource that is known by its kind and id.
std::string full_url_of(std::string_view kind, std::string_view id);

// A literal reference; contained ones (#…) are the caller's. A version and a fragment are ignored.
Target read_reference(std::string_view reference);

// A capital letter, then letters: what a resourceType looks like.
bool is_type_name(std::string_view text);

// "Practitioner?identifier=system|value" (how Synthea points at what another file holds) becomes a logical
// reference.
void make_logical(Node& reference);

}  // namespace edge::fhir
