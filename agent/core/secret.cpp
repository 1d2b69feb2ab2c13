#include "agent/core/secret.h"

#include <openssl/crypto.h>
#include <sodium.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <stdexcept>
#include <utility>

namespace edge {

namespace {

// Room for a few hundred keys of OpenSSL's; a smallest block of 32 bytes is an Ed25519 seed.
constexpr std::size_t kOpensslSecureHeapBytes = 64 * 1024;
constexpr std::size_t kOpensslSecureBlockBytes = 32;

}  // namespace

Secret::Secret(std::size_t size) : size_(size) {
  if (size == 0) {
    return;
  }
  if (sodium_init() < 0) {
    throw std::runtime_error("libsodium could not be initialised");
  }
  data_ = static_cast<std::uint8_t*>(sodium_malloc(size));
  if (data_ == nullptr) {
    throw std::bad_alloc();
  }
  std::fill_n(data_, size, std::uint8_t{0});
}

Secret::Secret(std::span<const std::uint8_t> bytes) : Secret(bytes.size()) {
  std::copy(bytes.begin(), bytes.end(), data_);
}

Secret::~Secret() {
  sodium_free(data_);
}  // wipes first

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Secret random_secret(std::size_t size) {
  Secret secret(size);
  randombytes_buf(secret.reveal().data(), size);
  return secret;
}

void wipe(std::span<std::uint8_t> bytes) noexcept {
  sodium_memzero(bytes.data(), bytes.size());
}

void initialise_cryptography() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (sodium_init() < 0) {
      throw std::runtime_error("libsodium could not be initialised");
    }
    // 2 means that the heap exists but could not be locked (RLIMIT_MEMLOCK), which sodium_malloc tolerates
    // too.
    if (CRYPTO_secure_malloc_initialized() == 0 &&
        CRYPTO_secure_malloc_init(kOpensslSecureHeapBytes, kOpensslSecureBlockBytes) == 0) {
      throw std::runtime_error("OpenSSL's secure heap could not be initialised");
    }
  });
}

}  // namespace edge
