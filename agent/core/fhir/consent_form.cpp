#include "agent/core/fhir/consent_form.h"

#include <algorithm>
#include <array>
#include <span>

#include "agent/core/fhir/consent_reading.h"
#include "agent/core/fhir/consent_words.h"

namespace edge::fhir {

namespace words = consent_words;

namespace {

using consent_reading::has_coding;
using consent_reading::invalid;
using consent_reading::Invalid;
using consent_reading::read_provisions;
using consent_reading::written_effect;

constexpr TreeLimits kLimits{kMaxConsentBytes, 32};

// What OPTIN and OPTOUT say of everything no provision is about. Every other rule may narrow what a provision
// permits (EMRGONLY: in emergencies alone), so none is passed over.
std::optional<Effect> policy_effect(const Node& consent) {
  const Node* rule = consent.find("policyRule");
  if (!rule) return std::nullopt;
  const auto is_any = [](std::string_view code, auto... known) { return ((code == known) || ...); };
  bool permits = false, denies = false;
  const Node* list = rule->find("coding");
  for (std::size_t i = 0; list && i < list->items.size(); ++i) {
    const Node& one = list->items[i];
    const std::string_view code = one.string_at("code");
    const bool known = one.string_at("system") == words::kActCode;
    const bool in = known && is_any(code, "OPTIN", "OPTINR"),
               out = known && is_any(code, "OPTOUT", "OPTOUTE");
    if (!in && !out)
      invalid("policyRule.coding[" + std::to_string(i) + "]", "is neither an opt-in nor an opt-out");
    permits = permits || in;
    denies = denies || out;
  }
  if (!permits && !denies) invalid("policyRule", "is neither an opt-in nor an opt-out");
  return denies ? Effect::kDeny : Effect::kPermit;
}

std::vector<ConsentRule> rules_of(const Node& consent) {
  const auto policy = policy_effect(consent);
  const Node* provision = consent.find("provision");
  if (!provision) {
    // An opt-in to nothing in particular names nobody and nothing it permits.
    if (policy == Effect::kDeny) return {ConsentRule{}};
    invalid("provision", "is missing");
  }
  if (!provision->is_object()) invalid("provision", "must be an object");
  std::vector<ConsentRule> rules;
  Node root = *provision;
  const auto written = written_effect(root, "provision");
  if (!written && policy)
    root.set("type", Node::string(*policy == Effect::kDeny ? "deny" : "permit"));
  else if (written == Effect::kPermit && policy == Effect::kDeny)
    rules.push_back(ConsentRule{});  // all else stays denied
  read_provisions(root, "provision", ConsentRule{}, 0, rules);
  if (rules.empty()) invalid("provision", "neither permits nor denies");
  return rules;
}

bool is_any_patient(const Node& consent) {
  const Node* list = consent.find("extension");
  return list && std::any_of(list->items.begin(), list->items.end(), [](const Node& one) {
           const Node* value = one.find("valueBoolean");
           return one.string_at("url") == kAnyPatientUrl && value && value->text == "true";
         });
}

ConsentSubject subject_of(const Node& consent) {
  ConsentSubject subject;
  subject.any = is_any_patient(consent);
  const Node* patient = consent.find("patient");
  if (!patient) {
    if (!subject.any) invalid("patient", "is missing");
    return subject;
  }
  if (subject.any) invalid("patient", "stands beside the extension for any patient");
  if (const Node* identifier = patient->find("identifier")) {
    subject.identifier = {std::string(identifier->string_at("system")),
                          std::string(identifier->string_at("value"))};
    if (subject.identifier.value.empty()) invalid("patient.identifier.value", "is missing");
  }
  subject.reference = patient->string_at("reference");
  if (subject.identifier.value.empty() && subject.reference.empty())
    invalid("patient", "must have an identifier or a reference");
  return subject;
}

bool status_of(const Node& consent) {
  const std::string_view status = consent.string_at("status");
  for (const char* over : {"inactive", "rejected", "entered-in-error"})
    if (status == over) return false;
  if (status != "active") invalid("status", "is not in force: active is, draft and proposed are not");
  return true;
}

void check_root(const Node& consent) {
  static constexpr std::array<std::string_view, 19> kKnown{
      "resourceType",     "id",         "meta",         "language",  "text",
      "contained",        "extension",  "identifier",   "status",    "scope",
      "category",         "patient",    "dateTime",     "performer", "organization",
      "sourceAttachment", "policyRule", "verification", "provision"};
  static constexpr std::array<std::string_view, 2> kIgnored{"sourceReference", "policy"};
  if (!consent.is_object() || consent.string_at("resourceType") != "Consent")
    throw Invalid{"resourceType: is not Consent"};
  for (const Member& member : consent.members) {
    const auto known = [&](const auto& names) {
      return std::find(names.begin(), names.end(), member.name) != names.end();
    };
    if (!known(kKnown) && !known(kIgnored)) invalid(member.name, "can't be represented");
  }
  const Node* scope = consent.find("scope");
  if (!scope || !has_coding(*scope, words::kScopeSystem, words::kPrivacy))
    invalid("scope", "is not patient-privacy");
}

// `read` with what it throws as a Problem.
template <class Read>
auto reading(std::string_view json, Read read) -> ledger::Result<decltype(read(Node()))> {
  const auto parsed = parse_tree(json, kLimits);
  if (!parsed) return parsed.error();
  try {
    return read(*parsed);
  } catch (const Invalid& problem) {
    return ledger::Problem{problem.reason};
  }
}

bool mentions(const Node& node, std::span<const std::string_view> texts) {
  if (node.is_string() && std::find(texts.begin(), texts.end(), node.text) != texts.end()) return true;
  return std::any_of(node.items.begin(), node.items.end(),
                     [&](const Node& one) { return mentions(one, texts); }) ||
         std::any_of(node.members.begin(), node.members.end(),
                     [&](const Member& one) { return mentions(one.value, texts); });
}

}  // namespace

ledger::Result<ConsentDocument> read_consent(std::string_view json) {
  return reading(json, [](const Node& consent) {
    check_root(consent);
    ConsentDocument document;
    document.id = consent.string_at("id");
    document.active = status_of(consent);
    document.subject = subject_of(consent);
    document.rules = rules_of(consent);
    return document;
  });
}

ledger::Result<std::vector<ConsentRule>> read_terms(std::string_view json) {
  return reading(json, [](const Node& consent) {
    check_root(consent);
    return rules_of(consent);
  });
}

bool may_deny(std::string_view json) {
  const auto parsed = parse_tree(json, kLimits);
  if (!parsed) return true;
  const std::string_view status = parsed->string_at("status");
  for (const char* idle : {"draft", "proposed", "inactive", "rejected", "entered-in-error"})
    if (status == idle) return false;
  const Node* provision = parsed->find("provision");
  static constexpr std::array<std::string_view, 3> kDenying{"deny", "OPTOUT", "OPTOUTE"};
  return !provision || provision->string_at("type") != "permit" || mentions(*parsed, kDenying);
}

bool is_privacy_consent(std::string_view json) {
  const auto parsed = parse_tree(json, kLimits);
  if (!parsed || parsed->string_at("resourceType") != "Consent") return false;
  const Node* scope = parsed->find("scope");
  if (!scope) return true;
  if (has_coding(*scope, words::kScopeSystem, words::kPrivacy)) return true;
  static constexpr std::array<const char*, 3> kOthers{"adr", "research", "treatment"};
  return std::none_of(kOthers.begin(), kOthers.end(),
                      [&](const char* other) { return has_coding(*scope, words::kScopeSystem, other); });
}

}  // namespace edge::fhir
