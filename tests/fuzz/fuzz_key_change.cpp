#include "agent/core/key_change.h"
#include "tests/fuzz/require.h"
#include "tests/support/two_agents.h"

using namespace edge;

// A payload a member signs, whatever it says: what is taken comes back as it was, and concerns that member.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto agents = test_support::make_two_agents();
  const auto now = *ledger::parse_time("2026-11-22T08:00:00.000Z");
  const auto self = agents.a.identity();
  const std::string_view payload = ledger::as_text({data, size});
  FUZZ_REQUIRE(!verify_key_change(payload, agents.federation, now).ok());  // nobody's
  const auto change = verify_key_change(sign_jws(*self.signer, self.kid, message_type::kKeyChange, payload),
                                        agents.federation, now);
  if (!change) return 0;
  FUZZ_REQUIRE(change->address == self.address && !change->keys.empty());
  const auto again = verify_key_change(sign_key_change(*change, self), agents.federation, now);
  FUZZ_REQUIRE(again.ok() && again->keys.size() == change->keys.size());
  return 0;
}
