// What the requester demands of a decrypted answer before it is handed out (bundle.md, Receiving).
#include <algorithm>
#include <future>

#include "agent/core/fhir/document_check.h"
#include "agent/core/payload.h"
#include "agent/daemon/requester.h"
#include "agent/daemon/requester_pending.h"
#include "ledger-client/core/sha256.h"

namespace edge {

namespace {

constexpr std::string_view kFhirJson = "application/fhir+json";
// Below this, handing a hash to a second thread costs more than it saves.
constexpr std::size_t kParallelBytes = 128 * 1024;

}  // namespace

// The hash of a large plaintext is made beside the rest; both must be good before anything is done with it.
Outcome<std::string> Requester::check_plaintext(const Pending& pending, const std::string& plaintext,
                                                const Manifest& manifest) {
  const auto when = plaintext.size() < kParallelBytes ? std::launch::deferred : std::launch::async;
  auto hash = std::async(when, [&plaintext] { return ledger::sha256(plaintext); });
  auto good = check_document(pending, plaintext, manifest);
  if (hash.get() != manifest.plaintext_sha256) return Refusal{Code::kMalformed, kAnotherHash};
  return good;
}

Outcome<std::string> Requester::check_document(const Pending& pending, const std::string& plaintext,
                                               const Manifest& manifest) {
  const auto malformed = [](std::string why) { return Refusal{Code::kMalformed, std::move(why)}; };
  if (!anchored(pending.row.operation)) return std::string();
  if (manifest.content_type != kFhirJson)
    return malformed("bundle: another content type than application/fhir+json");
  fhir::CheckLimits limits;
  limits.max_bytes = context_.config->limits.bundle_bytes;
  const auto bundle = fhir::check_bundle(plaintext, limits);
  if (!bundle) return malformed(bundle.error().reason);
  if (!bundle->signature_data) return malformed("bundle: no signature");
  const auto jws = ledger::parse_detached_jws(*bundle->signature_data, kMaxSignedBytes);
  if (!jws) return malformed(jws.error().reason);
  const std::string prefix = make_kid(pending.row.peer, "");
  const auto federation = context_.federation();
  const ledger::Member* member = federation->find(pending.row.peer);
  // Whether it counts still is a question of its place in the peer's log, not of the time.
  const auto* listed = member != nullptr && jws->kid.starts_with(prefix)
                           ? member->find_key(jws->kid.substr(prefix.size()))
                           : nullptr;
  const auto key = listed != nullptr && listed->use == ledger::KeyUse::kSign
                       ? ledger::parse_sign_key(listed->public_text)
                       : std::nullopt;
  if (!key) return malformed("bundle: signed with a key the federation document does not hold for the peer");
  if (const auto verified = fhir::verify_signature(*bundle, *jws, *key); !verified)
    return malformed(verified.error().reason);
  const bool document = bundle->type == fhir::BundleType::kDocument;
  if (document != (pending.row.operation == Operation::kSummary))
    return malformed("bundle: another type than the operation gives");
  if (!fhir::has_identifier(*bundle, pending.patient))
    return malformed("bundle: about another patient than asked for");
  return judge(manifest, pending.row.peer, listed->id);
}

Outcome<std::string> Requester::judge(const Manifest& manifest, const ledger::Address& peer,
                                      const std::string& key_id) const {
  const auto entry = ledger::parse_entry(manifest.anchor->entry);
  const auto federation = context_.federation();
  const auto cutoff = federation->find(peer)->cutoff_of(key_id);
  const auto end = entry ? context_.key_end(entry->origin, key_id) : std::nullopt;
  if (!end && !cutoff) return std::string();
  const auto log_keys = federation->log_keys_of(entry ? entry->origin : "");
  const auto tree = ledger::open_checkpoint_of(manifest.anchor->checkpoint, entry->origin, log_keys);
  std::optional<ledger::AnchoredAt> place;
  if (tree) {
    place = ledger::AnchoredAt{manifest.anchor->index, tree->checkpoint, {}};
    if (cutoff && cutoff->size != tree->checkpoint.size) {
      const auto [smaller, larger] = std::minmax(cutoff->size, tree->checkpoint.size);
      place->consistency = context_.consistency(entry->origin, smaller, larger);
    }
  }
  auto judged = ledger::judge_signature(place, end, cutoff);
  if (judged.validity == ledger::Validity::kRefused)
    return Refusal{cutoff ? Code::kNotAMember : Code::kMalformed, "bundle: " + key_id + ": " + judged.reason};
  return judged.validity == ledger::Validity::kSuspect ? std::move(judged.reason) : std::string();
}

}  // namespace edge
