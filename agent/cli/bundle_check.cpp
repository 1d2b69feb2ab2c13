#include "agent/cli/bundle_check.h"

#include "agent/adapters/key_files.h"
#include "agent/cli/failure.h"
#include "agent/core/fhir/document_check.h"
#include "ledger-client/core/jws.h"

namespace edge::cli {
namespace {

constexpr std::size_t kMaxSignatureBytes = 64 * 1024;

[[noreturn]] void refuse(const std::string& what) {
  throw Failure(EX_DATAERR, what, "do not rely on this bundle");
}

// `<topic form>#<key id>`, as every signature of an agent names its key.
struct Kid {
  ledger::Address address;
  std::string key_id;
};
Kid parse_kid(const std::string& kid) {
  const auto hash = kid.find('#');
  const auto address = ledger::Address::from_topic_form(kid.substr(0, hash));
  if (hash == std::string::npos || !address) refuse("signature: its kid names no agent");
  return {*address, kid.substr(hash + 1)};
}

ledger::PublicKey certified_key(const ledger::ParsedDetachedJws& jws, const Kid& kid,
                                const std::filesystem::path& ca) {
  if (jws.x5c.empty()) refuse("signature: it carries no certificate");
  const auto at = ledger::parse_time(jws.sig_t);
  if (!at) refuse("signature: its time is not understood");
  // That a certificate ended later takes nothing from what was signed before.
  const auto certified = verify_certificate(jws.x5c, ca, *at);
  if (!certified) refuse("certificate: " + certified.error().reason + ", when it was signed at " + jws.sig_t);
  if (certified->address != kid.address.text())
    refuse("certificate: it is of another agent than the signature names");
  return certified->key;
}

ledger::PublicKey federation_key(const ledger::ParsedDetachedJws& jws, const Kid& kid,
                                 const ledger::Federation& federation) {
  const auto* member = federation.find(kid.address);
  if (!member) refuse("signature: " + kid.address.text() + " is not in the federation document");
  const auto at = ledger::parse_time(jws.sig_t);
  if (!at) refuse("signature: its time is not understood");
  // Whether the federation revoked the key later is a question of places (check_key_standing), not of clocks.
  const auto* listed = member->find_key(kid.key_id);
  const bool valid = listed && listed->use == ledger::KeyUse::kSign && listed->from <= *at &&
                     (!listed->to || *at < *listed->to);
  const auto key = valid ? ledger::parse_sign_key(listed->public_text) : std::nullopt;
  if (!key)
    refuse("signature: " + kid.key_id + " was no valid signing key of " + kid.address.text() +
           " at that time");
  return *key;
}

}  // namespace

BundleReport check_signed_bundle(std::string_view bundle, const Trust& trust) {
  const auto checked = fhir::check_bundle(bundle);
  if (!checked) refuse("structure: " + checked.error().reason);
  if (!checked->signature_data) refuse("signature: the bundle carries none");
  const auto jws = ledger::parse_detached_jws(*checked->signature_data, kMaxSignatureBytes);
  if (!jws) refuse("signature: " + jws.error().reason);
  const Kid kid = parse_kid(jws->kid);

  BundleReport report;
  report.type = checked->type == fhir::BundleType::kDocument ? "document" : "collection";
  report.entries = checked->entries;
  report.signer = kid.address.text();
  report.key_id = kid.key_id;
  report.signed_at = jws->sig_t;
  const auto verify = [&](const ledger::PublicKey& key, const char* voucher) {
    const auto valid = fhir::verify_signature(*checked, key);
    if (!valid) refuse("signature: " + valid.error().reason + " (key of the " + voucher + ")");
    report.vouched_by.emplace_back(voucher);
    report.key = key;
  };
  if (trust.ca) verify(certified_key(*jws, kid, *trust.ca), "certificate");
  if (trust.federation) verify(federation_key(*jws, kid, *trust.federation), "federation");
  return report;
}

}  // namespace edge::cli
