// When is a signature valid? (trust.md; crypto.md 5.4.) Clocks decide nothing; places in logs do: a signature
// counts from where it is anchored in its signer's own log, and `key.rotated` and `key.revoked` in that log,
// or the cutoff of a federation's revocation, say up to where a key counts. Pure and thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "ledger-client/core/checkpoint.h"
#include "ledger-client/core/entry_rules.h"
#include "ledger-client/core/federation.h"
#include "ledger-client/core/proof.h"

namespace ledger {

// The cutoff a checkpoint gives, for whoever drafts a revocation: the log's own signature and at least
// `quorum` (1 or more) of the witnesses' cosignatures must be on it.
Result<Cutoff> cutoff_from(std::string_view checkpoint_note, const NoteKey& log,
                           std::span<const NoteKey> witnesses, std::uint64_t quorum);

// Where one key of one log ended.
struct KeyEnd {
  std::uint64_t index = 0;  // of the entry that ended it: what is anchored there or later is refused
  bool revoked = false;     // else rotated: requests still verify until the key's `to`
  std::optional<std::uint64_t> suspect_from;
};

// The ends of the keys of one log, gathered from its entries in order. Entries must be verified as the log's
// before. One thread at a time while taking.
class KeyEnds {
 public:
  explicit KeyEnds(std::string origin) : origin_(std::move(origin)) {}
  // Entries of other types, of other logs and void ones change nothing. A key's first end counts: nothing
  // that was refused once becomes valid by a later entry.
  void take(const Entry& entry);
  std::optional<KeyEnd> of(const std::string& key_id) const;
  const std::map<std::string, KeyEnd>& all() const { return ends_; }
  // As it was taken before: entries are read once.
  void put(const std::string& key_id, const KeyEnd& end) { ends_.insert_or_assign(key_id, end); }
  const std::string& origin() const { return origin_; }

 private:
  std::string origin_;
  std::map<std::string, KeyEnd> ends_;
};

// Where the signature stands in its signer's log, proved: the entry's inclusion in `tree` was verified, and
// `tree` is a signed checkpoint of the log.
struct AnchoredAt {
  std::uint64_t index = 0;
  Checkpoint tree;
  // That `tree` and the cutoff's tree are one history: RFC 6962 consistency from the smaller to the larger
  // size. Needed only where there is a cutoff of another size.
  Proof consistency{};
};

enum class Validity { kValid, kSuspect, kRefused };
struct SignatureJudgement {
  Validity validity = Validity::kRefused;
  std::string reason;  // why it is not valid; empty for kValid
};

// `anchored`: nothing for a signature without an anchor, which counts as after every end. `end`: where the
// log itself ended the key. `cutoff`: of the federation, for a revoked member. The stricter verdict decides.
SignatureJudgement judge_signature(const std::optional<AnchoredAt>& anchored,
                                   const std::optional<KeyEnd>& end, const std::optional<Cutoff>& cutoff);

// What the signatures of a key.rotated are over; `origin` is the log's.
std::string rotation_statement(const std::string& origin, const KeyRotated& rotation);
// The announcement of a key that signs (`sign`, `log`, `witness`): signed by the old key and by the new one.
// For an age key `by` is the signing key named, and the possession is empty.
Result<Done> check_rotation(const std::string& origin, const KeyRotated& rotation, const PublicKey& by,
                            const std::optional<PublicKey>& next);

}  // namespace ledger
