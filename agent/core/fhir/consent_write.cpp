#include "agent/core/fhir/consent_form.h"
#include "agent/core/fhir/consent_words.h"
#include "agent/core/fhir/json_tree.h"
#include "agent/core/fhir/sections.h"

namespace edge::fhir {

namespace words = consent_words;

namespace {

Node coding(std::string_view system, std::string_view code) {
  Node out = Node::object();
  out.set("system", Node::string(system));
  out.set("code", Node::string(code));
  return out;
}

Node concept_of(std::string_view system, std::string_view code) {
  Node out = Node::object();
  out.set("coding", Node::array()).items.push_back(coding(system, code));
  return out;
}

Node identified(std::string_view system, std::string_view value) {
  Node identifier = Node::object();
  if (!system.empty()) identifier.set("system", Node::string(system));
  identifier.set("value", Node::string(value));
  Node out = Node::object();
  out.set("identifier", std::move(identifier));
  return out;
}

Node actor(std::string_view system, std::string_view value) {
  Node out = Node::object();
  out.set("role", concept_of(words::kParticipation, "IRCP"));
  out.set("reference", identified(system, value));
  return out;
}

Node period_of(const ConsentRule& rule) {
  Node out = Node::object();
  if (rule.from) out.set("start", Node::string(ledger::format_time(*rule.from)));
  // FHIR's end is the last moment that belongs to a period, ours the first that does not.
  if (rule.to) out.set("end", Node::string(ledger::format_time(*rule.to - std::chrono::milliseconds(1))));
  return out;
}

Node provision_of(const ConsentRule& rule) {
  Node out = Node::object();
  out.set("type", Node::string(rule.effect == Effect::kPermit ? "permit" : "deny"));
  if (rule.from || rule.to) out.set("period", period_of(rule));
  Node actors = Node::array(), purposes = Node::array(), codes = Node::array();
  for (const auto& peer : rule.peers) actors.items.push_back(actor(kPeerSystem, peer.text()));
  for (const auto& group : rule.groups) actors.items.push_back(actor(kGroupSystem, group));
  for (const auto& purpose : rule.purposes) purposes.items.push_back(coding(words::kActReason, purpose));
  if (!(rule.sections == SectionSet::all()))
    for (const Section section : rule.sections.list())
      codes.items.push_back(concept_of(words::kLoincSystem, section_text(section).code));
  if (!actors.items.empty()) out.set("actor", std::move(actors));
  if (!purposes.items.empty()) out.set("purpose", std::move(purposes));
  if (!codes.items.empty()) out.set("code", std::move(codes));
  return out;
}

// One rule is the provision itself; several stand as nested provisions of one that says nothing, each with
// all that it reaches, as flattened ones have it.
void add_rules(Node& consent, const std::vector<ConsentRule>& rules) {
  if (rules.size() == 1) {
    const bool permits = rules.front().effect == Effect::kPermit;
    consent.set("policyRule", concept_of(words::kActCode, permits ? "OPTIN" : "OPTOUT"));
    consent.set("provision", provision_of(rules.front()));
    return;
  }
  Node policy = Node::object();  // ppc-1: a policy or a policyRule
  policy.set("uri", Node::string("urn:ehr-agent:consent"));
  consent.set("policy", Node::array()).items.push_back(std::move(policy));
  Node& nested = consent.set("provision", Node::object()).set("provision", Node::array());
  for (const ConsentRule& rule : rules) nested.items.push_back(provision_of(rule));
}

Node start(bool active) {
  Node out = Node::object();
  out.set("resourceType", Node::string("Consent"));
  out.set("status", Node::string(active ? "active" : "inactive"));
  out.set("scope", concept_of(words::kScopeSystem, words::kPrivacy));
  out.set("category", Node::array())
      .items.push_back(concept_of(words::kLoincSystem, words::kPrivacyCategory));
  return out;
}

std::string canonical(const Node& node) {
  std::string out;
  append_canonical(out, node);
  return out;
}

}  // namespace

std::string write_consent(const ConsentDocument& document, ledger::TimePoint given) {
  Node out = start(document.active);
  if (!document.id.empty()) out.set("id", Node::string(document.id));
  const ConsentSubject& subject = document.subject;
  if (subject.any) {
    Node extension = Node::object();
    extension.set("url", Node::string(kAnyPatientUrl));
    extension.set("valueBoolean", Node::boolean(true));
    out.set("extension", Node::array()).items.push_back(std::move(extension));
  } else {
    Node patient = subject.identifier.value.empty()
                       ? Node::object()
                       : identified(subject.identifier.system, subject.identifier.value);
    if (!subject.reference.empty()) patient.set("reference", Node::string(subject.reference));
    out.set("patient", std::move(patient));
  }
  out.set("dateTime", Node::string(ledger::format_time(given)));
  add_rules(out, document.rules);
  return canonical(out);
}

std::string write_terms(const std::vector<ConsentRule>& rules) {
  Node out = start(true);
  add_rules(out, rules);
  return canonical(out);
}

}  // namespace edge::fhir
