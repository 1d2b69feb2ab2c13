#include "agent/adapters/his/stored_row.h"

namespace edge::his {

std::string join_list(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) {
    if (!text.empty()) text += '\n';
    text += item;
  }
  return text;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    items.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return items;
}

fhir::Prepared read_row(const ledger::sqlite::Statement& row, Columns columns) {
  fhir::Prepared resource;
  resource.kind = row.column_text(0);
  resource.key = row.column_text(1);
  resource.full_url = row.column_text(2);
  resource.patient_key = row.column_text(3);
  resource.section = static_cast<fhir::Section>(row.column_int(4));
  resource.date = row.column_text(5);
  resource.code = row.column_text(6);
  resource.active = row.column_int(7) != 0;
  resource.why_not = row.column_text(8);
  resource.notes = split_list(row.column_text(9));
  resource.references = split_list(row.column_text(10));
  resource.narrative_row = row.column_text(11);
  resource.ips = row.column_text(12);
  resource.ips_canonical = row.column_text(13);
  if (columns == Columns::kEverything) resource.source = row.column_text(15);
  return resource;
}

}  // namespace edge::his
