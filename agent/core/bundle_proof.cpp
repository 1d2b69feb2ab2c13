#include "agent/core/bundle_proof.h"

namespace edge {

std::string encode_bundle_proof(const BundleProof& proof) {
  if (!proof.later) return proof.manifest;
  return proof.manifest + '\n' + ledger::encode_proof_file(*proof.later);
}

ledger::Result<BundleProof> parse_bundle_proof(std::string_view text) {
  const auto end = text.find('\n');
  std::string_view manifest = text.substr(0, end);
  while (!manifest.empty() && (manifest.back() == ' ' || manifest.back() == '\r')) manifest.remove_suffix(1);
  BundleProof proof{std::string(manifest), {}};
  const std::string_view rest = end == text.npos ? std::string_view{} : text.substr(end + 1);
  if (rest.find_first_not_of(" \r\n") == rest.npos) return proof;
  auto later = ledger::parse_proof_file(rest);
  if (!later) return ledger::Problem{"behind the manifest: " + later.error().reason};
  proof.later = std::move(*later);
  return proof;
}

}  // namespace edge
