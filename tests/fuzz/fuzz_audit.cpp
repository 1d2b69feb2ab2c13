#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "agent/core/fhir/audit_event.h"
#include "agent/core/fhir/audit_report.h"
#include "ledger-client/core/bytes.h"
#include "tests/fuzz/require.h"

using namespace edge;

namespace {

// Nothing of the row's texts may open a tag, or turn what stands behind it.
void check_page(std::string_view html) {
  constexpr std::array<std::string_view, 14> kTags{"tr",
                                                   "tr class=\"refused\"",
                                                   "th scope=\"row\"",
                                                   "td",
                                                   "p",
                                                   "bdi",
                                                   "small",
                                                   "strong",
                                                   "br",
                                                   "/tr",
                                                   "/th",
                                                   "/td",
                                                   "/p",
                                                   "/bdi"};
  constexpr std::array<std::string_view, 2> kMoreTags{"/small", "/strong"};
  for (std::size_t at = html.find('<'); at != html.npos; at = html.find('<', at + 1)) {
    const auto tag = html.substr(at + 1, html.find('>', at) - at - 1);
    FUZZ_REQUIRE(std::find(kTags.begin(), kTags.end(), tag) != kTags.end() ||
                 std::find(kMoreTags.begin(), kMoreTags.end(), tag) != kMoreTags.end());
  }
  for (const char* turn :
       {"\u202A", "\u202B", "\u202D", "\u202E", "\u2066", "\u2067", "\u2068", "\u200F", "\u061C"})
    FUZZ_REQUIRE(html.find(turn) == html.npos);
  FUZZ_REQUIRE(html.find('\x1b') == html.npos);
}

}  // namespace

// A row of the audit trail, whatever the names and reasons in it: one line of JSON, an AuditEvent with what
// every AuditEvent must have, a row of a page that runs nothing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = ledger::as_text({data, size});
  const auto record = fhir::read_record(text);
  if (!record) return 0;
  const std::string line = fhir::write_record(*record);
  FUZZ_REQUIRE(line.find('\n') == line.npos);
  const auto again = fhir::read_record(line);
  FUZZ_REQUIRE(again && fhir::write_record(*again) == line);
  const std::string event = fhir::audit_event(*record);
  FUZZ_REQUIRE(event.find('\n') == event.npos);
  const auto parsed = nlohmann::json::parse(event);
  for (const char* member : {"type", "recorded", "agent", "source"}) FUZZ_REQUIRE(parsed.contains(member));
  FUZZ_REQUIRE(parsed.at("source").contains("observer"));
  for (const auto& agent : parsed.at("agent")) FUZZ_REQUIRE(agent.at("requestor").is_boolean());
  check_page(fhir::report_row(*record, {"2026-11-22 09:00:00 CET", ledger::format_time(record->time)}));
  return 0;
}
