// What the requester demands of a decrypted answer before it is handed out, now and when it is opened again
// (bundle.md, Receiving).
#include <future>

#include "agent/core/fhir/document_check.h"
#include "agent/core/payload.h"
#include "agent/daemon/bundle_judgement.h"
#include "agent/daemon/requester.h"
#include "agent/daemon/requester_pending.h"
#include "ledger-client/core/sha256.h"
#include "ledger-client/store/kept_note.h"

namespace edge {

namespace {

constexpr std::string_view kFhirJson = "application/fhir+json";
// Below this, handing a hash to a second thread costs more than it saves.
constexpr std::size_t kParallelBytes = 128 * 1024;

}  // namespace

// The hash of a large plaintext is made beside the rest; both must be good before anything is done with it.
Outcome<Requester::Standing> Requester::check_plaintext(const Pending& pending, const std::string& plaintext,
                                                        const Manifest& manifest) {
  const auto when = plaintext.size() < kParallelBytes ? std::launch::deferred : std::launch::async;
  auto hash = std::async(when, [&plaintext] { return ledger::sha256(plaintext); });
  auto good = check_document(pending, plaintext, manifest);
  if (hash.get() != manifest.plaintext_sha256) return Refusal{Code::kMalformed, kAnotherHash};
  return good;
}

Outcome<Requester::Standing> Requester::check_document(const Pending& pending, const std::string& plaintext,
                                                       const Manifest& manifest) {
  const auto malformed = [](std::string why) { return Refusal{Code::kMalformed, std::move(why)}; };
  if (!anchored(pending.row.operation)) return Standing{};
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

Outcome<Requester::Standing> Requester::judge(const Manifest& manifest, const ledger::Address& peer,
                                              const std::string& key_id) const {
  // Verified when the manifest was accepted.
  auto tree = ledger::checkpoint_of(manifest.anchor->checkpoint);
  if (!tree) return Refusal{Code::kMalformed, "anchor: no checkpoint"};
  BundlePlace place{peer, key_id, manifest.anchor->index, std::move(*tree)};
  auto judged = judge_bundle(context_, place);
  if (judged.validity == ledger::Validity::kRefused) {
    const bool revoked = context_.federation()->find(peer)->cutoff_of(key_id).has_value();
    return Refusal{revoked ? Code::kNotAMember : Code::kMalformed, "bundle: " + judged.reason};
  }
  return Standing{std::move(place.key_id), std::move(place.tree), std::move(judged.reason)};
}

Outcome<RequestResult> Requester::open_bundle(const std::string& id) {
  const auto row = store_.find(id);
  if (!row || row->state != OutgoingState::kReceived)
    return Refusal{Code::kNotAvailable, "no received bundle with this id"};
  Pending pending(*row);
  pending.patient = asked_patient(*row);
  // What was taken once stays acceptable, whatever became of its key; check_plaintext judges the bundle.
  const auto accepted = accept(pending, row->manifest, std::nullopt);
  if (!accepted || !*accepted) return Refusal{Code::kFailed, "the stored manifest is no longer acceptable"};
  const Manifest& manifest = accepted->value().manifest;
  PayloadOpener opener(context_.own_identities(), manifest.encoding, manifest.plaintext_size);
  std::optional<ledger::Problem> problem;
  const auto take = [&](ledger::ByteView piece) {
    const auto written = opener.write(piece);
    if (!written) problem = written.error();
    return !problem;
  };
  if (!row->payload.empty()) {
    take(row->payload);
  } else if (!read_inbox(inbox_, id, take)) {
    return Refusal{Code::kNotAvailable, "its ciphertext is no longer in the inbox"};
  }
  if (problem) return Refusal{Code::kFailed, problem->reason};
  auto plaintext = opener.finish_unhashed();
  if (!plaintext) return Refusal{Code::kFailed, plaintext.error().reason};
  const auto good = check_plaintext(pending, *plaintext, manifest);
  if (!good) return Refusal{Code::kFailed, good.error().reason};
  RequestResult result;
  result.received = true;
  result.plaintext = std::move(*plaintext);
  result.manifest = row->manifest;
  result.content_type = manifest.content_type;
  result.plaintext_sha256 = ledger::to_hex(manifest.plaintext_sha256);
  result.issued_index = manifest.anchor ? manifest.anchor->index : 0;
  result.origin = accepted->value().origin;
  result.cosignatures = accepted->value().cosignatures;
  result.witnessed = accepted->value().witnessed;
  result.suspect = good->suspect;
  return result;
}

}  // namespace edge
