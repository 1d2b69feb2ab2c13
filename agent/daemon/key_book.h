// The keys this agent holds, and which of them it works with (trust.md, Keys): of each use the newest that
// the federation document in force lists for it, that is held here and that its log has not ended. Follows
// the document and the folder while the agent runs. Thread-safe; a Signer or an Identity given out lives as
// long as the book.
#pragma once

#include <list>
#include <map>
#include <mutex>
#include <set>

#include "agent/adapters/key_files.h"
#include "agent/config/config.h"
#include "agent/core/exchange.h"
#include "ledger-client/core/key_validity.h"
#include "ledger-client/store/journal.h"

namespace edge {

class KeyBook {
 public:
  // Loads what the folder holds. Throws std::runtime_error with the path and what is wrong.
  KeyBook(const Config& config, std::function<ledger::TimePoint()> now);

  const LogKey& log() const { return log_; }

  // Who signs now. Its signer throws Unavailable where there is no key that may: it is revoked, and the
  // federation has no other.
  LocalIdentity identity() const;
  BundleSigner bundle_signer() const;
  // Who signs for somebody who knows another version of the document, so that he can verify it.
  LocalIdentity identity_for(const ledger::Federation& known) const;
  // Every age identity held, newest first: old ones keep decrypting.
  std::vector<const age::Identity*> identities() const;
  // The key that cosigns now; null: none may.
  const LogKey* witness() const;

  // Looks for new files in the folder, at most once a second unless `now`. True if there is a key that was
  // not held. A certificate that changed is taken over. What can't be read is logged and left.
  bool look_again(bool at_once = false);
  // A version of the document is in force: uses its keys from now on.
  void follow(std::shared_ptr<const ledger::Federation> federation);

  // Why this agent can't work with what the document in force lists for it; empty in good order. That its
  // signing key is revoked is no reason: it verifies, and says what is wrong.
  std::string unusable() const;

  // --- the own log, from here on
  void use(ledger::Journal& journal, const std::filesystem::path& database);
  // Appends key.rotated for every key whose place another has taken, if that is not on the log yet: what the
  // old signing key signed is anchored before it or not at all.
  void record();
  // Within a transaction of the journal: whether what `kid` signed may still be anchored.
  bool may_anchor(const std::string& kid) const;
  // Why no other key can take the place of this one: the federation document lists none of the id here.
  std::optional<ledger::Problem> why_not_replace(const std::string& key_id) const;
  // Why revoke() would not do it, as things stand.
  std::optional<ledger::Problem> why_not_revoke(const std::string& key_id, const std::string& reason,
                                                const std::optional<std::uint64_t>& suspect_from) const;
  // Appends key.revoked, and uses the key no more from that place on. A Problem says why it is not on the
  // log. `also` in the entry's transaction; throws what that throws, and nothing is revoked then.
  struct Revoked {
    std::uint64_t index = 0;
    std::string next;  // the key that signs now; empty: none
  };
  ledger::Result<Revoked> revoke(const std::string& key_id, const std::string& reason,
                                 const std::optional<std::uint64_t>& suspect_from,
                                 const std::function<void(ledger::sqlite::Database&)>& also = {});

 private:
  struct Change;
  // Under mutex_.
  void choose();
  // Without the keys in `without`.
  const ledger::MemberKey* newest(const ledger::Federation& federation, ledger::KeyUse use,
                                  const std::set<std::string>& without) const;
  bool holds(const ledger::MemberKey& key) const;
  const SignKey* sign_key(std::string_view id) const;
  const LogKey* witness_key(std::string_view id) const;
  LocalIdentity identity_of(const SignKey* key) const;

  std::optional<Change> change_of(ledger::KeyUse use) const;
  void record(const Change& change);
  std::string meta(const std::string& key) const;

  const Config& config_;
  const ledger::Address address_;
  const std::function<ledger::TimePoint()> now_;
  LogKey log_;

  ledger::Journal* journal_ = nullptr;
  std::filesystem::path database_;

  std::mutex recording_;      // one at a time; never taken under mutex_
  mutable std::mutex mutex_;  // guards what follows
  std::list<SignKey> sign_;
  std::list<LogKey> witness_;
  std::list<age::Identity> age_;  // newest first
  std::shared_ptr<const ledger::Federation> federation_;
  const SignKey* signing_ = nullptr;  // null: none may
  const LogKey* witnessing_ = nullptr;
  std::set<std::string> ended_;    // key ids that the own log ended, by rotation or revocation
  std::set<std::string> revoked_;  // of them
  std::chrono::steady_clock::time_point looked_{};
};

}  // namespace edge
