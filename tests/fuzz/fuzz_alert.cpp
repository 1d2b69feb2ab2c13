#include "ledger-client/core/alert.h"
#include "ledger-client/core/canonical_json.h"
#include "tests/fuzz/require.h"

// What is read is canonical JSON by the general reader's judgement, and is written the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = ledger::as_text({data, size});
  const auto alert = ledger::parse_alert(text);
  if (!alert) return 0;
  FUZZ_REQUIRE(ledger::encode_alert(*alert) == text);
  const auto canonical = ledger::canonicalize(text);
  FUZZ_REQUIRE(canonical.ok() && canonical.value() == text);
  return 0;
}
