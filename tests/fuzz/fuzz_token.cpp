#include <dlfcn.h>

#include <stdexcept>

#include "agent/adapters/token_signer.h"
#include "tests/fuzz/require.h"
#include "tests/fuzz/token_module.h"

namespace {

TokenAnswers answers() {
  edge::initialise_cryptography();
  void* const module = ::dlopen(EHR_FUZZ_TOKEN, RTLD_NOW | RTLD_LOCAL);
  FUZZ_REQUIRE(module != nullptr);
  auto* const function = reinterpret_cast<TokenAnswers>(::dlsym(module, kTokenAnswersFunction));
  FUZZ_REQUIRE(function != nullptr);
  return function;
}

}  // namespace

// Whatever a module answers: a failure in words, or a signature that verifies under the key it showed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TokenAnswers kAnswers = answers();
  kAnswers(data, size);
  const std::string message = "what is to be signed";
  try {
    const auto signer = edge::open_token_signer(
        {"pkcs11:token=fuzz;object=sign-1?module-path=" + std::string(EHR_FUZZ_TOKEN), {}});
    for (int i = 0; i < 2; ++i) {
      const auto signature = signer->sign(ledger::as_bytes(message));
      FUZZ_REQUIRE(ledger::verify_ed25519(signer->public_key(), ledger::as_bytes(message), signature));
    }
  } catch (const std::runtime_error&) {
  }
  kAnswers(nullptr, 0);
  return 0;
}
