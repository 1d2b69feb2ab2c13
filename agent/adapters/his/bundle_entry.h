// One entry of a Bundle, and the references of its resource.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "ledger-client/core/result.h"

namespace edge::his {

struct BundleEntry {
  std::string full_url;
  std::string_view resource;  // JSON text within the entry's; empty if there is none
  std::string kind, id;       // of the resource; may be empty
  std::string method;         // of the request: "DELETE" has nothing to load
  bool outcome = false;       // a note of a search, not a record
};
// `entry_json` must outlive the result and may get more capacity (the parser reads past the end). Problem:
// not such an object.
ledger::Result<BundleEntry> read_entry(std::string& entry_json);

// Whether "Type/id" follows from the fullUrl alone: its own UUID, or an address that ends with it. References
// to such an entry need no help; others mean something only within their Bundle.
bool url_names_key(std::string_view full_url, std::string_view kind, std::string_view id);

// The resource with every Reference.reference that `lookup` knows replaced by what it gives. `resource_json`
// is valid JSON.
std::string rewrite_references(std::string_view resource_json,
                               const std::function<std::optional<std::string>(std::string_view)>& lookup);

}  // namespace edge::his
