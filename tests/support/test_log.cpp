#include "tests/support/test_log.h"

#include <sodium.h>

#include <cstdio>

#include "ledger-client/core/entry_rules.h"
#include "ledger-client/core/sha256.h"

namespace test_support {

LogKey::LogKey(std::string origin, const std::string& seed_text) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium");
  const auto seed = ledger::sha256(seed_text);
  crypto_sign_seed_keypair(key_.key.bytes.data(), secret_.data(), seed.data());
  key_.name = std::move(origin);
}

std::string LogKey::sign(const std::string& checkpoint_text) const {
  ledger::Signature signature{};
  const auto message = ledger::as_bytes(checkpoint_text);
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret_.data());
  return ledger::note_signature_line(key_, signature);
}

WitnessKey::WitnessKey(std::string name, const std::string& seed_text) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium");
  const auto seed = ledger::sha256(seed_text);
  crypto_sign_seed_keypair(key_.key.bytes.data(), secret_.data(), seed.data());
  key_.name = std::move(name);
  key_.type = ledger::NoteKeyType::kCosignatureV1;
}

std::string WitnessKey::cosign(std::uint64_t timestamp, const std::string& checkpoint_text) const {
  const auto text = ledger::cosignature_message(timestamp, checkpoint_text);
  const auto message = ledger::as_bytes(text);
  std::array<std::uint8_t, 8 + 64> blob{};
  for (std::size_t i = 0; i < 8; ++i) blob[i] = static_cast<std::uint8_t>(timestamp >> (8 * (7 - i)));
  crypto_sign_detached(blob.data() + 8, nullptr, message.data(), message.size(), secret_.data());
  return ledger::note_signature_line(key_, blob);
}

ledger::JournalOptions journal_options(const std::filesystem::path& directory, const LogKey& key) {
  ledger::JournalOptions options;
  options.database = directory / "agent.db";
  options.guard = directory / "guard";
  options.origin = key.key().name;
  options.sign = [key](const std::string& text) { return key.sign(text); };
  options.now = [] { return ledger::parse_time("2026-11-22T08:00:00.000Z").value(); };
  return options;
}

ledger::NewEntry issued(std::uint64_t number) {
  char request[40];
  std::snprintf(request, sizeof request, "018f3a3a-0000-7000-8000-%012llx",
                static_cast<unsigned long long>(number));
  ledger::BundleIssued body;
  body.request = request;
  body.to = "10.20.0.6";
  body.purpose = "TREAT";
  body.ciphertext_sha256 = ledger::sha256("ciphertext " + std::to_string(number));
  body.merkle_root = ledger::sha256("tree " + std::to_string(number));
  body.size = 1000 + number;
  body.plaintext_commitment = ledger::sha256("plaintext " + std::to_string(number));
  body.patient_commitment = ledger::sha256("patient " + std::to_string(number));
  return {std::string(ledger::entry_type::kBundleIssued), ledger::encode_body(body),
          "10.20.0.6 " + body.request};
}

}  // namespace test_support
