// How a Prepared stands in a row of his_resource.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/core/fhir/prepared.h"
#include "ledger-client/store/sqlite.h"

namespace edge::his {

// Lists whose items hold no line feed, one item a line.
std::string join_list(const std::vector<std::string>& items);
std::vector<std::string> split_list(std::string_view text);

// Of a row of his_document or his_everything.
enum class Columns { kDocument, kEverything };
// Identifiers are not part of the row.
fhir::Prepared read_row(const ledger::sqlite::Statement& row, Columns columns);

}  // namespace edge::his
