// Received bundles that don't count any more, or are suspect, by what became known of their signing key after
// they were taken (trust.md, When is a signature valid?): the table `doubt` of agent.db beside the audit rows
// they belong to. Nothing about a patient. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/adapters/agent_schema.h"
#include "ledger-client/core/address.h"
#include "ledger-client/core/key_validity.h"

namespace edge {

// Where a received bundle stands in its signer's log, kept with its audit row.
struct BundlePlace {
  ledger::Address peer;
  std::string key_id;
  std::uint64_t index = 0;
  ledger::Checkpoint tree;  // that the entry was shown to be in; its origin is the log
};

struct KeptPlace {
  std::int64_t number = 0;  // of the audit row
  std::string request;
  BundlePlace place;
};

struct Doubt {
  std::int64_t number = 0;
  std::string request, peer, origin;
  ledger::TimePoint received{}, since{};
  ledger::Validity validity = ledger::Validity::kSuspect;  // or kRefused
  std::string reason;
  std::optional<std::uint64_t> entry;  // bundle.received, in the own log
};
std::string_view doubt_text(ledger::Validity validity);  // "suspect", "refused"

// Within the transaction that inserted the audit row: the bundle was taken, and is suspect already.
void insert_doubt(ledger::sqlite::Database& database, std::int64_t audit_row, ledger::Validity validity,
                  std::string_view reason, ledger::TimePoint now);

class DoubtStore {
 public:
  DoubtStore(ledger::Journal& journal, const std::filesystem::path& database,
             std::function<ledger::TimePoint()> now);

  // Where a walk through the places of one log stands.
  struct Cursor {
    std::uint64_t index = 0;
    std::int64_t number = 0;  // the last one seen at that index
  };
  // At most `limit` places in `origin` from the cursor on, which then stands behind them; `key_id` empty: of
  // every key.
  std::vector<KeptPlace> places(const std::string& origin, const std::string& key_id, Cursor& cursor,
                                std::size_t limit);
  // Those in doubt now, above audit row `after`, ascending.
  std::vector<KeptPlace> doubted(std::int64_t after, std::size_t limit);

  struct Judged {
    KeptPlace kept;
    ledger::SignatureJudgement judgement;
  };
  // Stores what differs from what is stored, in one transaction; a valid judgement lifts a doubt. Returns
  // what changed. A person's `seen` holds for the verdict it was said of. Throws Unavailable if it can't.
  std::vector<Judged> record(const std::vector<Judged>& judged);

  // Newest first, at most `limit`; with `all` false those nobody has seen.
  std::vector<Doubt> list(bool all, std::size_t limit);
  std::optional<Doubt> find(const std::string& request);
  // A person has taken note; false if there is no such doubt, or it was seen before.
  bool see(const std::string& request);
  struct Counts {
    std::uint64_t suspect = 0, refused = 0;
  };
  Counts unseen();

 private:
  ledger::Journal& journal_;
  std::function<ledger::TimePoint()> now_;
  SharedReader reader_;
};

}  // namespace edge
