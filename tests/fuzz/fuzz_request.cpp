#include <nlohmann/json.hpp>

#include "agent/core/request.h"
#include "tests/fuzz/require.h"
#include "tests/support/two_agents.h"

using namespace edge;

namespace {
const ledger::TimePoint kNow = *ledger::parse_time("2026-11-22T08:00:00.000Z");
constexpr const char* kId = "0193a5d0-7c1e-7abc-8def-0123456789ab";
}  // namespace

// A payload a member signs, whatever it says: only a request of this sender for us, in time, is verified, and
// what was read can be written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto agents = test_support::make_two_agents();
  const auto b = agents.b.identity();
  const RequestArrival arrival{agents.b.address, kId, ""};
  const RequestPolicy policy{agents.a.address};
  const auto verify = [&](const std::string& jws) {
    return verify_request(jws, arrival, agents.federation, policy, kNow);
  };
  const std::string_view payload = ledger::as_text({data, size});
  // The same bytes as a JWS of nobody's.
  FUZZ_REQUIRE(std::holds_alternative<Dropped>(verify(std::string(payload))));
  const auto outcome = verify(sign_jws(*b.signer, b.kid, message_type::kRequest, payload));
  if (const auto* refused = std::get_if<RefusedRequest>(&outcome)) {
    FUZZ_REQUIRE(refused->sender != nullptr && refused->envelope.id == kId);
    FUZZ_REQUIRE(refused->envelope.from == agents.b.address && !refused->refusal.reason.empty());
  }
  const auto* verified = std::get_if<VerifiedRequest>(&outcome);
  if (verified == nullptr) return 0;
  const Request& request = verified->request();
  FUZZ_REQUIRE(request.envelope.from == agents.b.address && request.envelope.to == agents.a.address);
  FUZZ_REQUIRE(request.expires > request.envelope.issued);
  FUZZ_REQUIRE(about_patient(request.operation) != request.query.patient.value.empty());
  FUZZ_REQUIRE(about_ledger(request.operation) != request.params.empty());
  const std::string written = sign_request(request, b);
  const auto again = verify(written);
  FUZZ_REQUIRE(std::holds_alternative<VerifiedRequest>(again));
  FUZZ_REQUIRE(sign_request(std::get<VerifiedRequest>(again).request(), b) == written);
  return 0;
}
