// Checkpoints (C2SP tlog-checkpoint v1.0.0; formats.md 3): the text of a note that commits to a log's size
// and root. Pure, thread-safe.
#pragma once

#include "ledger-client/core/note.h"

namespace ledger {

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Hash root{};

  bool operator==(const Checkpoint&) const = default;
  // origin LF size LF base64(root) LF. No extension lines are ever written.
  std::string to_text() const;
};

// Extension lines are accepted and ignored, as the specification asks.
Result<Checkpoint> parse_checkpoint(std::string_view text);

// A checkpoint whose note carries a valid signature of the log's key. Made only by open_checkpoint.
struct SignedCheckpoint {
  Checkpoint checkpoint;
  std::string note;                   // verbatim
  std::vector<NoteSigner> cosigners;  // verified cosignatures by the given witnesses, one per witness
 private:
  SignedCheckpoint() = default;
  friend Result<SignedCheckpoint> open_checkpoint(std::string_view, const NoteKey&, std::span<const NoteKey>);
};
// The log's key name must equal the checkpoint's origin.
Result<SignedCheckpoint> open_checkpoint(std::string_view note, const NoteKey& log,
                                         std::span<const NoteKey> witnesses = {});

}  // namespace ledger
