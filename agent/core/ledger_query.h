// Params and answers of the operations `ledger-range`, `ledger-proof` and `cosign` (wire.md, Operations;
// ledger.md, Replication and Witnesses). Encoding and strict decoding of each in one place: canonical JSON,
// and for a range a text of lines. A decoder judges form and bounds alone; whether entries, proofs and notes
// are true is for whoever keeps a log to check against signatures. Problems name the place. Pure,
// thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ledger-client/core/proof.h"
#include "ledger-client/core/result.h"

namespace edge {

// Requests of these operations carry this PurposeOfUse and no other: HL7's "healthcare operations", since
// they concern the running of the federation and no patient.
inline constexpr std::string_view kOperationsPurpose = "HOPERAT";

inline constexpr std::uint64_t kMaxRangeEntries = 1'000;   // of one answer
inline constexpr std::size_t kMaxRangeBytes = 1u << 20;    // of its entry lines, each with its LF
inline constexpr std::size_t kMaxCosignBytes = 72 * 1024;  // a note and a proof
inline constexpr std::size_t kMaxCosignatureBytes = 4'096;

// Entries [from, from + count) of a log, and the newest checkpoint of whoever answers. An answer may hold
// fewer, even none where `from` is all there is.
struct LedgerRangeQuery {
  std::string origin;
  std::uint64_t from = 0;
  std::uint64_t count = kMaxRangeEntries;  // 1 to kMaxRangeEntries

  bool operator==(const LedgerRangeQuery&) const = default;
};

// The consistency proof old_size -> size, 0 <= old_size <= size, 1 <= size. From 0 it is empty.
struct LedgerProofQuery {
  std::string origin;
  std::uint64_t old_size = 0, size = 0;

  bool operator==(const LedgerProofQuery&) const = default;
};

struct CosignQuery {
  std::string body;  // of add-checkpoint (C2SP tlog-witness), 1 to kMaxCosignBytes

  bool operator==(const CosignQuery&) const = default;
};

// The canonical text of `params`.
std::string encode_params(const LedgerRangeQuery& query);
std::string encode_params(const LedgerProofQuery& query);
std::string encode_params(const CosignQuery& query);
ledger::Result<LedgerRangeQuery> parse_ledger_range(std::string_view params);
ledger::Result<LedgerProofQuery> parse_ledger_proof(std::string_view params);
ledger::Result<CosignQuery> parse_cosign(std::string_view params);

// Answer of ledger-range: text/plain. One line {"consistency":[hex…],"from":m,"origin":…}, the entry lines,
// an empty line, the checkpoint's note.
struct LedgerRange {
  std::string origin;
  std::uint64_t from = 0;
  std::vector<std::string> lines;
  ledger::Proof consistency;  // from + lines.size() -> the checkpoint's size; empty where they are equal
  std::string note;           // the newest the answerer can prove, cosignatures included

  bool operator==(const LedgerRange&) const = default;
};
// Precondition: within the bounds above.
std::string encode_answer(const LedgerRange& range);
ledger::Result<LedgerRange> parse_ledger_range_answer(std::string_view text);

// Answer of ledger-proof.
struct LedgerProof {
  std::string origin;
  std::uint64_t old_size = 0, size = 0;
  ledger::Hash old_root{};  // of the first old_size entries, as the answerer holds them
  ledger::Proof consistency;
  std::string note;  // the newest the answerer holds, of any size

  bool operator==(const LedgerProof&) const = default;
};
std::string encode_answer(const LedgerProof& proof);
ledger::Result<LedgerProof> parse_ledger_proof_answer(std::string_view text);

// Answer of cosign, in the status codes of tlog-witness: 200 with cosignature lines, 409 with the size the
// witness knows, 400, 403, 404 or 422 alone; 503 where it has not verified the log that far yet.
struct CosignAnswer {
  int status = 0;
  std::uint64_t known_size = 0;  // 409
  std::string lines;             // 200: whole lines

  bool operator==(const CosignAnswer&) const = default;
};
std::string encode_answer(const CosignAnswer& answer);
ledger::Result<CosignAnswer> parse_cosign_answer(std::string_view text);

}  // namespace edge
