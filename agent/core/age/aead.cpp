#include "agent/core/age/aead.h"

#include <openssl/evp.h>

#include <stdexcept>

#include "ledger-client/core/freed_by.h"

namespace edge::age {

namespace {

void must(int ok) {
  if (ok != 1) {
    throw std::runtime_error("ChaCha20-Poly1305 of OpenSSL failed");
  }
}

// Looking an algorithm up costs more than sealing a small message, so it happens once.
const EVP_CIPHER* cipher() {
  static const EVP_CIPHER* const fetched = EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);
  return fetched;
}

}  // namespace

struct Aead::State {
  std::unique_ptr<EVP_CIPHER_CTX, ledger::FreedBy<EVP_CIPHER_CTX_free>> context{
      EVP_CIPHER_CTX_new()};  // freed, it wipes the key
};

Aead::Aead(std::span<const std::uint8_t, 32> key, Direction direction) : state_(std::make_unique<State>()) {
  must(EVP_CipherInit_ex2(state_->context.get(), cipher(), key.data(), nullptr,
                          direction == Direction::kSeal ? 1 : 0, nullptr));
}

Aead::~Aead() = default;

void Aead::seal(const Nonce& nonce, ledger::ByteView plaintext, std::uint8_t* out) {
  EVP_CIPHER_CTX* const context = state_->context.get();
  int written = 0;
  must(EVP_EncryptInit_ex2(context, nullptr, nullptr, nonce.data(), nullptr));
  if (!plaintext.empty()) {
    must(EVP_EncryptUpdate(context, out, &written, plaintext.data(), static_cast<int>(plaintext.size())));
  }
  must(EVP_EncryptFinal_ex(context, out + plaintext.size(), &written));
  must(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, out + plaintext.size()));
}

bool Aead::open(const Nonce& nonce, ledger::ByteView ciphertext, std::uint8_t* out) {
  if (ciphertext.size() < kTagBytes) {
    return false;
  }
  EVP_CIPHER_CTX* const context = state_->context.get();
  const ledger::ByteView sealed = ciphertext.first(ciphertext.size() - kTagBytes);
  std::array<std::uint8_t, kTagBytes> tag{};
  std::copy(ciphertext.end() - kTagBytes, ciphertext.end(), tag.begin());
  int written = 0;
  must(EVP_DecryptInit_ex2(context, nullptr, nullptr, nonce.data(), nullptr));
  must(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()));
  if (!sealed.empty()) {
    must(EVP_DecryptUpdate(context, out, &written, sealed.data(), static_cast<int>(sealed.size())));
  }
  std::array<std::uint8_t, kTagBytes> none{};
  return EVP_DecryptFinal_ex(context, none.data(), &written) == 1;
}

}  // namespace edge::age
