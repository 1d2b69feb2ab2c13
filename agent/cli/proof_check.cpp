#include "agent/cli/bundle_check.h"
#include "agent/cli/failure.h"
#include "agent/core/bundle_proof.h"
#include "agent/core/reply.h"
#include "ledger-client/core/checkpoint.h"
#include "ledger-client/core/entry.h"
#include "ledger-client/core/jws.h"
#include "ledger-client/core/sha256.h"

namespace edge::cli {
namespace {

constexpr std::size_t kMaxManifestBytes = 1u << 20;

[[noreturn]] void refuse(const std::string& what) {
  throw Failure(EX_DATAERR, "proof: " + what, "the values may still be good: verify without the proof");
}

// The manifest, verified with the key that signed the bundle: whoever signed one signed the other.
Manifest signed_manifest(std::string_view proof, const BundleReport& signer) {
  const auto jws = ledger::parse_jws(proof, kMaxManifestBytes);
  if (!jws) refuse(jws.error().reason);
  if (jws->typ != message_type::kManifest) refuse("it is no manifest");
  const auto verified = ledger::verify_jws(*jws, signer.key);
  if (!verified) refuse("it is not signed by the signer of the bundle");
  auto manifest = parse_manifest(verified->payload);
  if (!manifest) refuse(manifest.error().reason);
  if (manifest->envelope.from.text() != signer.signer) refuse("it is of another agent than the bundle");
  return std::move(manifest).value();
}

ledger::BundleIssued issued_entry(const Manifest& manifest) {
  if (!manifest.anchor) refuse("it names no ledger entry");
  const auto entry = ledger::parse_entry(manifest.anchor->entry);
  if (!entry) refuse("ledger entry: " + entry.error().reason);
  const auto issued = ledger::decode_bundle_issued(*entry);
  if (!issued) refuse("ledger entry: " + issued.error().reason);
  return *issued;
}

void check_anchor(const Manifest& manifest, const ledger::Federation& federation, std::size_t bundle_bytes,
                  ProofReport& report) {
  const auto* peer = federation.find(manifest.envelope.from);
  if (!peer) refuse(manifest.envelope.from.text() + " is not in the federation document");
  ManifestExpectation expected{.peer = peer,
                               .self = manifest.envelope.to,
                               .id = manifest.envelope.id,
                               .request_sha256 = manifest.request_sha256,
                               .purpose = issued_entry(manifest).purpose,
                               .witness_quorum = federation.witness_quorum,
                               .witnesses = federation.witness_keys()};
  expected.max_plaintext = bundle_bytes;
  const auto accepted = accept_manifest(manifest, expected);
  if (!accepted) refuse(accepted.error().reason);
  const std::string& origin = accepted->origin;
  const auto checkpoint =
      ledger::open_checkpoint_of(manifest.anchor->checkpoint, origin, peer->log_keys_of(origin));
  if (!checkpoint) refuse("checkpoint: " + checkpoint.error().reason);
  report.anchor_checked = true;
  report.origin = origin;
  report.index = manifest.anchor->index;
  report.entry = manifest.anchor->entry;
  report.checkpoint_size = checkpoint->checkpoint.size;
  report.cosignatures = accepted->cosignatures;
  report.witnessed = accepted->witnessed;
}

// Cosignatures that came after the manifest: the same entry, in a larger tree of the same log.
void check_later(const ledger::ProofFile& later, const ledger::Federation& federation, ProofReport& report) {
  const auto* peer = federation.find_origin(report.origin);
  std::vector<ledger::NoteKey> witnesses;  // nobody witnesses oneself
  for (const auto& key : federation.witness_keys()) {
    if (key.name != peer->address.witness_name()) witnesses.push_back(key);
  }
  const auto opened =
      ledger::open_checkpoint_of(later.note, report.origin, peer->log_keys_of(report.origin), witnesses);
  if (!opened) refuse("later checkpoint: " + opened.error().reason);
  const auto& tree = opened->checkpoint;
  const auto leaf = ledger::leaf_hash(ledger::as_bytes(report.entry));
  if (later.index != report.index ||
      !ledger::verify_inclusion(later.index, tree.size, leaf, later.inclusion, tree.root))
    refuse("the later checkpoint does not cover the ledger entry");
  if (opened->cosigners.size() < report.cosignatures) return;
  report.checkpoint_size = tree.size;
  report.cosignatures = opened->cosigners.size();
  report.witnessed = federation.witness_quorum > 0 && report.cosignatures >= federation.witness_quorum;
}

}  // namespace

ProofReport check_proof(std::string_view bundle, std::string_view proof, const BundleReport& signer,
                        const Trust& trust) {
  const auto parts = parse_bundle_proof(proof);
  if (!parts) refuse(parts.error().reason);
  const Manifest manifest = signed_manifest(parts->manifest, signer);
  if (manifest.plaintext_size != bundle.size() || manifest.plaintext_sha256 != ledger::sha256(bundle))
    refuse("it is about other bytes than these");
  ProofReport report;
  report.from = manifest.envelope.from.text();
  report.to = manifest.envelope.to.text();
  report.request = manifest.envelope.id;
  report.issued = ledger::format_time(manifest.envelope.issued);
  report.bytes = bundle.size();
  if (!trust.federation) return report;
  check_anchor(manifest, *trust.federation, bundle.size(), report);
  if (parts->later) check_later(*parts->later, *trust.federation, report);
  return report;
}

}  // namespace edge::cli
