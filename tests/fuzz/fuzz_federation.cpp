#include "ledger-client/core/federation.h"
#include "tests/fuzz/require.h"

// What is accepted holds only keys that can be used, and finds every member by its address.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto federation = ledger::parse_federation(ledger::as_text({data, size}));
  if (!federation) {
    FUZZ_REQUIRE(federation.error().reason.starts_with("federation: "));
    return 0;
  }
  for (const auto& member : federation->members) {
    FUZZ_REQUIRE(federation->find(member.address) == &member);
    for (const auto& key : member.keys) {
      if (key.use == ledger::KeyUse::kSign)
        FUZZ_REQUIRE(member.sign_key(key.id, key.from).has_value() != key.revocation.has_value());
      if (key.use == ledger::KeyUse::kLog) FUZZ_REQUIRE(member.log_key().has_value());
      if (key.use == ledger::KeyUse::kWitness) FUZZ_REQUIRE(member.witness_key().has_value());
    }
  }
  return 0;
}
