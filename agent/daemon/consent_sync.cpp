#include "agent/daemon/consent_sync.h"

#include <algorithm>

#include "agent/core/purpose.h"
#include "agent/daemon/control/consent_json.h"
#include "agent/daemon/log.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/jws.h"

namespace edge {

namespace {

bool denies_unknown_purpose(const std::vector<ConsentRule>& rules) {
  return std::any_of(rules.begin(), rules.end(), [](const ConsentRule& rule) {
    return rule.effect == Effect::kDeny &&
           !std::all_of(rule.purposes.begin(), rule.purposes.end(), find_purpose);
  });
}

}  // namespace

ConsentRow checked(const Outcome<ConsentRow>& outcome) {
  if (outcome) return *outcome;
  const bool mistake = outcome.error().code == Code::kMalformed;
  throw CallError{mistake ? "not-found" : std::string(code_text(outcome.error().code)),
                  outcome.error().reason,
                  mistake                                 ? "`ehr-agent consent list --all` shows them"
                  : outcome.error().code == Code::kFailed ? kFaultHere
                                                          : ""};
}

std::string canonical_consent(const std::string& text) {
  auto canonical = ledger::canonicalize(text, {fhir::kMaxConsentBytes, 32});
  if (!canonical) throw CallError{"invalid", "the consent is not JSON: " + canonical.error().reason, ""};
  return std::move(*canonical);
}

void attest(const Context& context, NewConsent& consent) {
  consent.attested = "hospital";
  const LocalIdentity self = context.signing();
  consent.signer = self.kid;
  consent.signature =
      sign_detached_jws(*self.signer, self.kid, ledger::format_time(context.now()), {}, consent.document);
}

ConsentSync::Done ConsentSync::sync() {
  const std::lock_guard lock(mutex_);
  Done done;
  records_.stream_consents([&](fhir::Prepared&& resource) {
    if (fhir::is_privacy_consent(resource.source)) sync_one(resource, done);
  });
  if (done.granted + done.revoked > 0)
    log::info("consents of the HIS taken over", {{"granted", std::to_string(done.granted)},
                                                 {"revoked", std::to_string(done.revoked)},
                                                 {"unreadable", std::to_string(done.unreadable)}});
  return done;
}

// The new one is granted before the old one is revoked: in between a denial of either still counts.
void ConsentSync::sync_one(const fhir::Prepared& resource, Done& done) {
  const std::string document = canonical_consent(resource.source);
  const auto before = consents_.from_source(resource.key, document);
  if (before.same) return;
  const auto read = fhir::read_consent(document);
  NewConsent consent{document,
                     {},
                     resource.patient_key,
                     canonical_patient({"", resource.patient_key}),
                     std::string(consent_source::kHis),
                     "",
                     "",
                     "",
                     resource.key,
                     ""};
  bool in_force = read ? read->active && !read->subject.any : fhir::may_deny(document);
  if (resource.patient_key.empty()) in_force = false;
  if (read) {
    consent.rules = read->rules;
    if (denies_unknown_purpose(consent.rules))
      consent.remark = "denies every purpose, for it names one that is none of HL7 PurposeOfUse";
  } else {
    // What may be a denial and can't be read is taken for one of everything, until somebody sees to it.
    ++done.unreadable;
    consent.rules = {ConsentRule{}};
    consent.remark = "denies all, for it can't be read: " + read.error().reason;
  }
  if (in_force) {
    attest(context_, consent);
    (void)checked(consents_.grant(consent));
    ++done.granted;
  }
  if (!before.active.empty()) {
    (void)checked(consents_.revoke(before.active));
    ++done.revoked;
  }
}

}  // namespace edge
