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

// A log that lies could otherwise sign a text so long that the proof of it fits no ledger entry.
inline constexpr std::size_t kMaxCheckpointBytes = 512;

// Extension lines are accepted and ignored, as the specification asks, as long as the text has at most
// kMaxCheckpointBytes.
Result<Checkpoint> parse_checkpoint(std::string_view text);

// A checkpoint whose note carries a valid signature of the log's key. Made only by open_checkpoint and
// open_checkpoint_of.
struct SignedCheckpoint {
  Checkpoint checkpoint;
  std::string note;                     // verbatim
  std::vector<NoteSigner> log_signers;  // verified signatures of the log's own keys, at least one
  std::vector<NoteSigner> cosigners;    // verified cosignatures by the given witnesses, one per witness
 private:
  SignedCheckpoint() = default;
  friend Result<SignedCheckpoint> open_checkpoint_of(std::string_view, std::string_view,
                                                     std::span<const NoteKey>, std::span<const NoteKey>);
};

// The log's key name must equal the checkpoint's origin.
Result<SignedCheckpoint> open_checkpoint(std::string_view note, const NoteKey& log,
                                         std::span<const NoteKey> witnesses = {});

// The same for a log that has, or had, several keys: at least one of them must have signed, and none wrongly.
// That `logs` are the keys of `origin` is the caller's knowledge; their names are not compared with it.
Result<SignedCheckpoint> open_checkpoint_of(std::string_view note, std::string_view origin,
                                            std::span<const NoteKey> logs,
                                            std::span<const NoteKey> witnesses = {});

}  // namespace ledger
