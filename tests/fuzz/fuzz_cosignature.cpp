#include "ledger-client/core/cosignatures.h"
#include "tests/fuzz/require.h"
#include "tests/support/note_signer.h"

namespace {

using test_support::NoteSigner;

const NoteSigner kLog("ehr/10-20-0-5", ledger::NoteKeyType::kEd25519, 1);
const NoteSigner kWitness("ehr/10-20-0-6/witness", ledger::NoteKeyType::kCosignatureV1, 2);

std::string note_of(std::uint64_t size) {
  ledger::Hash root{};
  root.fill(static_cast<std::uint8_t>(size));
  const std::string text = ledger::Checkpoint{kLog.key.name, size, root}.to_text();
  return text + "\n" + kLog.line(text);
}

}  // namespace

// What anybody who may write on a cosignature topic says of a log: it counts only with the witness' own
// signature, of which the seeds hold one, and then for the checkpoint that was signed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line = ledger::as_text({data, size});
  ledger::Cosignatures cosignatures;
  for (const std::uint64_t tree : {3U, 8U})
    cosignatures.add_checkpoint(ledger::open_checkpoint(note_of(tree), kLog.key).value());
  const std::string before = cosignatures.newest();
  const std::string signed_line = kWitness.cosign(ledger::parse_note(note_of(8)).value().text, 1'700'000'000);
  const bool taken = cosignatures.take(line, kWitness.key);
  if (line == signed_line) FUZZ_REQUIRE(taken);
  const std::string_view bare = line.substr(0, line.find('\n'));
  FUZZ_REQUIRE(!taken || std::string_view(signed_line).starts_with(bare));
  FUZZ_REQUIRE(taken == cosignatures.witnessed(1).has_value());
  FUZZ_REQUIRE(taken || cosignatures.newest() == before);
  FUZZ_REQUIRE(!cosignatures.take(line, kWitness.key));  // once is enough
  const NoteSigner stranger("ehr/10-20-0-7/witness", ledger::NoteKeyType::kCosignatureV1, 3);
  FUZZ_REQUIRE(!ledger::Cosignatures().take(line, stranger.key));
  return 0;
}
