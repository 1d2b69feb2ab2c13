#include "agent/core/approval.h"
#include "ledger-client/core/entry_rules.h"
#include "tests/fuzz/require.h"

// A motion, a vote and a motion's file have one text each; nobody can sign for this key; and a vote that an
// entry holds is on the motion the entry repeats.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = ledger::as_text({data, size});
  if (const auto motion = ledger::parse_motion(text)) FUZZ_REQUIRE(ledger::encode_motion(*motion) == text);
  if (const auto vote = ledger::parse_vote(text)) {
    ledger::PublicKey key;
    key.bytes.fill(0x42);
    FUZZ_REQUIRE(ledger::encode_vote(*vote) == text);
    FUZZ_REQUIRE(!ledger::verify_vote(*vote, key));
  }
  if (const auto file = edge::parse_motion_file(text)) {
    const std::string again = edge::encode_motion_file(*file);
    FUZZ_REQUIRE(edge::encode_motion_file(*edge::parse_motion_file(again)) == again);
  }
  ledger::Entry entry;
  entry.origin = "ehr/10-20-0-5";
  entry.type = ledger::entry_type::kVote;
  entry.body = text;
  if (const auto cast = ledger::decode_vote(entry)) {
    FUZZ_REQUIRE(ledger::encode_body(*cast) == text);
    FUZZ_REQUIRE(ledger::motion_sha256(cast->motion) == cast->vote.motion);
    FUZZ_REQUIRE(ledger::verify_vote(cast->vote, cast->key));
  }
  return 0;
}
