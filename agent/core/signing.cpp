#include "agent/core/signing.h"

#include <openssl/evp.h>
#include <sodium/crypto_sign_ed25519.h>

#include <stdexcept>

#include "ledger-client/core/base64.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/freed_by.h"

namespace edge {

namespace {

// Both libraries sign the same bytes: below this libsodium is faster (19 µs against 38 for an envelope),
// above it OpenSSL, whose SHA-512 uses more of the CPU.
constexpr std::size_t kShortMessage = 12 * 1024;

// Da Vinci CDex: the commitment the signer makes, as ASTM E1762 numbers it.
constexpr std::string_view kVerificationPurpose =
    R"("srCms":[{"commId":{"id":"1.2.840.10065.1.12.1.5","desc":"Verification Signature"}}])";

class Ed25519Signer final : public Signer {
 public:
  explicit Ed25519Signer(std::span<const std::uint8_t> seed)
      : key_(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size())) {
    std::size_t size = public_key_.bytes.size();
    if (!key_ || EVP_PKEY_get_raw_public_key(key_.get(), public_key_.bytes.data(), &size) != 1) {
      throw std::runtime_error("not an Ed25519 seed");
    }
    std::array<std::uint8_t, crypto_sign_ed25519_PUBLICKEYBYTES> same{};
    crypto_sign_ed25519_seed_keypair(same.data(), expanded_.reveal().data(), seed.data());
  }

  const ledger::PublicKey& public_key() const override { return public_key_; }

  ledger::Signature sign(ledger::ByteView message) const override {
    return message.size() <= kShortMessage ? sign_short(message) : sign_long(message);
  }

 private:
  ledger::Signature sign_short(ledger::ByteView message) const {
    ledger::Signature signature{};
    const auto* const key = expanded_.reveal().data();
    if (crypto_sign_ed25519_detached(signature.data(), nullptr, message.data(), message.size(), key) != 0)
      throw std::runtime_error("Ed25519 signing failed");
    return signature;
  }

  ledger::Signature sign_long(ledger::ByteView message) const {
    ledger::Signature signature{};
    std::size_t size = signature.size();
    const std::unique_ptr<EVP_MD_CTX, ledger::FreedBy<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
    if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1 ||
        size != signature.size()) {
      throw std::runtime_error("Ed25519 signing failed");
    }
    return signature;
  }

  std::unique_ptr<EVP_PKEY, ledger::FreedBy<EVP_PKEY_free>>
      key_;  // its private half lies in OpenSSL's secure heap
  Secret expanded_ = Secret(crypto_sign_ed25519_SECRETKEYBYTES);
  ledger::PublicKey public_key_;
};

void append_member(std::string& json, std::string_view name, std::string_view value) {
  json += json.empty() ? '{' : ',';
  ledger::append_json_string(json, name);
  json += ':';
  ledger::append_json_string(json, value);
}

// base64url(header) "." base64url(payload) in one buffer with room for the signature: payloads reach tens of
// megabytes.
std::string signing_input(std::string_view header, std::string_view payload) {
  constexpr std::size_t kSignatureRoom = 88;
  std::string input;
  input.reserve((header.size() + payload.size() + 4) / 3 * 4 + kSignatureRoom);
  ledger::base64url_append(input, ledger::as_bytes(header));
  input += '.';
  ledger::base64url_append(input, ledger::as_bytes(payload));
  return input;
}

}  // namespace

std::unique_ptr<Signer> make_ed25519_signer(const Secret& seed32) {
  return std::make_unique<Ed25519Signer>(seed32.reveal());
}

std::string sign_jws(const Signer& signer, std::string_view kid, std::string_view typ,
                     std::string_view payload) {
  std::string header;
  append_member(header, "alg", "EdDSA");
  append_member(header, "kid", kid);
  append_member(header, "typ", typ);
  header += '}';
  std::string jws = signing_input(header, payload);
  const ledger::Signature signature = signer.sign(ledger::as_bytes(jws));
  jws += '.';
  ledger::base64url_append(jws, signature);
  return jws;
}

std::string sign_detached_jws(const Signer& signer, std::string_view kid, std::string_view sig_t,
                              const std::vector<ledger::Bytes>& x5c_der, std::string_view payload) {
  std::string header;
  append_member(header, "alg", "EdDSA");
  append_member(header, "kid", kid);
  append_member(header, "sigT", sig_t);
  header += ',';
  header += kVerificationPurpose;
  if (!x5c_der.empty()) {
    header += R"(,"x5c":)";
    char before = '[';
    for (const ledger::Bytes& certificate : x5c_der) {
      header += before;
      header += '"' + ledger::base64_encode(certificate) + '"';
      before = ',';
    }
    header += ']';
  }
  header += '}';
  std::string jws = signing_input(header, payload);
  const ledger::Signature signature = signer.sign(ledger::as_bytes(jws));
  jws.resize(jws.find('.') + 1);  // the payload travels elsewhere
  jws += '.';
  ledger::base64url_append(jws, signature);
  return jws;
}

std::string sign_note(const Signer& signer, const ledger::NoteKey& key, std::string_view text) {
  return ledger::note_signature_line(key, signer.sign(ledger::as_bytes(text)));
}

std::string sign_cosignature(const Signer& signer, const ledger::NoteKey& witness, std::uint64_t timestamp,
                             std::string_view checkpoint_text) {
  const bool own_role =
      witness.type == ledger::NoteKeyType::kCosignatureV1 && witness.key == signer.public_key();
  if (!own_role || timestamp >> 63U)
    throw std::invalid_argument("sign_cosignature: not this signer's role, or no time");
  const std::string message = ledger::cosignature_message(timestamp, checkpoint_text);
  return ledger::cosignature_line(witness, timestamp, signer.sign(ledger::as_bytes(message)));
}

}  // namespace edge
