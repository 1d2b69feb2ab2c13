#include "ledger-client/cli/policy.h"
#include "ledger-client/core/proof_file.h"
#include "tests/fuzz/require.h"

// Offline proofs, which anybody hands to an auditor, and the policies that say who is trusted: a proof has
// one text for what it says, and a quorum that nobody has signed is met only where none is asked for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = ledger::as_text({data, size});
  if (const auto proof = ledger::parse_proof_file(text)) {
    const std::string written = ledger::encode_proof_file(*proof);
    const auto again = ledger::parse_proof_file(written);
    FUZZ_REQUIRE(again.ok());
    FUZZ_REQUIRE(again->extra == proof->extra && again->index == proof->index);
    FUZZ_REQUIRE(again->inclusion == proof->inclusion && again->note == proof->note);
    FUZZ_REQUIRE(ledger::encode_proof_file(*again) == written);
  }
  if (const auto policy = ledger::cli::parse_policy(text))
    FUZZ_REQUIRE(policy->quorum_met({}) == (policy->quorum == "none"));
  return 0;
}
