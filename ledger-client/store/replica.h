// A verified copy of somebody's log, in a database of the journal's schema, so that LogReader, verify_log,
// export and proofs read it as they read a journal (ledger.md, Replication). Structure gates, meaning
// doesn't: an unknown type or a void entry is stored like any other. One writer thread at a time.
//
// `keys` are log keys of the origin. Witness keys may stand among them: then cosignature lines that verify
// are kept with a checkpoint; no line that did not verify is ever stored.
#pragma once

#include "ledger-client/core/checkpoint.h"
#include "ledger-client/core/proof.h"
#include "ledger-client/store/log_reader.h"

namespace ledger {

struct ReplicaBatch {
  std::uint64_t from = 0;
  std::vector<std::string> lines;  // none: only the checkpoint and its proof are judged
  std::string note;                // a checkpoint of size >= from + lines.size()
  Proof consistency;  // from (from + lines.size()) to the checkpoint's size; empty when equal, and from 0
};

// Why a batch or a checkpoint was not taken.
// kGap: `from` is beyond size(). kRefused: structure or signature; the message is damaged or forged, or what
// is held here is damaged (the reason says so). `signed_note` is then empty, except where the checkpoint is
// validly signed and the entries or the proof beside it do not lead to it: whoever sent them lied, or the log
// signed another history. A batch from further back decides that, or one without lines whose proof leads from
// size().
// kContradiction: the checkpoint is validly signed, and what it commits to is not what is held here:
// `signed_note` is evidence to be completed to an Equivocation.
struct ReplicaRefusal {
  enum class Kind { kGap, kRefused, kContradiction } kind = Kind::kRefused;
  std::string reason;
  std::string signed_note;  // text and verified signature lines
};

class Replica {
 public:
  // Creates or opens. WAL with synchronous=NORMAL: what a crash takes is fetched again. Checks that the tail
  // fits the newest stored checkpoint; cuts the log back to the last stored checkpoint that fits (0 in the
  // worst case) when it does not. A file that SQLite can't read is set aside as `<database>.damaged`. Throws
  // std::runtime_error if it is the database of a journal or of another log.
  Replica(const std::filesystem::path& database, std::string origin);
  ~Replica();
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  // What had to be repaired at opening, as a sentence for the operator; empty in good order.
  const std::string& repaired() const;

  const std::string& origin() const;
  std::uint64_t size() const;  // entries held; each was vouched for by a signed checkpoint
  Hash root() const;
  std::vector<Hash> frontier() const;
  Hash root_at(std::uint64_t size) const;  // of the first `size` entries held
  // The newest checkpoint seen whose signature verified (its size may be beyond size()), cosignature lines
  // included.
  std::optional<std::string> newest_note() const;
  // The largest checkpoint with at least `quorum` verified cosignatures that covers held entries; stored by
  // note_witnessed().
  std::optional<std::string> witnessed_note() const;

  // Structure gates: index, prev, canonical form, size of line, time order, origin; root at the end equals
  // the checkpoint's (through `consistency` where it is larger). Entries already held are compared, not
  // stored again. One transaction. Throws sqlite::SqliteError; nothing has changed then.
  Result<Done, ReplicaRefusal> append(const ReplicaBatch& batch, std::span<const NoteKey> keys);
  // A checkpoint alone: kept as the newest if signature and held entries agree with it (size <= size(): root
  // compared; larger: kept as the target). kContradiction where it can't be true.
  Result<Done, ReplicaRefusal> take_checkpoint(std::string_view note, std::span<const NoteKey> keys);
  // The caller has verified the note and a quorum of its cosignatures. Where its entries are still missing it
  // becomes the witnessed one when they are here.
  void note_witnessed(std::string_view note);

  // Cuts the log back to the last stored checkpoint at or below `size` entries, or to what a proof vouched
  // for there (healing after verify_log found damage at `size`): they are fetched again from size() on.
  void cut(std::uint64_t size);
  // Verifies everything stored; the first bad index if there is one. Without keys the checkpoints' signatures
  // are not checked.
  std::optional<std::uint64_t> first_damage(std::span<const NoteKey> keys = {}) const;

  std::optional<std::string> line(std::uint64_t index) const;
  LogReader& reader();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ledger
