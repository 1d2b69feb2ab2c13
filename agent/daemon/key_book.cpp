#include "agent/daemon/key_book.h"

#include <algorithm>

#include "agent/daemon/log.h"
#include "ledger-client/core/base64.h"

namespace edge {

using ledger::KeyUse;

namespace {

constexpr std::chrono::seconds kLookPause{1};

// In the place of a key that may not sign any more and has no successor.
class NoSigner final : public Signer {
 public:
  const ledger::PublicKey& public_key() const override { return nobody_; }
  ledger::Signature sign(ledger::ByteView) const override { throw Unavailable(fault()); }
  std::string fault() const override {
    return "this agent has no signing key: the one it had is revoked, and the federation document lists no "
           "other that it holds";
  }

 private:
  ledger::PublicKey nobody_{};
};
const NoSigner kNoSigner;

}  // namespace

KeyBook::KeyBook(const Config& config, std::function<ledger::TimePoint()> now)
    : config_(config), address_(*config.agent.address), now_(std::move(now)) {
  KeyRing ring =
      load_keys(config.keys.dir, address_, token_key(config.keys.sign_token, config.keys.sign_pin));
  log_ = std::move(ring.log);
  sign_.push_back(std::move(ring.sign));
  for (age::Identity& identity : ring.age) age_.push_back(std::move(identity));
  look_again(true);
}

bool KeyBook::look_again(bool at_once) {
  const auto now = std::chrono::steady_clock::now();
  std::vector<SignKey> sign;
  std::vector<LogKey> witness;
  std::vector<age::Identity> age;
  {
    const std::lock_guard lock(mutex_);
    if (!at_once && looked_ != decltype(looked_){} && now - looked_ < kLookPause) return false;
    looked_ = now;
  }
  try {
    // The token has one key and its certificate; to open it again for each look would cost its session.
    if (config_.keys.sign_token.empty()) sign = load_sign_keys(config_.keys.dir, address_);
    witness = load_witness_keys(config_.keys.dir, address_);
    age = load_age_keys(config_.keys.dir);
  } catch (const std::exception& fault) {
    log::error("a key or certificate can't be read; those held are kept", {{"cause", fault.what()}});
    return false;
  }
  const std::lock_guard lock(mutex_);
  bool found = false;
  for (SignKey& key : sign) {
    const auto held =
        std::find_if(sign_.begin(), sign_.end(), [&](const auto& one) { return one.id == key.id; });
    if (held == sign_.end()) {
      sign_.push_back(std::move(key));
      found = true;
    } else if (held->signer->public_key() == key.signer->public_key()) {
      held->x5c_der = std::move(key.x5c_der);
    }
  }
  for (LogKey& key : witness) {
    if (witness_key(key.id) != nullptr) continue;
    witness_.push_back(std::move(key));
    found = true;
  }
  std::list<age::Identity> added;
  for (age::Identity& identity : age) {
    const auto text = identity.recipient().to_text();
    const bool held = std::any_of(age_.begin(), age_.end(),
                                  [&](const auto& one) { return one.recipient().to_text() == text; });
    if (!held) added.push_back(std::move(identity));
  }
  found = found || !added.empty();
  age_.splice(age_.begin(), added);
  if (found && federation_) choose();
  return found;
}

const SignKey* KeyBook::sign_key(std::string_view id) const {
  const auto found = std::find_if(sign_.begin(), sign_.end(), [&](const auto& key) { return key.id == id; });
  return found == sign_.end() ? nullptr : &*found;
}

const LogKey* KeyBook::witness_key(std::string_view id) const {
  const auto found =
      std::find_if(witness_.begin(), witness_.end(), [&](const auto& key) { return key.id == id; });
  return found == witness_.end() ? nullptr : &*found;
}

bool KeyBook::holds(const ledger::MemberKey& key) const {
  switch (key.use) {
    case KeyUse::kSign: {
      const SignKey* held = sign_key(key.id);
      return held != nullptr && ledger::base64url_encode(held->signer->public_key().bytes) == key.public_text;
    }
    case KeyUse::kWitness: {
      const LogKey* held = witness_key(key.id);
      return held != nullptr && held->key.to_vkey() == key.public_text;
    }
    case KeyUse::kAge:
      return std::any_of(age_.begin(), age_.end(), [&](const auto& identity) {
        return identity.recipient().to_text() == key.public_text;
      });
    case KeyUse::kLog:
      return log_.key.to_vkey() == key.public_text;
  }
  return false;
}

const ledger::MemberKey* KeyBook::newest(const ledger::Federation& federation, KeyUse use,
                                         const std::set<std::string>& without) const {
  const ledger::Member* own = federation.find(address_);
  if (own == nullptr) return nullptr;
  const ledger::TimePoint now = now_();
  const ledger::MemberKey* found = nullptr;
  for (const ledger::MemberKey* key : own->keys_of(use)) {
    if (key->valid_at(now) && !without.contains(key->id) && holds(*key)) found = key;
  }
  return found;
}

void KeyBook::choose() {
  const ledger::MemberKey* sign = newest(*federation_, KeyUse::kSign, ended_);
  const ledger::MemberKey* witness = newest(*federation_, KeyUse::kWitness, ended_);
  const SignKey* before = signing_;
  signing_ = sign == nullptr ? nullptr : sign_key(sign->id);
  witnessing_ = witness == nullptr ? nullptr : witness_key(witness->id);
  if (before != nullptr && signing_ != before)
    log::info("another signing key is in use", {{"key", signing_ == nullptr ? "none" : signing_->id}});
}

void KeyBook::follow(std::shared_ptr<const ledger::Federation> federation) {
  look_again(true);
  const std::lock_guard lock(mutex_);
  federation_ = std::move(federation);
  choose();
  const ledger::Member* own = federation_->find(address_);
  const auto recipient = own == nullptr ? std::nullopt : own->age_recipient();
  const auto ours = [&](const auto& identity) { return identity.recipient().to_text() == *recipient; };
  if (recipient && std::none_of(age_.begin(), age_.end(), ours))
    log::error(
        "the federation document lists an age recipient of this agent whose key is not here: what is sent "
        "to it can't be read");
}

std::string KeyBook::unusable() const {
  const std::lock_guard lock(mutex_);
  const ledger::Member* own = federation_->find(address_);
  const auto ended = [&](const ledger::MemberKey* key) { return ended_.contains(key->id); };
  const auto listed = own->keys_of(KeyUse::kSign);
  if (signing_ == nullptr && std::none_of(listed.begin(), listed.end(), ended)) {
    const auto* same = own->find_key(sign_.front().id);
    const bool held = same && ledger::parse_sign_key(same->public_text) == sign_.front().signer->public_key();
    if (held)
      return "this agent's key " + same->id + " is valid from " + ledger::format_time(same->from) +
             (same->to ? " to " + ledger::format_time(*same->to) : "") + ", and the clock here says " +
             ledger::format_time(now_());
    return "the federation document does not hold this agent's key " + sign_.front().id;
  }
  const auto log = own->log_key();
  if (!log || log->to_vkey() != log_.key.to_vkey())
    return "the federation document does not hold this agent's key " + log_.id;
  const auto recipient = own->age_recipient();
  const auto ours = [&](const auto& one) { return recipient && one.recipient().to_text() == *recipient; };
  if (std::none_of(age_.begin(), age_.end(), ours))
    return "the federation document's age recipient of this agent is not among its age identities";
  return {};
}

LocalIdentity KeyBook::identity_of(const SignKey* key) const {
  if (key == nullptr) return {address_, &kNoSigner, make_kid(address_, "none")};
  return {address_, key->signer.get(), make_kid(address_, key->id)};
}

LocalIdentity KeyBook::identity() const {
  const std::lock_guard lock(mutex_);
  return identity_of(signing_);
}

BundleSigner KeyBook::bundle_signer() const {
  const std::lock_guard lock(mutex_);
  return {identity_of(signing_), signing_ == nullptr ? std::vector<ledger::Bytes>{} : signing_->x5c_der};
}

LocalIdentity KeyBook::identity_for(const ledger::Federation& known) const {
  const std::lock_guard lock(mutex_);
  const ledger::MemberKey* key = newest(known, KeyUse::kSign, revoked_);  // a rotated one still verifies
  return identity_of(key == nullptr ? signing_ : sign_key(key->id));
}

std::vector<const age::Identity*> KeyBook::identities() const {
  const std::lock_guard lock(mutex_);
  std::vector<const age::Identity*> held;
  for (const age::Identity& identity : age_) held.push_back(&identity);
  return held;
}

const LogKey* KeyBook::witness() const {
  const std::lock_guard lock(mutex_);
  return witnessing_;
}

}  // namespace edge
