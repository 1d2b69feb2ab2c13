#include "agent/adapters/token_signer.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "agent/adapters/secret_file.h"
#include "agent/adapters/token_session.h"

namespace edge {

namespace {

// What may be said about a token: not the query, which may name a PIN.
std::string shown(const std::string& uri) {
  return uri.substr(0, uri.find('?'));
}

Secret read_pin(const std::filesystem::path& file) {
  if (file.empty()) return {};
  const Secret text = read_secret_file(file);
  auto pin = text.reveal();
  while (!pin.empty() && (pin.back() == '\n' || pin.back() == '\r')) pin = pin.first(pin.size() - 1);
  return Secret(pin);
}

class TokenSigner final : public Signer {
 public:
  explicit TokenSigner(TokenKey key) : key_(std::move(key)), pin_(read_pin(key_.pin_file)) {
    try {
      session_ = std::make_unique<TokenSession>(key_.uri, pin_);
      public_key_ = session_->public_key();
    } catch (const std::runtime_error& error) {
      throw UnusableKey(shown(key_.uri) + ": " + error.what());
    }
  }

  const ledger::PublicKey& public_key() const override { return public_key_; }

  ledger::Signature sign(ledger::ByteView message) const override {
    const std::lock_guard lock(mutex_);
    try {
      const auto signature = session_ ? sign_once_or_again(message) : sign_with_new_session(message);
      tell({});
      return signature;
    } catch (const std::runtime_error& error) {
      session_.reset();  // the next call looks for the token anew
      const std::string fault = shown(key_.uri) + ": " + error.what();
      tell(fault);
      throw UnusableKey(fault);
    }
  }

  std::string fault() const override {
    const std::lock_guard lock(fault_mutex_);
    return fault_;
  }

 private:
  void tell(const std::string& fault) const {
    const std::lock_guard lock(fault_mutex_);
    fault_ = fault;
  }

  ledger::Signature checked(ledger::ByteView message) const {
    const ledger::Signature signature = session_->sign(message);
    if (!ledger::verify_ed25519(public_key_, message, signature))
      throw std::runtime_error("the token's signature does not verify");
    return signature;
  }

  // A session that was open may have died with a token that is back already.
  ledger::Signature sign_once_or_again(ledger::ByteView message) const {
    try {
      return checked(message);
    } catch (const std::runtime_error&) {
      return sign_with_new_session(message);
    }
  }

  ledger::Signature sign_with_new_session(ledger::ByteView message) const {
    session_.reset();  // before the new one: a module is initialised once in a process
    session_ = std::make_unique<TokenSession>(key_.uri, pin_);
    if (session_->public_key() != public_key_)
      throw std::runtime_error("the token holds another key than before");
    return checked(message);
  }

  TokenKey key_;
  Secret pin_;
  ledger::PublicKey public_key_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<TokenSession> session_;
  mutable std::mutex fault_mutex_;  // apart: who asks waits for no token
  mutable std::string fault_;
};

}  // namespace

ledger::Result<std::string> token_key_id(const std::string& uri) {
  constexpr std::string_view kScheme = "pkcs11:", kObject = "object=", kUse = "sign-";
  const ledger::Problem problem{"not a pkcs11: URI with object=sign-N"};
  std::string_view path = uri;
  if (!path.starts_with(kScheme)) return problem;
  if (path.find("pin-value=") != std::string_view::npos)
    return ledger::Problem{"a PIN does not belong in a URI; keys.sign_pin names its file"};
  path = path.substr(kScheme.size(), path.find('?') - kScheme.size());
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find(';'));
    path.remove_prefix(std::min(part.size() + 1, path.size()));
    if (!part.starts_with(kObject)) continue;
    const std::string_view id = part.substr(kObject.size());
    const std::string_view number = id.starts_with(kUse) ? id.substr(kUse.size()) : std::string_view{};
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (number.empty() || number.size() > 6 || number.front() == '0' ||
        !std::all_of(number.begin(), number.end(), digit))
      return problem;
    return std::string(id);
  }
  return problem;
}

std::unique_ptr<Signer> open_token_signer(const TokenKey& key) {
  return std::make_unique<TokenSigner>(key);
}

}  // namespace edge
