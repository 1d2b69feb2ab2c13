#include "agent/core/bundle_proof.h"
#include "tests/fuzz/require.h"

// What parses is written the same again, as far as it counts.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto proof = edge::parse_bundle_proof(ledger::as_text({data, size}));
  if (!proof) return 0;
  const auto again = edge::parse_bundle_proof(edge::encode_bundle_proof(*proof));
  FUZZ_REQUIRE(again.ok());
  FUZZ_REQUIRE(again->manifest == proof->manifest);
  FUZZ_REQUIRE(again->later.has_value() == proof->later.has_value());
  if (!proof->later) return 0;
  FUZZ_REQUIRE(again->later->index == proof->later->index);
  FUZZ_REQUIRE(again->later->inclusion == proof->later->inclusion);
  FUZZ_REQUIRE(again->later->extra == proof->later->extra);
  FUZZ_REQUIRE(again->later->note == proof->later->note);
  return 0;
}
