#include "agent/core/exchange.h"

#include <future>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "agent/core/federation_query.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/limits.h"

namespace edge {

namespace {

constexpr std::string_view kFhirJson = "application/fhir+json";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kPlainText = "text/plain";
// Below this, handing the signature to a second thread costs more than it saves.
constexpr std::size_t kParallelBytes = 128 * 1024;
// References of references: Observation → Specimen → Practitioner is the longest chain that occurs.
constexpr int kMaxLinkDepth = 4;
// How often a bundle is made anew because a consent changed while it was made.
constexpr int kMaxAttempts = 3;

template <std::size_t N>
std::array<std::uint8_t, N> random_bytes(const FillRandom& fill) {
  std::array<std::uint8_t, N> bytes{};
  fill(bytes);
  return bytes;
}

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
      !request.query.reason.empty(),
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
    if (ports_.seal_manifest) answer.message = seal_beside(answer.manifest, disclosure.payload.inline_bytes);
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

// On a second thread; on the one that asks for the result, if there can be no other.
std::future<ledger::Bytes> Exchange::seal_beside(const Manifest& manifest,
                                                 ledger::ByteView inline_bytes) const {
  return std::async(
      std::launch::async | std::launch::deferred,
      [seal = ports_.seal_manifest, manifest, inline_bytes] { return seal(manifest, inline_bytes); });
}

Disclosure Exchange::prepare_disclosure(const VerifiedRequest& verified, const std::string& patient_key,
                                        const ConsentDecision& decision) const {
  Disclosure disclosure;
  disclosure.request = &verified;
  disclosure.content_type = kFhirJson;
  disclosure.plaintext_salt = random_bytes<32>(ports_.fill_random);
  disclosure.patient_salt = random_bytes<32>(ports_.fill_random);
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

Outcome<ledger::Done> Exchange::signed_bundle_into(const VerifiedRequest& verified,
                                                   const std::string& patient_key,
                                                   const ConsentDecision& decision,
                                                   const BundleSigner& signer, PayloadSealer& sealer) const {
  auto input = gather(verified, patient_key, decision);
  if (!input) return input.error();
  auto assembled = verified.request().operation == Operation::kEverything ? fhir::assemble_collection(*input)
                                                                          : fhir::assemble(*input);
  if (!assembled) return Refusal{Code::kFailed, "bundle: " + assembled.error().reason};
  const fhir::SignatureInput signature_input{signer.self.signer, signer.self.kid, signer.x5c_der,
                                             settings_.self.address.text(), input->now};
  input->resources = {};  // spliced; a large record is not held twice
  input->linked = {};
  const auto sign = [&] { return fhir::make_signature(assembled->canonical, signature_input); };
  // The signature is the Bundle's last member, so everything before it is compressed and encrypted beside
  // signing.
  const std::string_view text = assembled->text;
  if (text.size() < kParallelBytes) {
    const std::string whole = fhir::splice_signature(std::move(assembled->text), sign());
    sealer.expect(whole.size());
    sealer.write(whole);
    return ledger::Done{};
  }
  auto signing = std::async(std::launch::async, sign);
  sealer.write(text.substr(0, text.size() - 1));
  sealer.write(fhir::splice_signature(std::string(text.substr(text.size() - 1)), signing.get()));
  return ledger::Done{};
}

Outcome<fhir::AssembleInput> Exchange::gather(const VerifiedRequest& verified, const std::string& patient_key,
                                              const ConsentDecision& decision) const {
  const Request& request = verified.request();
  fhir::AssembleInput input;
  std::size_t bytes = 0;
  bool found = false;
  const bool as_they_came = request.operation == Operation::kEverything;
  input.withheld = fhir::Withholding(decision.permitted.list(), settings_.mark_withheld);
  const auto take = [&](fhir::Prepared&& resource) {
    if (input.withheld.takes_out(resource)) return true;
    // Only one of the two forms goes into the bundle; the other would double what is held.
    if (as_they_came) resource.ips = resource.ips_canonical = resource.narrative_row = {};
    bytes += resource.ips.size() + resource.source.size();
    if (resource.kind == "Patient" && resource.key == patient_key) {
      input.patient = std::move(resource);
      found = true;
    } else {
      input.resources.push_back(std::move(resource));
    }
    return bytes <= settings_.max_bundle_bytes;
  };
  if (as_they_came) {
    ports_.records->stream(patient_key, take);
  } else {
    ports_.records->stream_sections(patient_key, take);
  }
  if (bytes > settings_.max_bundle_bytes)
    return Refusal{Code::kTooLarge, "record is larger than limits.bundle_bytes"};
  if (!found) return Refusal{Code::kFailed, "the HIS gave no Patient resource"};
  gather_linked(input);
  if (!settings_.rules.empty()) input.rules = settings_.rules;
  input.sections = request.query.sections;
  input.hospital_name = settings_.hospital_name;
  input.software_version = settings_.software_version;
  input.agent_address = settings_.self.address.text();
  for (std::string* uuid :
       {&input.bundle_uuid, &input.composition_uuid, &input.organization_uuid, &input.device_uuid}) {
    *uuid = make_uuid_v4(random_bytes<16>(ports_.fill_random));
  }
  input.now = ports_.now();
  input.max_bytes = settings_.max_bundle_bytes;
  return input;
}

void Exchange::gather_linked(fhir::AssembleInput& input) const {
  std::unordered_set<std::string> here{input.patient.full_url};
  for (const auto& resource : input.resources) here.insert(resource.full_url);
  std::vector<std::string> wanted;
  const auto want = [&](const fhir::Prepared& resource) {
    for (const std::string& reference : resource.references) {
      if (here.insert(reference).second) wanted.push_back(reference);
    }
  };
  want(input.patient);
  for (const auto& resource : input.resources) want(resource);
  for (int depth = 0; depth < kMaxLinkDepth && !wanted.empty(); ++depth) {
    auto fetched = ports_.records->fetch(wanted);
    wanted.clear();
    for (auto& resource : fetched) {
      // A reference into another patient's record gives nothing of that record away.
      if (!resource.patient_key.empty() && resource.patient_key != input.patient.key) continue;
      if (input.withheld.takes_out(resource)) continue;
      want(resource);
      input.linked.push_back(std::move(resource));
    }
  }
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
