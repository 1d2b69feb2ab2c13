#include "ledger-client/core/checkpoint.h"
#include "tests/fuzz/require.h"

// A parsed note is text, empty line and lines as they were; a checkpoint without extensions has one text; a
// key has one text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = ledger::as_text({data, size});
  if (const auto note = ledger::parse_note(text)) {
    std::string again = note->text + "\n";
    for (const auto& signature : note->signatures) again += signature.line;
    FUZZ_REQUIRE(again == text);
    FUZZ_REQUIRE(!note->signatures.empty());
  }
  if (const auto checkpoint = ledger::parse_checkpoint(text)) {
    FUZZ_REQUIRE(text.starts_with(checkpoint->to_text()));
    FUZZ_REQUIRE(ledger::parse_checkpoint(checkpoint->to_text()).value() == *checkpoint);
  }
  if (const auto key = ledger::NoteKey::from_vkey(text)) FUZZ_REQUIRE(key->to_vkey() == text);
  ledger::NoteKey stranger{"ehr/10-20-0-5", ledger::NoteKeyType::kEd25519, {}};
  stranger.key.bytes.fill(0x42);
  FUZZ_REQUIRE(!ledger::open_checkpoint(text, stranger).ok());
  return 0;
}
