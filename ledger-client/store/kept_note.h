// Checkpoint notes as they are kept: only with signature lines that verified, and with the cosignatures that
// came one after the other. Pure.
#pragma once

#include <span>

#include "ledger-client/core/checkpoint.h"

namespace ledger {

// A checkpoint of `origin` whose log signature verified. `keys`: log keys of the origin and, where
// cosignatures shall be kept too, witness keys.
struct KeptNote {
  Checkpoint checkpoint;
  std::string note;  // text and verified signature lines, nothing else
};
Result<KeptNote> open_kept_note(std::string_view note, const std::string& origin,
                                std::span<const NoteKey> keys);

// The checkpoint of a note that was verified earlier; nothing if its bytes are damaged.
std::optional<Checkpoint> checkpoint_of(std::string_view kept_note);

// `newer` with those signature lines of `older` whose signer it lacks. Both are of one text.
std::string merge_signatures(const std::string& newer, const std::string& older);

}  // namespace ledger
