// Offline proof that an entry is in a log (C2SP tlog-proof, `c2sp.org/tlog-proof@v1`; formats.md 8): the
// receipt for an auditor. `extra` is not authenticated by the format; ehr-ledger carries the entry's bytes
// there, which the inclusion proof then authenticates. Pure and thread-safe.
#pragma once

#include "ledger-client/core/note.h"
#include "ledger-client/core/proof.h"

namespace ledger {

struct ProofFile {
  std::optional<Bytes> extra;
  std::uint64_t index = 0;
  Proof inclusion;   // leaf's sibling first
  std::string note;  // the checkpoint, verbatim
};

std::string encode_proof_file(const ProofFile& proof);
// Form only: nothing is verified.
Result<ProofFile> parse_proof_file(std::string_view text);

}  // namespace ledger
