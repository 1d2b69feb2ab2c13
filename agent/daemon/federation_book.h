// Which version of the federation document this agent follows: kept durably, changed only to a verified
// successor, anchored in the ledger, and told to whoever needs it. Thread-safe.
//
// Everybody else takes a snapshot (`current`) once for each task and keeps it while it works: a version is
// never changed, only followed by another.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/daemon/current_federation.h"
#include "ledger-client/core/alert.h"
#include "ledger-client/core/federation_history.h"
#include "ledger-client/core/time_text.h"
#include "ledger-client/store/journal.h"

namespace edge {

// The versions stored in agent.db. If there are none yet, the document in `file` is the first and is stored.
// Throws std::runtime_error with what is wrong.
ledger::FederationHistory load_federation(const std::filesystem::path& database,
                                          const std::filesystem::path& file);

// One kind of lie of one member, for status.
struct RefusedFederation {
  ledger::AlertCode code{};
  std::optional<ledger::Address> from;  // nobody: brought by hand, or asked for
  std::uint64_t version = 0;            // of the last one; 0: it can't be read
  std::string reason;                   // of the last one
  std::uint64_t times = 0;
};

class FederationBook {
 public:
  struct Events {
    // A new version is in force. On the offering thread; must not wait.
    std::function<void(std::shared_ptr<const ledger::Federation>)> adopted;
    // It is anchored too, or waits to be. On the same thread; may wait.
    std::function<void()> settled;
    // Somebody lies; told once of each code and member since the start.
    std::function<void(ledger::AlertCode code)> alarm;
  };

  FederationBook(ledger::FederationHistory history, ledger::Journal& journal, CurrentFederation& current);
  // Before the first offer.
  void use(Events events) { events_ = std::move(events); }

  // A document that came from anywhere. `from` is who showed it as the newest he knows; nobody where it came
  // otherwise.
  ledger::FederationOffer offer(std::string_view text, const std::optional<ledger::Address>& from = {});

  // A newer version is in use, and nobody shows it.
  void withheld(const std::string& reason);
  // What was refused since the start, and what is withheld now.
  std::vector<RefusedFederation> refused() const;

  std::string newest_text() const;
  // Null if it is not kept.
  std::shared_ptr<const ledger::Federation> version(std::uint64_t number) const;
  // Texts of versions from `from` on (wire.md, federation-range).
  std::vector<std::string> range(std::uint64_t from, std::uint64_t count, std::size_t max_bytes) const;
  // Stores and anchors what could not be yet: after a full disk, or a ledger that waited.
  void store_pending();

 private:
  void alarm(ledger::AlertCode code, const ledger::FederationOffer& offer,
             const std::optional<ledger::Address>& from);
  void watch_for_rollback(ledger::FederationOffer offer, const ledger::Address& from);

  ledger::Journal& journal_;
  CurrentFederation& current_;
  Events events_;

  std::mutex storing_;        // one at a time; never taken under mutex_
  mutable std::mutex mutex_;  // guards what follows
  ledger::FederationHistory history_;
  std::uint64_t stored_;                            // versions up to it are in the database
  std::map<ledger::Address, std::uint64_t> shown_;  // the newest version each member has shown
  std::vector<RefusedFederation> refused_;          // at most kMaxRefused
};

}  // namespace edge
