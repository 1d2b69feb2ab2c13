#include "agent/adapters/certificates.h"
#include "agent/adapters/key_files.h"
#include "tests/fuzz/require.h"

// Certificates that strangers put beside a signature: facts of exactly one key and address, and no trust.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ledger::Bytes der(data, data + size);
  (void)edge::certificate_facts(der);
  const std::filesystem::path authority = EHR_FUZZ_AUTHORITY;  // it has signed nothing
  const ledger::TimePoint at{};
  FUZZ_REQUIRE(!edge::verify_certificate({der}, authority, at));
  FUZZ_REQUIRE(!edge::verify_certificate({der, der}, authority, at));
  return 0;
}
