// The versions of one federation from the first one known on, each the verified successor of the one before:
// what an agent keeps, serves and follows. A value; one object belongs to one thread.
#pragma once

#include "ledger-client/core/federation_document.h"

namespace ledger {

// What a document that came from somewhere means for a history.
enum class FederationFate {
  kAdopted,  // the next version: it is the newest now
  kKnown,    // a version of this history
  kAhead,    // versions between are missing: ask for them, then offer it again
  kOlder,    // before the first version kept: nothing can be said
  kForked,   // properly signed, and contradicts this history: admins have signed twice
  kForged    // not what it says it is
};

struct FederationOffer {
  FederationFate fate = FederationFate::kForged;
  std::uint64_t version = 0;  // that the document claims, 0 if it can't be read
  std::string reason;         // of kForked and kForged
};

class FederationHistory {
 public:
  explicit FederationHistory(FederationDocument first) { documents_.push_back(std::move(first)); }

  // Documents as they were stored, the first trusted, in order.
  static Result<FederationHistory> restore(const std::vector<std::string>& texts);

  const FederationDocument& first() const { return documents_.front(); }
  const FederationDocument& newest() const { return documents_.back(); }
  const FederationDocument* find(std::uint64_t version) const;

  FederationOffer offer(std::string_view text);

  // Texts of versions from `from` on, at most `count` of them and `max_bytes` of text, at least one if there
  // is any.
  std::vector<std::string> range(std::uint64_t from, std::uint64_t count, std::size_t max_bytes) const;

 private:
  std::vector<FederationDocument> documents_;
};

}  // namespace ledger
