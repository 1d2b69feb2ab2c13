#include "agent/daemon/control/consent_commands.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/core/purpose.h"
#include "agent/daemon/control/consent_effect.h"
#include "agent/daemon/control/consent_json.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/jws.h"

namespace edge {

using nlohmann::json;

namespace {

// The patient's own signature over the canonical document, with a key given beside it.
void check_signature(const std::string& document, const std::string& signature, const std::string& key_text) {
  const auto key = ledger::parse_sign_key(key_text);
  if (!key) throw CallError{"usage", "the patient's key is not an Ed25519 public key in base64url", ""};
  const auto jws = ledger::parse_detached_jws(signature, 64 * 1024);
  if (!jws || !ledger::verify_detached_jws(*jws, document, *key))
    throw CallError{"unverified", "the signature does not verify over the consent's canonical JSON",
                    "it must be a detached JWS, EdDSA, by the key given"};
}

}  // namespace

PeerGroups groups_of(const Config& config) {
  PeerGroups out;
  for (const PeerGroup& group : config.groups) out[group.name] = group.peers;
  return out;
}

ConsentCommands::ConsentCommands(const Context& context, ConsentStore& consents, BreakGlassStore& glass,
                                 his::SqliteStore& records, ConsentSync& from_his, ApprovalStore& approvals)
    : context_(context),
      consents_(consents),
      glass_(glass),
      records_(records),
      from_his_(from_his),
      approvals_(approvals) {
  use(*context.config);
}

void ConsentCommands::use(const Config& config) {
  const std::lock_guard lock(mutex_);
  policy_ = {groups_of(config), config.break_glass.allow};
}

ConsentCommands::Policy ConsentCommands::policy() const {
  const std::lock_guard lock(mutex_);
  return policy_;
}

bool ConsentCommands::handle(const json& call, ControlChannel& channel) {
  const std::string command = call.value("command", ""), id = call.value("id", "");
  const auto answer = [&](const json& result) {
    channel.send('R', result.dump());
    return true;
  };
  if (command == "consent.grant") return grant(call, channel), true;
  if (command == "consent.import") return import(call, channel), true;
  if (command == "consent.list") return list(call, channel), true;
  if (command == "consent.export") return export_one(call, channel), true;
  if (command == "consent.explain") return explain_one(call, channel), true;
  if (command == "consent.revoke") return answer(row_json(checked(consents_.revoke(id))));
  if (command == "consent.forget") return answer(row_json(checked(consents_.forget(id))));
  if (command == "consent.sync") {
    const ConsentSync::Done done = from_his_.sync();
    return answer({{"granted", done.granted}, {"revoked", done.revoked}, {"unreadable", done.unreadable}});
  }
  if (command == "break-glass.list") return channel.send('R', list_glass(call)), true;
  if (command == "break-glass.review") return review(call, channel), true;
  return false;
}

ConsentCommands::Subject ConsentCommands::find_patient(ControlChannel& channel) const {
  const json patient = receive_patient(channel);
  if (patient.value("any", false)) return {std::nullopt, std::string(ledger::kAnyPatient), {true, {}, ""}};
  fhir::ConsentDocument document;
  document.subject.identifier = identifier_of(patient);
  return subject_of(document);
}

// A consent must be about exactly one patient of this hospital.
ConsentCommands::Subject ConsentCommands::subject_of(const fhir::ConsentDocument& document) const {
  const fhir::ConsentSubject& written = document.subject;
  if (written.any) return {std::nullopt, std::string(ledger::kAnyPatient), written};
  const fhir::Identifier identifier =
      written.identifier.value.empty() ? fhir::Identifier{"", written.reference} : written.identifier;
  const PatientLookup lookup = records_.find_here(identifier);
  if (const auto* found = std::get_if<PatientFound>(&lookup))
    return {found->key, canonical_patient(identifier), written};
  if (std::holds_alternative<PatientAmbiguous>(lookup))
    throw CallError{"not-found", "the identifier fits several patients", "give it with its system"};
  throw CallError{"not-found", "no patient carries this identifier",
                  "`ehr-agent his list` shows who is there"};
}

void ConsentCommands::check_groups(const std::vector<ConsentRule>& rules) const {
  const PeerGroups groups = policy().groups;
  for (const auto& rule : rules)
    for (const auto& group : rule.groups)
      if (!groups.contains(group))
        throw CallError{"usage", "no [[group]] of the configuration is called `" + group + "`",
                        "`ehr-agent config show` lists them"};
}

void ConsentCommands::grant(const json& call, ControlChannel& channel) {
  const Subject subject = find_patient(channel);
  NewConsent consent;
  consent.rules = {rule_of(call)};
  check_groups(consent.rules);
  std::array<std::uint8_t, 16> random{};
  context_.fill_random(random);
  consent.document =
      fhir::write_consent({make_uuid_v4(random), subject.written, true, consent.rules}, context_.now());
  consent.patient_key = subject.key;
  consent.patient = subject.canonical;
  consent.source = consent_source::kGranted;
  attest(context_, consent);
  record(consent, channel);
}

void ConsentCommands::record(const NewConsent& consent, ControlChannel& channel) {
  const ConsentRow row = checked(consents_.grant(consent));
  json out = row_json(row);
  const auto concerned = consent.patient_key ? consents_.consents_of(*consent.patient_key) : consents_.all();
  out.update(effect_json(row, concerned, policy().groups, context_.now()));
  channel.send('R', out.dump());
}

void ConsentCommands::import(const json& call, ControlChannel& channel) {
  const std::string text = receive_data(channel, "consent");
  const auto document = fhir::read_consent(text);
  if (!document)
    throw CallError{"invalid", document.error().reason,
                    "nothing was imported; what can't be represented is never guessed"};
  if (!document->active)
    throw CallError{"invalid", "the consent's status says that it is not in force",
                    "`ehr-agent consent revoke ID` ends one that is"};
  const Subject subject = subject_of(*document);
  NewConsent consent{canonical_consent(text),
                     document->rules,
                     subject.key,
                     subject.canonical,
                     std::string(consent_source::kFile),
                     "",
                     "",
                     "",
                     "",
                     ""};
  check_groups(consent.rules);
  check_purposes(consent.rules);
  if (call.contains("signature")) {
    consent.signature = call.at("signature").get<std::string>();
    consent.signer = call.value("key", "");
    check_signature(consent.document, consent.signature, consent.signer);
    consent.attested = "patient";
  } else {
    attest(context_, consent);
  }
  record(consent, channel);
}

void ConsentCommands::list(const json& call, ControlChannel& channel) {
  std::optional<std::string> key;
  if (call.value("of_patient", false)) key = find_patient(channel).key;
  json out = json::array();
  for (const auto& row : consents_.list(key))
    if (row.state == ConsentState::kActive || call.value("all", false)) out.push_back(row_json(row));
  channel.send('R', json{{"consents", out}}.dump());
}

void ConsentCommands::export_one(const json& call, ControlChannel& channel) {
  const auto text = consents_.text(call.value("id", ""));
  if (!text)
    throw CallError{"not-found", "no consent with this id is kept here",
                    "`ehr-agent consent list --all` shows them"};
  channel.send_data(text->document);
  channel.send('R', json{{"signature", text->signature}, {"signer", text->signer}}.dump());
}

void ConsentCommands::explain_one(const json& call, ControlChannel& channel) {
  const fhir::Identifier patient = identifier_of(receive_patient(channel));
  // As the peer's request would be looked up.
  const PatientLookup lookup = records_.find(patient);
  const auto* found = std::get_if<PatientFound>(&lookup);
  const Policy policy = this->policy();
  const ledger::Address peer = address_of(call.value("peer", ""));
  const auto federation = context_.federation();
  const ledger::Member* member = federation->find(peer);
  ConsentFacts facts{peer,
                     member ? member->status : ledger::MemberStatus::kRevoked,
                     found ? found->key : std::string(),
                     call.value("purpose", std::string(kTreatment)),
                     call.value("everything", false) ? SectionSet::all() : SectionSet::document(),
                     call.contains("time") ? time_of(call, "time") : context_.now(),
                     call.value("reason_given", false),
                     policy.break_glass_allowed && approvals_.break_glass_stands()};
  if (call.contains("sections")) facts.asked = sections_of(call.at("sections"));
  check_purpose(facts.purpose);
  const ConsentDecision decision = decide(consents_.consents_of(facts.patient), facts, policy.groups);
  const bool given = found && !decision.refused();
  json out{{"decision", given ? "permit" : "refuse"},
           {"rule", !found ? "no patient here carries this identifier alone" : explain(decision, facts)},
           {"break_glass", given && decision.break_glass},
           {"given", given ? sections_json(decision.given) : json::array()},
           {"withheld", given ? sections_json(decision.withheld) : json::array()}};
  if (const auto ids = overridden_consents(decision); given && !ids.empty()) out["despite"] = ids;
  if (const auto why = why_glass_holds(approvals_, policy.break_glass_allowed); !why.empty())
    out["break_glass_policy"] = why;
  channel.send('R', out.dump());
}

std::string ConsentCommands::list_glass(const json& call) {
  json out = json::array();
  for (const auto& row : glass_.list(call.value("all", false))) {
    json item{{"entry", row.entry},
              {"peer", row.peer},
              {"request", row.request},
              {"used", ledger::format_time(row.used)},
              {"patient", json::parse(row.patient)},
              {"reason", row.reason}};
    if (row.reviewed) {
      item["reviewed"] = ledger::format_time(*row.reviewed);
      item["review_entry"] = row.review_entry.value_or(0);
      item["by"] = row.by;
      item["note"] = row.note;
    }
    out.push_back(std::move(item));
  }
  return json{{"uses", out}}.dump();
}

void ConsentCommands::check(const Deed& deed) {
  if (deed.matter != ledger::matter::kBreakGlassReview) return;
  for (const std::uint64_t waiting : glass_.unreviewed())
    if (std::to_string(waiting) == deed.subject) return;
  throw CallError{"not-found", "no use of break-glass with this entry waits for a review",
                  "`ehr-agent break-glass list` shows them"};
}

void ConsentCommands::review(const json& call, ControlChannel& channel) {
  const json text = json::parse(receive_data(channel, "review"));
  const auto entry = call.at("entry").get<std::uint64_t>();
  const Deed deed = review_break_glass(entry);
  check(deed);
  const Approval approval = require_approval(approvals_, deed);
  const auto row =
      glass_.review(entry, text.at("by").get<std::string>(), text.at("note").get<std::string>(),
                    [&](ledger::sqlite::Database& database) { approvals_.use_up(database, approval); });
  if (!row) throw CallError{"not-found", row.error().reason, "`ehr-agent break-glass list` shows them"};
  channel.send('R', json{{"entry", row->entry}, {"review_entry", row->review_entry.value_or(0)}}.dump());
}

}  // namespace edge
