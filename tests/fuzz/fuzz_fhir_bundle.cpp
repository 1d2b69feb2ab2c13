#include "agent/core/fhir/document_check.h"
#include "agent/core/fhir/render.h"
#include "ledger-client/core/canonical_json.h"
#include "tests/fuzz/require.h"

// A Bundle that passes is strict JSON, its canonical form is canonical, and it can be shown.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = ledger::as_text({data, size});
  const auto checked = edge::fhir::check_bundle(text);
  const auto html = edge::fhir::render_html(text);
  if (html) FUZZ_REQUIRE(html->find("<script") == std::string::npos);
  (void)edge::fhir::render_text(text);
  if (!checked) return 0;
  FUZZ_REQUIRE(html.ok());
  const auto again = ledger::canonicalize(checked->canonical, {64U << 20U, 128});
  FUZZ_REQUIRE(again.ok() && *again == checked->canonical);
  return 0;
}
