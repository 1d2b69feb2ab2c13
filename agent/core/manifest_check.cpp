// What a receiver demands of a manifest (bundle.md, Receiving).
#include <algorithm>

#include "agent/core/reply.h"
#include "agent/core/transfer/chunk.h"
#include "ledger-client/core/limits.h"

namespace edge {

using ledger::Problem;

namespace {

std::string check_shape(const Manifest& manifest, const ManifestExpectation& expected) {
  if (manifest.encoding != "zstd" && manifest.encoding != "identity") return "unknown encoding";
  if (manifest.plaintext_size > expected.max_plaintext) return "plaintext larger than limits.bundle_bytes";
  if (manifest.ciphertext_size >
      expected.max_plaintext + expected.max_plaintext / 64 + expected.max_ciphertext_overhead) {
    return "ciphertext larger than its plaintext can be";
  }
  if (manifest.ciphertext_size == 0) return "no ciphertext";
  if (manifest.chunk_size != ledger::limits::kChunkBytes) return "another chunk size than version 1 has";
  const bool inlined = manifest.ciphertext_size <= ledger::limits::kInlineBytes;
  if (manifest.chunk_count != (inlined ? 0 : chunk_count(manifest.ciphertext_size)))
    return "chunk count does not fit the size";
  if (expected.anchored != manifest.anchor.has_value() || expected.anchored != manifest.salt.has_value()) {
    return expected.anchored ? "no anchor or salt" : "anchor or salt where there must be none";
  }
  return {};
}

std::string check_entry(const Manifest& manifest, const ManifestExpectation& expected,
                        const ledger::Entry& entry) {
  if (entry.index != manifest.anchor->index) return "entry has another index";
  // Also of a log that was retired since: what is anchored there stays so.
  if (expected.peer->log_keys_of(entry.origin).empty()) return "entry is of another log";
  if (expected.fresh && entry.origin != expected.peer->newest_origin())
    return "entry is of a log that was retired";
  const auto issued = ledger::decode_bundle_issued(entry);
  if (!issued) return issued.error().reason;
  if (issued->request != expected.id) return "entry is for another request";
  if (issued->to != expected.self.text()) return "entry is for another receiver";
  if (issued->purpose != expected.purpose) return "entry names another purpose";
  if (issued->ciphertext_sha256 != manifest.ciphertext_sha256 ||
      issued->merkle_root != manifest.merkle_root || issued->size != manifest.ciphertext_size) {
    return "entry is about other bytes";
  }
  const auto opened = ledger::commitment(*manifest.salt, ledger::kCommitPlaintext, manifest.plaintext_sha256);
  return opened == issued->plaintext_commitment ? "" : "plaintext commitment does not open";
}

struct Anchored {
  std::string origin;
  std::uint64_t cosignatures = 0;
};

ledger::Result<Anchored> check_anchor(const Manifest& manifest, const ManifestExpectation& expected) {
  const Anchor& anchor = *manifest.anchor;
  const auto entry = ledger::parse_entry(anchor.entry);
  if (!entry) return Problem{"anchor: " + entry.error().reason};
  if (const auto why = check_entry(manifest, expected, *entry); !why.empty())
    return Problem{"anchor: " + why};
  std::vector<ledger::NoteKey> witnesses;  // nobody witnesses oneself
  std::copy_if(expected.witnesses.begin(), expected.witnesses.end(), std::back_inserter(witnesses),
               [&](const auto& key) { return key.name != expected.peer->address.witness_name(); });
  const auto checkpoint = ledger::open_checkpoint_of(anchor.checkpoint, entry->origin,
                                                     expected.peer->log_keys_of(entry->origin), witnesses);
  if (!checkpoint) return Problem{"anchor: " + checkpoint.error().reason};
  const auto& tree = checkpoint->checkpoint;
  const auto leaf = ledger::leaf_hash(ledger::as_bytes(anchor.entry));
  if (!ledger::verify_inclusion(anchor.index, tree.size, leaf, anchor.inclusion, tree.root)) {
    return Problem{"anchor: inclusion proof does not lead to the checkpoint's root"};
  }
  return Anchored{entry->origin, checkpoint->cosigners.size()};
}

}  // namespace

ledger::Result<AcceptedManifest> accept_manifest(Manifest manifest, const ManifestExpectation& expected) {
  const Envelope& envelope = manifest.envelope;
  if (envelope.from != expected.peer->address || envelope.to != expected.self || envelope.id != expected.id) {
    return Problem{"manifest: other addresses or id than the topic's"};
  }
  if (manifest.request_sha256 != expected.request_sha256) return Problem{"manifest: answers another request"};
  if (const auto why = check_shape(manifest, expected); !why.empty()) return Problem{"manifest: " + why};
  Anchored anchored;
  if (expected.anchored) {
    auto checked = check_anchor(manifest, expected);
    if (!checked) return checked.error();
    anchored = std::move(*checked);
  }
  const bool witnessed = expected.witness_quorum > 0 && anchored.cosignatures >= expected.witness_quorum;
  return AcceptedManifest{std::move(manifest), std::move(anchored.origin), anchored.cosignatures, witnessed};
}

}  // namespace edge
