#include <nlohmann/json.hpp>

#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/canonical_scan.h"
#include "tests/fuzz/require.h"

// Two independent readers agree on what is JSON and on its canonical text, and the scanner takes exactly the
// canonical texts.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = ledger::as_text({data, size});
  const auto streamed = ledger::canonicalize(text);
  const auto parsed = ledger::parse_json(text);
  FUZZ_REQUIRE(streamed.ok() == parsed.ok());
  if (!streamed) return 0;
  FUZZ_REQUIRE(streamed.value() == ledger::canonical_json(*parsed));
  const auto again = ledger::canonicalize(streamed.value());
  FUZZ_REQUIRE(again.ok() && again.value() == streamed.value());
  ledger::CanonicalScan whole(streamed.value());
  FUZZ_REQUIRE(whole.value(64) && whole.at_end());
  ledger::CanonicalScan original(text);
  const bool taken = original.value(64) && original.at_end();
  FUZZ_REQUIRE(taken == (text == streamed.value()));
  return 0;
}
