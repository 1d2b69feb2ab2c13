#include <algorithm>

#include "agent/core/fhir/consent_form.h"
#include "tests/fuzz/require.h"

using namespace edge;

// What was read is written and read back the same; what is not read is never nothing: either it surely only
// permits, or is not in force, or may_deny says so. A decision over it never permits more than it lets
// through.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = ledger::as_text({data, size});
  (void)fhir::is_privacy_consent(text);
  const bool denies = fhir::may_deny(text);
  const auto document = fhir::read_consent(text);
  if (!document) return 0;
  FUZZ_REQUIRE(!document->rules.empty());
  const bool has_denial = std::any_of(document->rules.begin(), document->rules.end(),
                                      [](const ConsentRule& rule) { return rule.effect == Effect::kDeny; });
  FUZZ_REQUIRE(denies || !has_denial || !document->active);
  const auto terms = fhir::read_terms(fhir::write_terms(document->rules));
  FUZZ_REQUIRE(terms.ok() && *terms == document->rules);
  const auto again = fhir::read_consent(fhir::write_consent(*document, {}));
  FUZZ_REQUIRE(again.ok() && again->rules == document->rules && again->active == document->active);
  FUZZ_REQUIRE(again->subject.any == document->subject.any);

  const auto peer = *ledger::Address::parse("10.20.0.6");
  ConsentFacts facts{peer, ledger::MemberStatus::kActive, "p", "TREAT", SectionSet::document(), {}, false,
                     false};
  const Consent consent{"c", "p", document->active, document->rules};
  const auto decision = decide({consent}, facts, {});
  SectionSet permitted;
  for (const ConsentRule& rule : document->rules) {
    if (rule.effect == Effect::kDeny) continue;
    for (const fhir::Section section : rule.sections.list()) permitted.add(section);
  }
  FUZZ_REQUIRE(permitted.contains(decision.permitted));
  FUZZ_REQUIRE(document->active || decision.refused());
  return 0;
}
