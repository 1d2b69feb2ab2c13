// What lies beside a bundle that was handed out, in FILE.proof: the sender's signed manifest on a line and,
// where cosignatures came after it, a C2SP tlog-proof of its ledger entry (with the entry as `extra`) below a
// checkpoint that witnesses have cosigned. Pure and thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ledger-client/core/proof_file.h"

namespace edge {

struct BundleProof {
  std::string manifest;                    // JWS
  std::optional<ledger::ProofFile> later;  // the entry in a larger, witnessed tree
};

std::string encode_bundle_proof(const BundleProof& proof);
// Form only, of the part behind the manifest too: nothing is verified.
ledger::Result<BundleProof> parse_bundle_proof(std::string_view text);

}  // namespace edge
