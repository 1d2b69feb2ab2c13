// The newest checkpoints of one log and the cosignatures that came for them, in whatever order both arrive
// (ledger.md, Witnesses). A cosignature line does not say which checkpoint it is about, so the last few are
// tried. Pure; one thread at a time.
#pragma once

#include <deque>
#include <map>
#include <span>

#include "ledger-client/core/checkpoint.h"

namespace ledger {

class Cosignatures {
 public:
  // `note`: a checkpoint whose log signature the caller verified; cosignatures in it that verify under one of
  // `witnesses` are kept. Older checkpoints than the last kKept are forgotten.
  void add_checkpoint(const SignedCheckpoint& checkpoint);

  // True if the line is a valid cosignature of `witness` on one of the checkpoints kept, and new or newer.
  bool take(std::string_view line, const NoteKey& witness);

  // The note of the newest checkpoint that at least `quorum` witnesses cosigned, with their lines; nothing
  // if there is none, or if `quorum` is 0 (then there are no witnesses to ask).
  std::optional<std::string> witnessed(std::uint64_t quorum) const;
  // The newest checkpoint's note with the lines that came for it; empty before the first.
  std::string newest() const;

 private:
  static constexpr std::size_t kKept = 16;
  struct Item {
    Checkpoint checkpoint;
    std::string note;  // text and the log's signature line
    std::map<std::string, NoteSigner> by_witness;
  };
  static std::string with_lines(const Item& item);

  std::deque<Item> items_;  // ascending size
};

}  // namespace ledger
