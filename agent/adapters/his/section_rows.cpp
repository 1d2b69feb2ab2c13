#include "agent/adapters/his/section_rows.h"

#include "agent/adapters/his/stored_row.h"

namespace edge::his {

using ledger::sqlite::Database;
using ledger::sqlite::Statement;

namespace {

// The rows of a section, all of one patient, whose key the caller knows: ?1 is the patient's number, ?2 the
// section, ?3 the key. One statement each: a statement per resource would cost more than its reading.
constexpr const char* kWholeSection = R"sql(
SELECT kind, key, full_url, ?3, section, date, code, active, why_not, notes, refs, narrative_row, ips, ips_canonical
FROM his_resource WHERE patient_id = ?1 AND section = ?2 AND fits = 1)sql";

// The newest resource of each code: from each the index leads to the next code's, however long the history
// is. What has no code is no series.
constexpr const char* kNewestPerCode = R"sql(
WITH RECURSIVE newest(id) AS (
  SELECT id FROM his_resource WHERE patient_id = ?1 AND section = ?2 AND fits = 1 AND code = ''
  UNION ALL
  SELECT (SELECT id FROM his_resource WHERE patient_id = ?1 AND section = ?2 AND fits = 1 AND code > ''
          ORDER BY code, date DESC LIMIT 1)
  UNION ALL
  SELECT (SELECT next.id FROM his_resource next
          WHERE next.patient_id = ?1 AND next.section = ?2 AND next.fits = 1 AND next.code > r.code
          ORDER BY next.code, next.date DESC LIMIT 1)
  FROM newest JOIN his_resource r ON r.id = newest.id WHERE r.code <> '')
SELECT kind, key, full_url, ?3, section, date, code, active, why_not, notes, refs, narrative_row, ips, ips_canonical
FROM newest CROSS JOIN his_resource r ON r.id = newest.id)sql";

}  // namespace

bool read_section(Database& database, std::int64_t patient, std::string_view patient_key,
                  const fhir::SectionRule& rule, const std::function<bool(fhir::Prepared&&)>& take) {
  Statement& rows = database.cached(rule.latest_per_code ? kNewestPerCode : kWholeSection);
  rows.bind(1, patient).bind(2, static_cast<std::int64_t>(rule.section));
  rows.bind(3, patient_key);
  while (rows.step()) {
    if (take(read_row(rows, Columns::kDocument))) continue;
    rows.reset();
    return false;
  }
  return true;
}

}  // namespace edge::his
