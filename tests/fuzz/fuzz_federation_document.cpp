#include "ledger-client/core/federation_draft.h"
#include "ledger-client/core/federation_history.h"
#include "ledger-client/core/sha256.h"
#include "tests/fuzz/require.h"

// What is opened has a canonical payload that hashes to what it says and enough signatures of its own admins;
// it is known to the history it begins, and follows nothing. A draft's text comes back as it is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = ledger::as_text({data, size});
  if (const auto document = ledger::open_first(text, std::nullopt)) {
    FUZZ_REQUIRE(ledger::sha256(document->payload()) == document->sha256());
    FUZZ_REQUIRE(2 * document->federation().threshold > document->federation().admins.size());
    FUZZ_REQUIRE(ledger::open_first(text, document->sha256()).ok());
    FUZZ_REQUIRE(!ledger::verify_successor(*document, text).ok());
    ledger::FederationHistory history(*document);
    FUZZ_REQUIRE(history.offer(text).fate == ledger::FederationFate::kKnown);
  }
  if (const auto draft = ledger::parse_draft(text)) {
    const auto again = ledger::parse_draft(ledger::encode_draft(*draft));
    FUZZ_REQUIRE(again.ok());
    FUZZ_REQUIRE(ledger::encode_draft(*again) == ledger::encode_draft(*draft));
    (void)ledger::judge_draft(nullptr, *draft, draft->expires);
  }
  return 0;
}
