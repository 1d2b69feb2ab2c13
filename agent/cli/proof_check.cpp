#include "agent/cli/bundle_check.h"
#include "agent/cli/failure.h"
#include "agent/core/reply.h"
#include "ledger-client/core/entry.h"
#include "ledger-client/core/jws.h"
#include "ledger-client/core/sha256.h"

namespace edge::cli {
namespace {

constexpr std::size_t kMaxManifestBytes = 1u << 20;

[[noreturn]] void refuse(const std::string& what) {
  throw Failure(EX_DATAERR, "proof: " + what, "the values may still be good: verify without the proof");
}

std::string_view trimmed(std::string_view text) {
  const auto last = text.find_last_not_of(" \r\n");
  return last == std::string_view::npos ? std::string_view{} : text.substr(0, last + 1);
}

// The manifest, verified with the key that signed the bundle: whoever signed one signed the other.
Manifest signed_manifest(std::string_view proof, const BundleReport& signer) {
  const auto jws = ledger::parse_jws(trimmed(proof), kMaxManifestBytes);
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
  const auto checkpoint = ledger::open_checkpoint(manifest.anchor->checkpoint, peer->log_key().value());
  if (!checkpoint) refuse("checkpoint: " + checkpoint.error().reason);
  report.anchor_checked = true;
  report.origin = checkpoint->checkpoint.origin;
  report.index = manifest.anchor->index;
  report.entry = manifest.anchor->entry;
  report.checkpoint_size = checkpoint->checkpoint.size;
  report.cosignatures = accepted->cosignatures;
}

}  // namespace

ProofReport check_proof(std::string_view bundle, std::string_view proof, const BundleReport& signer,
                        const Trust& trust) {
  const Manifest manifest = signed_manifest(proof, signer);
  if (manifest.plaintext_size != bundle.size() || manifest.plaintext_sha256 != ledger::sha256(bundle))
    refuse("it is about other bytes than these");
  ProofReport report;
  report.from = manifest.envelope.from.text();
  report.to = manifest.envelope.to.text();
  report.request = manifest.envelope.id;
  report.issued = ledger::format_time(manifest.envelope.issued);
  report.bytes = bundle.size();
  if (trust.federation) check_anchor(manifest, *trust.federation, bundle.size(), report);
  return report;
}

}  // namespace edge::cli
