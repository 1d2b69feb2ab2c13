#include "agent/core/ledger_query.h"
#include "tests/fuzz/require.h"

using namespace edge;

namespace {

// What was read has one written form, which reads the same again.
template <class Parse, class Encode>
void check(std::string_view text, const Parse& parse, const Encode& encode) {
  const auto value = parse(text);
  if (!value) {
    FUZZ_REQUIRE(!value.error().reason.empty());
    return;
  }
  const std::string written = encode(*value);
  const auto again = parse(written);
  FUZZ_REQUIRE(again.ok());
  FUZZ_REQUIRE(*again == *value);
  FUZZ_REQUIRE(encode(*again) == written);
}

}  // namespace

// Params and answers about ledgers, of whichever operation.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = ledger::as_text({data, size});
  const auto params = [](const auto& query) { return encode_params(query); };
  const auto answer = [](const auto& value) { return encode_answer(value); };
  check(text, parse_ledger_range, params);
  check(text, parse_ledger_proof, params);
  check(text, parse_cosign, params);
  check(text, parse_ledger_range_answer, answer);
  check(text, parse_ledger_proof_answer, answer);
  check(text, parse_cosign_answer, answer);
  if (const auto query = parse_ledger_range(text))
    FUZZ_REQUIRE(query->count >= 1 && query->count <= kMaxRangeEntries);
  if (const auto query = parse_ledger_proof(text)) FUZZ_REQUIRE(query->old_size <= query->size);
  if (const auto range = parse_ledger_range_answer(text)) {
    FUZZ_REQUIRE(range->lines.size() <= kMaxRangeEntries);
    for (const auto& line : range->lines) FUZZ_REQUIRE(!line.empty() && line.find('\n') == line.npos);
  }
  return 0;
}
