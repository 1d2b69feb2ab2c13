#include "agent/daemon/key_book.h"

#include <algorithm>

#include "agent/core/key_change.h"
#include "agent/daemon/log.h"
#include "ledger-client/core/base64.h"
#include "ledger-client/core/entry_rules.h"

namespace edge {

using ledger::KeyUse;
using ledger::sqlite::Database;
using ledger::sqlite::Statement;

namespace {

constexpr std::chrono::seconds kLookPause{1};
// agent_meta: keys that a log of this agent ended, with the next one's id or this word.
constexpr std::string_view kEnded = "key.ended.";
constexpr std::string_view kRevoked = "revoked";

// In the place of a key that may not sign any more and has no successor.
class NoSigner final : public Signer {
 public:
  const ledger::PublicKey& public_key() const override { return nobody_; }
  ledger::Signature sign(ledger::ByteView) const override {
    throw Unavailable(
        "this agent has no signing key: the one it had is revoked, and the federation document "
        "lists no other that it holds");
  }

 private:
  ledger::PublicKey nobody_{};
};
const NoSigner kNoSigner;

std::string meta_key(KeyUse use) {
  return "key.in_use." + std::string(ledger::use_text(use));
}

void set_meta(Database& database, const std::string& key, const std::string& value) {
  database
      .cached("INSERT INTO agent_meta(key, value) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value = ?2")
      .bind(1, key)
      .bind(2, value)
      .run();
}

}  // namespace

// A key that takes another's place, or the first of its use.
struct KeyBook::Change {
  KeyUse use = KeyUse::kSign;
  std::string before;  // empty: there was none
  ledger::MemberKey after;
  bool told = false;  // that `before` ended is on a log already
  std::string by;     // the id of the signing key that says so
  const Signer* old_signer = nullptr;
  const Signer* new_signer = nullptr;
};

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
  if (signing_ == nullptr && std::none_of(listed.begin(), listed.end(), ended))
    return "the federation document does not hold this agent's key " + sign_.front().id;
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

// --- the own log

void KeyBook::use(ledger::Journal& journal, const std::filesystem::path& database) {
  journal_ = &journal;
  database_ = database;
  Database connection(database, ledger::sqlite::Mode::kReadOnly);
  std::set<std::string> ended, revoked;
  Statement kept(connection,
                 "SELECT key, value FROM agent_meta WHERE key >= 'key.ended.' AND key < 'key.ended/'");
  while (kept.step()) {
    const std::string id(kept.column_text(0).substr(kEnded.size()));
    ended.insert(id);
    if (kept.column_text(1) == kRevoked) revoked.insert(id);
  }
  Statement logged(connection,
                   "SELECT key, type FROM ledger_unique WHERE type = 'key.rotated' OR type = 'key.revoked'");
  while (logged.step()) {
    ended.emplace(logged.column_text(0));
    if (logged.column_text(1) == ledger::entry_type::kKeyRevoked) revoked.emplace(logged.column_text(0));
  }
  const std::lock_guard lock(mutex_);
  ended_ = std::move(ended);
  revoked_ = std::move(revoked);
}

std::string KeyBook::meta(const std::string& key) const {
  Database connection(database_, ledger::sqlite::Mode::kReadOnly);
  Statement select(connection, "SELECT value FROM agent_meta WHERE key = ?1");
  select.bind(1, key);
  return select.step() ? std::string(select.column_text(0)) : std::string();
}

std::optional<KeyBook::Change> KeyBook::change_of(KeyUse use) const {
  const std::string before = meta(meta_key(use));
  const std::lock_guard lock(mutex_);
  const ledger::MemberKey* key = federation_ ? newest(*federation_, use, ended_) : nullptr;
  if (key == nullptr || key->id == before) return std::nullopt;
  Change change{use,     before, *key, ended_.contains(before), signing_ == nullptr ? "" : signing_->id,
                nullptr, nullptr};
  if (use == KeyUse::kSign) {
    const SignKey* old = sign_key(before);
    change.by = before;
    change.old_signer = old == nullptr ? nullptr : old->signer.get();
    change.new_signer = sign_key(key->id)->signer.get();
  } else if (use == KeyUse::kWitness) {
    const LogKey* old = witness_key(before);
    change.by = before;
    change.old_signer = old == nullptr ? nullptr : old->signer.get();
    change.new_signer = witness_key(key->id)->signer.get();
  } else {
    change.old_signer = signing_ == nullptr ? nullptr : signing_->signer.get();
  }
  return change;
}

void KeyBook::record() {
  const std::lock_guard one_at_a_time(recording_);
  // The signing key last, so that nothing else stands between its end and the choice of the next.
  for (const KeyUse use : {KeyUse::kAge, KeyUse::kWitness, KeyUse::kSign}) {
    try {
      if (const auto change = change_of(use)) record(*change);
    } catch (const std::exception& fault) {
      log::error("a key's rotation is not on the ledger yet", {{"cause", fault.what()}});
    }
  }
}

void KeyBook::record(const Change& change) {
  std::vector<ledger::NewEntry> entries;
  if (!change.before.empty() && !change.told) {
    if (change.old_signer != nullptr) {
      const auto rotated = announce_rotation(
          log_.key.name, {change.before, change.after.id, change.after.public_text, change.by, {}, {}},
          *change.old_signer, change.new_signer);
      entries.push_back(
          {std::string(ledger::entry_type::kKeyRotated), ledger::encode_body(rotated), change.before});
    } else {
      // The old key is not here any more (it is in a token, say): it can't announce its successor.
      const ledger::KeyRevoked revoked{change.before, "replaced", journal_->checkpoint().size};
      entries.push_back(
          {std::string(ledger::entry_type::kKeyRevoked), ledger::encode_body(revoked), change.before});
    }
  }
  const bool ends = !entries.empty();
  const auto statements = [&](Database& database, std::uint64_t) {
    set_meta(database, meta_key(change.use), change.after.id);
    if (!ends) return;
    set_meta(database, std::string(kEnded) + change.before, change.after.id);
    // From this place in the order of commits on nothing of the old key is anchored.
    const std::lock_guard lock(mutex_);
    ended_.insert(change.before);
  };
  const auto appended = journal_->append(std::move(entries), statements, ledger::Work::kBegun);
  if (!appended && ends) {
    log::warning("a key's rotation is not on the ledger yet; the new key is in use all the same",
                 {{"key", change.before}});
    const std::lock_guard lock(mutex_);
    ended_.erase(change.before);
  } else if (ends) {
    log::info("key rotated", {{"key", change.before}, {"next", change.after.id}});
  }
}

bool KeyBook::may_anchor(const std::string& kid) const {
  const std::string prefix = make_kid(address_, "");
  const std::lock_guard lock(mutex_);
  return kid.starts_with(prefix) && !ended_.contains(kid.substr(prefix.size()));
}

std::optional<ledger::Problem> KeyBook::why_not_revoke(
    const std::string& key_id, const std::string& reason,
    const std::optional<std::uint64_t>& suspect_from) const {
  if (key_id.starts_with("log-")) return ledger::Problem{"a log's key ends with its log"};
  if (!ledger::is_revocation_reason(reason)) return ledger::Problem{"`" + reason + "` is no reason"};
  // An entry that says more is void for everybody.
  if (suspect_from && *suspect_from > journal_->checkpoint().size)
    return ledger::Problem{"the log has no entry " + std::to_string(*suspect_from) + " yet"};
  if (meta(std::string(kEnded) + key_id) == kRevoked) return ledger::Problem{key_id + " is revoked already"};
  const std::lock_guard lock(mutex_);
  const ledger::Member* own = federation_ ? federation_->find(address_) : nullptr;
  if (own == nullptr || own->find_key(key_id) == nullptr)
    return ledger::Problem{"the federation document lists no key " + key_id + " of this agent"};
  return std::nullopt;
}

ledger::Result<KeyBook::Revoked> KeyBook::revoke(const std::string& key_id, const std::string& reason,
                                                 const std::optional<std::uint64_t>& suspect_from,
                                                 const std::function<void(Database&)>& also) {
  const std::lock_guard one_at_a_time(recording_);
  if (auto no = why_not_revoke(key_id, reason, suspect_from)) return std::move(*no);
  bool rotated = false;
  {
    const std::lock_guard lock(mutex_);
    rotated = ended_.contains(key_id);
  }
  // Nothing is suspect unless it is said: the entry's own index can't be known before it is appended.
  const ledger::KeyRevoked body{key_id, reason, suspect_from.value_or(journal_->checkpoint().size)};
  const auto statements = [&](Database& database, std::uint64_t) {
    if (also) also(database);
    set_meta(database, std::string(kEnded) + key_id, std::string(kRevoked));
    const std::lock_guard lock(mutex_);
    ended_.insert(key_id);
    revoked_.insert(key_id);
  };
  const auto appended =
      journal_->append({{std::string(ledger::entry_type::kKeyRevoked), ledger::encode_body(body), key_id}},
                       statements, ledger::Work::kBegun);
  const std::lock_guard lock(mutex_);
  if (!appended) {
    if (!rotated) ended_.erase(key_id);
    revoked_.erase(key_id);
    return ledger::Problem{"the ledger did not take it: " + journal_->frozen()};
  }
  choose();
  log::warning("key revoked", {{"key", key_id}, {"reason", reason}});
  return Revoked{appended->entries.front().index, signing_ == nullptr ? "" : signing_->id};
}

}  // namespace edge
