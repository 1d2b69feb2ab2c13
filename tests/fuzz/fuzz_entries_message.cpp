#include <algorithm>

#include "agent/core/federation_query.h"
#include "ledger-client/core/entries_message.h"
#include "tests/fuzz/require.h"

namespace {

// Written again, a message holds what was read of it: nothing is lost or invented. Its first line may be
// spelt in several ways, the entries may not.
void check_entries(std::string_view text) {
  const auto origin = ledger::entries_message_origin(text);
  const auto message = ledger::decode_entries_message(text);
  if (!message) {
    FUZZ_REQUIRE(!message.error().reason.empty());
    return;
  }
  FUZZ_REQUIRE(origin == message->origin);
  FUZZ_REQUIRE(!message->lines.empty() && text.size() <= ledger::limits::kEntriesMessageBytes);
  const auto written = ledger::encode_entries_messages(*message);
  FUZZ_REQUIRE(!written.empty());
  const auto rest = [](std::string_view one) { return one.substr(one.find('\n')); };
  std::string entries(rest(written.front()));
  for (std::size_t i = 1; i < written.size(); ++i) entries += rest(written[i]).substr(1);
  FUZZ_REQUIRE(entries == rest(text));
  const auto again = ledger::decode_entries_message(written.front());
  FUZZ_REQUIRE(again.ok() && again->origin == message->origin && again->from == message->from);
  FUZZ_REQUIRE(again->frontier == message->frontier);
}

// Versions of the federation document, as a peer answers them.
void check_versions(std::string_view text) {
  if (const auto query = edge::parse_federation_range(text)) {
    FUZZ_REQUIRE(query->count >= 1 && query->count <= edge::kMaxFederationVersions);
    const auto again = edge::parse_federation_range(edge::encode_params(*query));
    FUZZ_REQUIRE(again.ok() && *again == *query);
  }
  if (const auto versions = edge::parse_federation_versions(text)) {
    FUZZ_REQUIRE(versions->size() <= edge::kMaxFederationVersions);
    const auto again = edge::parse_federation_versions(edge::encode_federation_versions(*versions));
    FUZZ_REQUIRE(again.ok() && *again == *versions);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = ledger::as_text({data, size});
  check_entries(text);
  check_versions(text);
  return 0;
}
