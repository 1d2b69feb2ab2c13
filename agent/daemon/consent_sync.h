// Takes the consents that the HIS holds over into the agent's own store, and what every consent goes through
// on its way there, wherever it comes from. Thread-safe.
#pragma once

#include <mutex>

#include "agent/adapters/consent_store.h"
#include "agent/adapters/his/sqlite_store.h"
#include "agent/daemon/context.h"

namespace edge {

class ConsentSync {
 public:
  ConsentSync(const Context& context, ConsentStore& consents, his::SqliteStore& records)
      : context_(context), consents_(consents), records_(records) {}

  // How many changed something. A resource whose text was taken over before is passed by.
  struct Done {
    std::size_t granted = 0, revoked = 0, unreadable = 0;
  };
  // Throws CallError where the store or the signing key fails; what was taken over by then stays.
  Done sync();

 private:
  void sync_one(const fhir::Prepared& resource, Done& done);

  const Context& context_;
  ConsentStore& consents_;
  his::SqliteStore& records_;
  std::mutex mutex_;  // one at a time: two would grant the same text twice
};

// The canonical JSON of a consent, which its commitment and its signature are over. Throws CallError.
std::string canonical_consent(const std::string& text);
// The hospital says, with its signing key, that this is what it was told.
void attest(const Context& context, NewConsent& consent);
// What the store did, or CallError.
ConsentRow checked(const Outcome<ConsentRow>& outcome);

}  // namespace edge
