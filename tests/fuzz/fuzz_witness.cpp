#include "ledger-client/core/witness.h"
#include "tests/fuzz/require.h"

namespace {

// The log that signed the seeds: Ed25519 of the seed 0101…01.
ledger::NoteKey log_key() {
  ledger::NoteKey key{"ehr/10-20-0-5", ledger::NoteKeyType::kEd25519, {}};
  const auto bytes = ledger::from_hex("8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c");
  std::copy(bytes->begin(), bytes->end(), key.key.bytes.begin());
  return key;
}

}  // namespace

// A body that is read is written the same; what is accepted really is signed by the log and nothing else is
// on the note that is stored; nobody but a known log gets as far.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using ledger::WitnessStatus;
  static const ledger::NoteKey kKey = log_key();
  const std::string_view body = ledger::as_text({data, size});
  const auto request = ledger::parse_add_checkpoint(body);
  if (request) FUZZ_REQUIRE(ledger::encode_add_checkpoint(*request) == body);
  const auto verdict = ledger::judge_add_checkpoint(
      body,
      [](const std::string& origin) {
        return origin == kKey.name ? std::vector{kKey} : std::vector<ledger::NoteKey>{};
      },
      [](const std::string&) { return std::optional<ledger::WitnessRecord>{}; }, "ehr/10-20-0-6/witness");
  const bool accepted = verdict.status == WitnessStatus::kAccepted;
  FUZZ_REQUIRE(request.ok() || verdict.status == WitnessStatus::kMalformed);
  FUZZ_REQUIRE(accepted == verdict.reason.empty());
  FUZZ_REQUIRE(accepted == verdict.checkpoint.has_value());
  FUZZ_REQUIRE(!accepted || request->old_size == 0);
  const std::string& stored = accepted ? verdict.clean_note : verdict.refused_note;
  if (stored.empty()) return 0;
  FUZZ_REQUIRE(ledger::open_checkpoint(stored, kKey).ok());
  FUZZ_REQUIRE(ledger::parse_note(stored)->signatures.size() == 1);
  return 0;
}
