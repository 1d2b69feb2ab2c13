#include <nlohmann/json.hpp>

#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/entry_rules.h"
#include "tests/fuzz/require.h"

namespace {

// One pass over a line says what two say, whatever the line is.
void require_one_pass(std::string_view line, const ledger::Result<ledger::Entry>& entry) {
  ledger::ChainState twice = ledger::chain_start(entry ? entry->origin : "ehr/10-20-0-5");
  if (entry) {
    twice.next_index = entry->index;
    twice.prev = entry->prev;
  }
  ledger::ChainState once = twice;
  const auto followed = ledger::follow_chain_view(twice, line);
  const auto judged = ledger::follow_and_judge(once, line);
  FUZZ_REQUIRE(followed.ok() == judged.ok() && once.next_index == twice.next_index);
  if (!judged) {
    FUZZ_REQUIRE(followed.error().reason == judged.error().reason);
    return;
  }
  const auto judgement = ledger::judge_entry(*followed);
  FUZZ_REQUIRE(judged->entry.body == followed->body && judged->entry.type == followed->type);
  FUZZ_REQUIRE(judged->judgement.meaning == judgement.meaning &&
               judged->judgement.reason == judgement.reason);
}

}  // namespace

// What the scanner takes is canonical JSON by the general reader's judgement, and writing it again gives the
// same bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line = ledger::as_text({data, size});
  const auto entry = ledger::parse_entry(line);
  require_one_pass(line, entry);
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
