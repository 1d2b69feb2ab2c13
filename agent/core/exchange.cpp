#include "agent/core/exchange.h"

#include <nlohmann/json.hpp>

#include "agent/core/federation_query.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/limits.h"
#include "ledger-client/core/plain_text.h"

namespace edge {

namespace {

constexpr std::string_view kFhirJson = "application/fhir+json";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kPlainText = "text/plain";
// How often a bundle is made anew because a consent changed while it was made.
constexpr int kMaxAttempts = 3;

}  // namespace

std::string canonical_patient(const fhir::Identifier& identifier) {
  nlohmann::json patient{{"value", identifier.value}};
  if (!identifier.system.empty()) patient["system"] = identifier.system;
  return ledger::canonical_json(patient);
}

Exchange::Exchange(ExchangeSettings settings, ExchangePorts ports)
    : settings_(std::move(settings)), ports_(std::move(ports)) {}

ExchangeOutcome Exchange::handle(const VerifiedRequest& verified, RefusalNote* note) const {
  RefusalNote unread;
  const Request& request = verified.request();
  if (const auto known = ports_.log->known(request.envelope.from, request.envelope.id)) {
    if (known->sha256 == verified.sha256()) return Repeated{*known};
    return Refusal{Code::kReplayed, "the id was used by another request of this peer"};
  }
  try {
    if (request.operation == Operation::kPing) {
      return unanchored(
          verified, ledger::canonical_json({{"pong", true}, {"version", settings_.software_version}}), kJson);
    }
    if (about_ledger(request.operation)) return answer_from_ledgers(verified);
    return answer_about_patient(verified, note != nullptr ? *note : unread);
  } catch (const Unavailable& unavailable) {
    return Refusal{Code::kFailed, unavailable.what()};
  }
}

ConsentFacts Exchange::facts_of(const VerifiedRequest& verified, const std::string& patient_key) const {
  const Request& request = verified.request();
  ConsentFacts facts{
      request.envelope.from,
      ports_.member_status ? ports_.member_status(request.envelope.from) : verified.sender().status,
      patient_key,
      request.purpose,
      request.operation == Operation::kEverything ? SectionSet::all() : SectionSet::document(),
      ports_.now(),
      ledger::says_something(request.query.reason),
      may_break_glass()};
  if (!request.query.sections.empty()) {
    facts.asked = {};
    for (const fhir::Section section : request.query.sections) facts.asked.add(section);
  }
  return facts;
}

bool Exchange::may_break_glass() const {
  return settings_.break_glass_allowed && (!ports_.break_glass_stands || ports_.break_glass_stands());
}

bool Exchange::still_permits(const ledger::Address& peer, const GivenAnswer& given) const {
  // Who is no member any more is stopped by whoever sends.
  const auto member = ports_.member_status ? ports_.member_status(peer) : ledger::MemberStatus::kActive;
  const ConsentFacts facts{peer,           member,       given.patient,      given.purpose,
                           given.sections, ports_.now(), given.reason_given, may_break_glass()};
  return decide(given.consents, facts, settings_.groups).permitted.contains(given.sections);
}

ExchangeOutcome Exchange::answer_about_patient(const VerifiedRequest& verified, RefusalNote& note) const {
  // The look-up comes before the decision, so that both ways cost the same.
  const PatientLookup lookup = ports_.records->find(verified.request().query.patient);
  const auto* found = std::get_if<PatientFound>(&lookup);
  const std::string key = found ? found->key : std::string();
  note.patient_key = key;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const ConsentFacts facts = facts_of(verified, key);
    const ConsentDecision decision = decide(ports_.consents->consents_of(key), facts, settings_.groups);
    note.consents = deciding_consents(decision);
    if (std::holds_alternative<PatientUnknown>(lookup))
      return Refusal{Code::kNotAvailable, "patient unknown"};
    if (std::holds_alternative<PatientAmbiguous>(lookup))
      return Refusal{Code::kNotAvailable, "identifier fits several patients"};
    if (facts.member != ledger::MemberStatus::kActive)
      return Refusal{Code::kNotAMember, explain(decision, facts)};
    if (decision.refused()) return Refusal{Code::kNotAvailable, explain(decision, facts)};
    if (auto outcome = disclose(verified, key, decision)) return std::move(*outcome);
  }
  return Refusal{Code::kFailed, "consents or the signing key changed again and again"};
}

// The params were verified with the request.
ExchangeOutcome Exchange::answer_versions(const VerifiedRequest& verified) const {
  if (!ports_.federation_versions) return Refusal{Code::kUnsupported, "no federation document is shown here"};
  const auto query = parse_federation_range(verified.request().params).value();
  return unanchored(verified, encode_federation_versions(ports_.federation_versions(query.from, query.count)),
                    kJson);
}

ExchangeOutcome Exchange::answer_from_ledgers(const VerifiedRequest& verified) const {
  const Request& request = verified.request();
  if (request.operation == Operation::kFederationRange) return answer_versions(verified);
  if (ports_.ledgers == nullptr) return Refusal{Code::kUnsupported, "no ledger is shown here"};
  const bool range = request.operation == Operation::kLedgerRange;
  auto text = range ? ports_.ledgers->range(parse_ledger_range(request.params).value())
              : request.operation == Operation::kLedgerProof
                  ? ports_.ledgers->proof(parse_ledger_proof(request.params).value())
                  : ports_.ledgers->cosign(verified.sender(), parse_cosign(request.params).value());
  if (!text) return text.error();
  return unanchored(verified, *text, range ? kPlainText : kJson);
}

