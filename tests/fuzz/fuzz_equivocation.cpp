#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/equivocation.h"
#include "tests/fuzz/require.h"

// What is read is canonical JSON by the general reader's judgement, and is written the same; and a key that
// signed nothing convicts nobody.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = ledger::as_text({data, size});
  const auto proof = ledger::parse_equivocation(text);
  if (!proof) return 0;
  FUZZ_REQUIRE(ledger::encode_equivocation(*proof) == text);
  const auto canonical = ledger::canonicalize(text);
  FUZZ_REQUIRE(canonical.ok() && canonical.value() == text);
  ledger::NoteKey stranger{ledger::accused_origin(*proof), ledger::NoteKeyType::kEd25519, {}};
  stranger.key.bytes.fill(0x42);
  FUZZ_REQUIRE(!ledger::check_equivocation(*proof, {&stranger, 1}).ok());
  return 0;
}
