// The own log's part of the key book: rotations and revocations, and which keys they have ended.
#include "agent/core/key_change.h"
#include "agent/daemon/key_book.h"
#include "agent/daemon/log.h"
#include "ledger-client/core/entry_rules.h"

namespace edge {

using ledger::KeyUse;
using ledger::sqlite::Database;
using ledger::sqlite::Statement;

namespace {

// agent_meta: keys that a log of this agent ended, with the next one's id or this word.
constexpr std::string_view kEnded = "key.ended.";
constexpr std::string_view kRevoked = "revoked";

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

std::optional<ledger::Problem> KeyBook::why_not_replace(const std::string& key_id) const {
  const std::lock_guard lock(mutex_);
  const ledger::Member* own = federation_ ? federation_->find(address_) : nullptr;
  if (own == nullptr || own->find_key(key_id) == nullptr)
    return ledger::Problem{"the federation document lists no key " + key_id + " of this agent"};
  return std::nullopt;
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
  return why_not_replace(key_id);
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
