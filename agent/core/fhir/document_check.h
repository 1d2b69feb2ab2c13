// What a receiver checks of a stranger's Bundle: one streaming pass (simdjson) over structure, references,
// uniqueness, narrative and patient that writes the canonical form at the same time, then the signature.
// Never valijson. A differential test keeps these checks equal to schemas/bundle.schema.json and ips-check.
// Pure and thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/core/fhir/prepared.h"
#include "ledger-client/core/jws.h"
#include "ledger-client/core/result.h"

namespace edge::fhir {

enum class BundleType { kDocument, kCollection };

// A Bundle that passed the structural check. Made only by check_bundle.
struct CheckedBundle {
  BundleType type = BundleType::kDocument;
  std::string canonical;                      // without id, meta, signature: what the signature covers
  std::optional<std::string> signature_data;  // Bundle.signature.data decoded: the detached JWS
  std::vector<Identifier> patient_identifiers;
  std::size_t entries = 0;

 private:
  CheckedBundle() = default;
  friend struct CheckedBundleAccess;
};

struct CheckLimits {
  std::size_t max_bytes = 256u << 20;
  std::size_t max_depth = 64;
  std::size_t max_entries = 200'000;
};

// The Problem names the place ("entry[3].resource.subject: reference does not resolve"), never a value.
ledger::Result<CheckedBundle> check_bundle(std::string_view json, const CheckLimits& limits = {});

// Whether the checked patient carries this identifier (system may be empty: value alone).
bool has_identifier(const CheckedBundle& bundle, const Identifier& wanted);

// The signature over the canonical form with the key the federation document holds (or a certificate's key,
// checked by the caller).
ledger::Result<ledger::Done> verify_signature(const CheckedBundle& bundle, const ledger::PublicKey& key);
// The same where `signature` is the parsed signature_data already.
ledger::Result<ledger::Done> verify_signature(const CheckedBundle& bundle,
                                              const ledger::ParsedDetachedJws& signature,
                                              const ledger::PublicKey& key);

}  // namespace edge::fhir