ExchangeOutcome Exchange::unanchored(const VerifiedRequest& verified, std::string_view text,
                                     std::string_view content_type) const {
  const auto recipient = age::Recipient::parse(verified.sender().age_recipient().value_or(""));
  if (!recipient) return Refusal{Code::kFailed, "peer has no usable age recipient"};
  ledger::Bytes ciphertext;
  PayloadSealer sealer(agree(*recipient), [&ciphertext](ledger::ByteView bytes) {
    ciphertext.insert(ciphertext.end(), bytes.begin(), bytes.end());
  });
  sealer.expect(text.size());
  sealer.write(text);
  StoredPayload payload;
  payload.seal = sealer.finish();
  const bool inlined = ciphertext.size() <= ledger::limits::kInlineBytes;
  if (!inlined) ciphertext.shrink_to_fit();  // it is kept, and counted by its size
  (inlined ? payload.inline_bytes : payload.memory) = std::move(ciphertext);
  Manifest manifest = manifest_for(verified, payload, std::string(content_type));
  return Answer{std::move(manifest), std::move(payload), {}, verified.request().envelope.fed};
}

age::Agreement Exchange::agree(const age::Recipient& recipient) const {
  return ports_.agree ? ports_.agree(recipient) : age::Agreement(recipient);
}

std::optional<ExchangeOutcome> Exchange::disclose(const VerifiedRequest& verified,
                                                  const std::string& patient_key,
                                                  const ConsentDecision& decision) const {
  const auto recipient = age::Recipient::parse(verified.sender().age_recipient().value_or(""));
  if (!recipient) return Refusal{Code::kFailed, "peer has no usable age recipient"};

  const std::unique_ptr<SpoolWriter> writer = ports_.spool->begin();
  PayloadSealer sealer(agree(*recipient), [&writer](ledger::ByteView bytes) { writer->write(bytes); });
  const BundleSigner signer =
      ports_.bundle_signer ? ports_.bundle_signer() : BundleSigner{settings_.self, settings_.x5c_der};
  if (const auto written = signed_bundle_into(verified, patient_key, decision, signer, sealer); !written)
    return written.error();

  Disclosure disclosure = prepare_disclosure(verified, patient_key, decision);
  disclosure.signer_kid = signer.self.kid;
  disclosure.payload.seal = sealer.finish();
  writer->finish(disclosure.payload);
  disclosure.plaintext_commitment = ledger::commitment(disclosure.plaintext_salt, ledger::kCommitPlaintext,
                                                       disclosure.payload.seal.plaintext_sha256);

  // Its message is made while the entry goes to the disk.
  Answer answer{manifest_for(verified, disclosure.payload, disclosure.content_type),
                {},
                {},
                verified.request().envelope.fed};
  answer.manifest.salt = disclosure.plaintext_salt;
  disclosure.sealed = [&](const Anchor& anchor) {
    answer.manifest.anchor = anchor;
    if (ports_.seal_manifest)
      answer.message = ports_.seal_manifest(answer.manifest, disclosure.payload.inline_bytes);
  };
  // Nothing leaves before this returns: the entry is durable and signed.
  const IssueOutcome outcome = ports_.log->issue(disclosure);
  const auto* issued = std::get_if<Issued>(&outcome);
  if (!issued) {
    writer->discard();
    if (const auto* refusal = std::get_if<Refusal>(&outcome)) return *refusal;
    return std::nullopt;
  }
  answer.break_glass_entry = issued->break_glass_entry;
  answer.payload = std::move(disclosure.payload);
  return answer;
}

Disclosure Exchange::prepare_disclosure(const VerifiedRequest& verified, const std::string& patient_key,
                                        const ConsentDecision& decision) const {
  Disclosure disclosure;
  disclosure.request = &verified;
  disclosure.content_type = kFhirJson;
  ports_.fill_random(disclosure.plaintext_salt);
  ports_.fill_random(disclosure.patient_salt);
  disclosure.patient_commitment =
      ledger::commitment(disclosure.patient_salt, ledger::kCommitPatient,
                         ledger::as_bytes(canonical_patient(verified.request().query.patient)));
  disclosure.patient_key = patient_key;
  disclosure.decision = decision;
  disclosure.decide_again = [this, &verified, patient_key](const std::vector<Consent>& consents) {
    return decide(consents, facts_of(verified, patient_key), settings_.groups);
  };
  return disclosure;
}

Manifest Exchange::manifest_for(const VerifiedRequest& verified, const StoredPayload& payload,
                                std::string content_type) const {
  const Envelope& asked = verified.request().envelope;
  const auto& ciphertext = payload.seal.ciphertext;
  const bool inlined = ciphertext.size <= ledger::limits::kInlineBytes;
  return {{asked.id, settings_.self.address, asked.from, verified.fed(), ports_.now()},
          verified.sha256(),
          std::move(content_type),
          "zstd",
          payload.seal.plaintext_size,
          payload.seal.plaintext_sha256,
          ciphertext.size,
          ciphertext.sha256,
          ledger::limits::kChunkBytes,
          inlined ? 0 : (ciphertext.size + ledger::limits::kChunkBytes - 1) / ledger::limits::kChunkBytes,
          ciphertext.merkle_root,
          std::nullopt,
          std::nullopt};
}

}  // namespace edge
