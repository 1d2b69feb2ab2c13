#include "ledger-client/core/base64.h"
#include "ledger-client/core/jws.h"
#include "tests/fuzz/require.h"

// Nobody can sign for this key, so nothing may verify; and what is taken apart is what was given.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = ledger::as_text({data, size});
  ledger::PublicKey key;
  key.bytes.fill(0x42);
  if (const auto jws = ledger::parse_jws(text, 1 << 16)) {
    FUZZ_REQUIRE(!jws->kid.empty());
    FUZZ_REQUIRE(std::string{jws->signing_input} + "." + ledger::base64url_encode(jws->signature) == text);
    FUZZ_REQUIRE(!ledger::verify_jws(*jws, key).ok());
  }
  if (const auto jws = ledger::parse_detached_jws(text, 1 << 16)) {
    FUZZ_REQUIRE(jws->protected_base64url + ".." + ledger::base64url_encode(jws->signature) == text);
    FUZZ_REQUIRE(!ledger::verify_detached_jws(*jws, "payload", key));
  }
  return 0;
}
