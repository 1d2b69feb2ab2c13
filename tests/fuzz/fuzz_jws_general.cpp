#include "ledger-client/core/base64.h"
#include "ledger-client/core/federation_document.h"
#include "tests/fuzz/require.h"

// Nobody can sign for this key, so nothing may verify; what was accepted has one canonical text that is
// accepted too, and headers say nothing but who signs.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = ledger::as_text({data, size});
  ledger::PublicKey key;
  key.bytes.fill(0x42);
  const auto jws = ledger::parse_general_jws(text, ledger::kFederationTyp, 1 << 20, true);
  const auto signed_one = ledger::parse_general_jws(text, ledger::kFederationTyp, 1 << 20);
  FUZZ_REQUIRE(signed_one.ok() == (jws.ok() && !jws->signatures.empty()));
  if (!jws) return 0;
  FUZZ_REQUIRE(ledger::base64url_encode(ledger::as_bytes(jws->payload)) == jws->payload_base64url);
  for (const auto& signature : jws->signatures) {
    FUZZ_REQUIRE(!signature.kid.empty());
    FUZZ_REQUIRE(!ledger::verify_general_jws(*jws, signature, key));
  }
  const std::string again = ledger::encode_general_jws(*jws);
  const auto read = ledger::parse_general_jws(again, ledger::kFederationTyp, 2 << 20, true);
  FUZZ_REQUIRE(read.ok() && ledger::encode_general_jws(*read) == again);
  return 0;
}
