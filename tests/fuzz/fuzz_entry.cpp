#include <nlohmann/json.hpp>

#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/entry_rules.h"
#include "tests/fuzz/require.h"

// What the scanner takes is canonical JSON by the general reader's judgement, and writing it again gives the
// same bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line = ledger::as_text({data, size});
  const auto entry = ledger::parse_entry(line);
  if (!entry) return 0;
  FUZZ_REQUIRE(ledger::encode_entry(*entry) == line);
  const auto canonical = ledger::canonicalize(line);
  FUZZ_REQUIRE(canonical.ok() && canonical.value() == line);
  const auto judgement = ledger::judge_entry(*entry);
  FUZZ_REQUIRE((judgement.meaning == ledger::Meaning::kVoid) == !judgement.reason.empty());
  if (const auto issued = ledger::decode_bundle_issued(*entry)) {
    FUZZ_REQUIRE(judgement.meaning == ledger::Meaning::kEffective);
    FUZZ_REQUIRE(ledger::encode_body(*issued) == entry->body);
  }
  if (const auto peer = ledger::decode_peer_checkpoint(*entry))
    FUZZ_REQUIRE(ledger::encode_body(*peer) == entry->body);
  if (const auto proof = ledger::decode_equivocation(*entry))
    FUZZ_REQUIRE(ledger::encode_body(*proof) == entry->body);
  if (const auto retired = ledger::decode_origin_retired(*entry))
    FUZZ_REQUIRE(ledger::encode_body(*retired) == entry->body);
  return 0;
}
