// Answers and what follows them (wire.md, An answer): manifest, error, acknowledgement, receipt. Encoding and
// strict decoding of each in one place. Pure and thread-safe.
#pragma once

#include <vector>

#include "agent/core/envelope.h"
#include "ledger-client/core/checkpoint.h"
#include "ledger-client/core/commitment.h"
#include "ledger-client/core/entry_rules.h"
#include "ledger-client/core/proof.h"

namespace edge {

// Where the answer stands in the sender's log.
struct Anchor {
  std::string entry;  // the line
  std::uint64_t index = 0;
  ledger::Proof inclusion;
  std::string checkpoint;  // note, with cosignatures where there are some
};

struct Manifest {
  Envelope envelope;
  ledger::Hash request_sha256{};
  std::string content_type{};
  std::string encoding{};  // "zstd" or "identity"
  std::uint64_t plaintext_size = 0;
  ledger::Hash plaintext_sha256{};
  std::uint64_t ciphertext_size = 0;
  ledger::Hash ciphertext_sha256{};
  std::uint64_t chunk_size = 0;
  std::uint64_t chunk_count = 0;  // 0: the ciphertext travels inline
  ledger::Hash merkle_root{};
  std::optional<ledger::Salt> salt{};  // of the plaintext commitment; anchored answers only
  std::optional<Anchor> anchor{};
};
std::string sign_manifest(const Manifest& manifest, const LocalIdentity& self);
ledger::Result<Manifest> parse_manifest(std::string_view payload);

// The age plaintext of a manifest message: u32 big endian length || JWS || inline ciphertext.
ledger::Bytes frame_manifest(std::string_view jws, ledger::ByteView inline_ciphertext);
struct FramedManifest {
  std::string_view jws;
  ledger::ByteView inline_ciphertext;
};
ledger::Result<FramedManifest> unframe_manifest(ledger::ByteView plaintext);

// What a receiver demands of a manifest before it takes a single chunk.
struct ManifestExpectation {
  const ledger::Member* peer = nullptr;  // the member that was asked
  ledger::Address self;
  std::string id;
  ledger::Hash request_sha256{};
  std::string purpose;
  bool anchored = true;  // summary and everything
  std::uint64_t witness_quorum = 0;
  std::vector<ledger::NoteKey> witnesses;
  std::uint64_t max_plaintext = 0;
  std::size_t max_ciphertext_overhead = 1 << 20;
  // It arrives now: nothing new is anchored in a log that its owner has retired. What was accepted once
  // stays.
  bool fresh = false;
};
struct AcceptedManifest {
  Manifest manifest;
  std::string origin;  // of the log that anchors it; empty without an anchor
  std::uint64_t cosignatures = 0;
  bool witnessed = false;  // a quorum of them
};
ledger::Result<AcceptedManifest> accept_manifest(Manifest manifest, const ManifestExpectation& expected);

struct ErrorReply {
  Envelope envelope;
  ledger::Hash request_sha256{};
  Code code = Code::kFailed;
};
// The payload carries a FHIR OperationOutcome with the code; the true reason never leaves.
std::string sign_error(const ErrorReply& error, const LocalIdentity& self);
ledger::Result<ErrorReply> parse_error(std::string_view payload);

struct Ack {
  Envelope envelope;
  std::uint64_t next = 0;              // every chunk below it is here, but for `missing`
  std::vector<std::uint64_t> missing;  // ascending, at most kMaxMissing
};
inline constexpr std::size_t kMaxMissing = 256;
std::string sign_ack(const Ack& ack, const LocalIdentity& self);
ledger::Result<Ack> parse_ack(std::string_view payload);

struct Receipt {
  Envelope envelope;
  ledger::Hash request_sha256{}, ciphertext_sha256{}, plaintext_sha256{};
};
std::string sign_receipt(const Receipt& receipt, const LocalIdentity& self);
ledger::Result<Receipt> parse_receipt(std::string_view payload);

}  // namespace edge
