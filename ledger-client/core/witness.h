// The rules of a witness (C2SP tlog-witness v1.0.0, add-checkpoint; formats.md 5), without its memory: what
// it remembers of a log comes in as an argument. Pure and thread-safe.
#pragma once

#include <functional>

#include "ledger-client/core/checkpoint.h"
#include "ledger-client/core/proof.h"

namespace ledger {

struct AddCheckpoint {
  std::uint64_t old_size = 0;
  Proof consistency;  // from old_size to the checkpoint's size; empty where old_size is 0 or that size
  std::string note;   // the checkpoint, signed
};
std::string encode_add_checkpoint(const AddCheckpoint& request);
// Form only: old line, hashes, note and checkpoint syntax.
Result<AddCheckpoint> parse_add_checkpoint(std::string_view body);

// The largest tree cosigned, per origin.
struct WitnessRecord {
  std::uint64_t size = 0;
  Hash root{};
};

// The numbers are those of the protocol over HTTP.
enum class WitnessStatus {
  kAccepted = 200,
  kMalformed = 400,
  kForbidden = 403,
  kUnknownOrigin = 404,
  kConflict = 409,
  kUnprocessable = 422
};
struct WitnessVerdict {
  WitnessStatus status = WitnessStatus::kMalformed;
  std::string reason;                          // empty where accepted; quotes nothing of the request
  std::uint64_t known_size = 0;                // kConflict: the size on record
  std::optional<SignedCheckpoint> checkpoint;  // kAccepted; store `clean_note`, not its note
  std::string clean_note;                      // kAccepted: text and the log's verified signature lines
  // A refused checkpoint that the log did sign, cleaned likewise: it may prove misbehaviour. Else empty.
  std::string refused_note;
};

// Judges an add-checkpoint body. After kAccepted the caller stores (size, root, clean_note) and then cosigns,
// both under the same lock or transaction in which `known` was read: of two requests that race from one old
// size one must become a conflict. A first contact (old 0) is accepted whatever its size, as the protocol
// says; who must not trust on first use compares the root with entries of its own first.
// `log_keys(origin)`: the trusted keys of an origin, empty if it is unknown. `known(origin)`: what was
// cosigned of it. `own_name`: the witness' name, under which no log is taken.
WitnessVerdict judge_add_checkpoint(
    std::string_view body, const std::function<std::vector<NoteKey>(const std::string&)>& log_keys,
    const std::function<std::optional<WitnessRecord>(const std::string&)>& known, std::string_view own_name);

// One cosignature line, LF included. Nothing if it is not a valid cosignature/v1 of `witness` over
// `checkpoint` (a text without extension lines).
std::optional<NoteSigner> verify_cosignature(std::string_view line, const Checkpoint& checkpoint,
                                             const NoteKey& witness);

// The note with the line of a verified cosignature: in the place of those its cosigner has on it, else at the
// end. Their time stamps decide nothing, as nobody has verified them here; which cosignature is newer is for
// the caller to say. Throws std::invalid_argument if `note` is not a note.
std::string with_cosignature(std::string_view note, const NoteSigner& signer);

}  // namespace ledger
