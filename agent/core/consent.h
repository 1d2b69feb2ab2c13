// Who may be told what: the decision over consents (trust.md, Consent and Break-glass), values in, values
// out. Pure and thread-safe.
//
// The order of precedence, in full:
// 1. A member that is not active is refused, whatever anybody consented to and however urgent it is.
// 2. A rule of a consent applies to a section of a request if the consent is active and about this patient or
//    about any; its period holds the moment (`from` inclusive, `to` exclusive); its actors hold the peer; its
//    purposes hold the purpose; its sections hold the section. A denial of a purpose is one of all that HL7
//    counts among it (of TREAT: ETREAT too), or the word alone would get past it; a permit applies to the
//    purposes it names and to no other.
// 3. Deny wins: a denial that applies stands against every permit but its exceptions. A permit that applies
// is
//    one if it is narrower (its patients, actors, purposes, sections and moments all lie within the denial's,
//    and not the other way round) and either of the same consent; or about the patient where the denial is
//    about any, a hospital's policy; or granted after the denial, by its place on the ledger. So a new denial
//    also ends what older, narrower permits gave, and what is granted after it is meant beside it. Actors are
//    compared as addresses, groups as those in them, purposes with all that is among them.
// 4. If a denial stands, the section is denied. Else, if a permit applies, it is permitted.
// 5. Where no rule applied at all, the section is not permitted, unless the glass is broken: the purpose is
//    ETREAT, a reason is written, and the hospital allows it. So break-glass stands in for a missing consent
//    and never overrides a denial.
// 6. What belongs to no section (`everything` alone has it) is permitted by the same rules, and only if every
//    section is: an encounter may tell what a withheld section would.
// 7. A request none of whose sections is permitted is refused.
//
// A group nobody has defined, and a purpose that is none of HL7's (purpose.h), hold nothing in a permit and
// everything in a denial: a name that went missing or was misspelt never opens a record. A request for such a
// purpose is permitted by nothing.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/fhir/prepared.h"
#include "ledger-client/core/address.h"
#include "ledger-client/core/federation.h"
#include "ledger-client/core/time_text.h"

namespace edge {

// Sections of a document, and (as Section::kNone) what belongs to none.
class SectionSet {
 public:
  SectionSet() = default;
  SectionSet(std::initializer_list<fhir::Section> sections) {
    for (const fhir::Section section : sections) add(section);
  }
  static SectionSet all() { return SectionSet(kEverything); }
  // Every section of a document, without what belongs to none.
  static SectionSet document() { return SectionSet(kEverything & ~bit(fhir::Section::kNone)); }
  // As rows of a database hold them; bits nobody knows are dropped.
  static SectionSet from_bits(std::int64_t bits) {
    return SectionSet(static_cast<std::uint32_t>(bits) & kEverything);
  }
  std::int64_t bits() const { return bits_; }

  void add(fhir::Section section) { bits_ |= bit(section); }
  void remove(fhir::Section section) { bits_ &= ~bit(section); }
  bool contains(fhir::Section section) const { return (bits_ & bit(section)) != 0; }
  bool contains(SectionSet other) const { return (other.bits_ & ~bits_) == 0; }
  bool empty() const { return bits_ == 0; }
  std::vector<fhir::Section> list() const;  // in the order of their numbers
  SectionSet operator&(SectionSet other) const { return SectionSet(bits_ & other.bits_); }
  SectionSet operator|(SectionSet other) const { return SectionSet(bits_ | other.bits_); }
  SectionSet operator-(SectionSet other) const { return SectionSet(bits_ & ~other.bits_); }
  bool operator==(const SectionSet&) const = default;

 private:
  static constexpr std::uint32_t kEverything = (1U << 17U) - 1;
  static constexpr std::uint32_t bit(fhir::Section section) { return 1U << static_cast<unsigned>(section); }
  explicit SectionSet(std::uint32_t bits) : bits_(bits) {}
  std::uint32_t bits_ = 0;
};

enum class Effect { kPermit, kDeny };

struct ConsentRule {
  Effect effect = Effect::kDeny;
  std::vector<ledger::Address> peers;  // with no groups either: any member
  std::vector<std::string> groups;
  std::vector<std::string> purposes;  // HL7 PurposeOfUse; empty: any
  SectionSet sections = SectionSet::all();
  std::optional<ledger::TimePoint> from, to;
  bool operator==(const ConsentRule&) const = default;
};

// One consent as it was given: a rule, and the exceptions to it.
struct Consent {
  std::string id;
  std::optional<std::string> patient;  // the same name for a patient as in ConsentFacts; none: any patient
  bool active = true;
  std::vector<ConsentRule> rules;
  // The index of its entry on the ledger, if that tells when it was said. Those of a HIS are taken over in
  // any order: none.
  std::optional<std::uint64_t> place{};
};

// Groups of addresses by name, as the configuration defines them.
using PeerGroups = std::map<std::string, std::vector<ledger::Address>>;

// What is asked, by whom, when.
struct ConsentFacts {
  ledger::Address peer;
  ledger::MemberStatus member = ledger::MemberStatus::kRevoked;
  std::string patient;
  std::string purpose;
  SectionSet asked = SectionSet::document();
  ledger::TimePoint time{};
  bool reason_given = false;         // in words, for breaking the glass
  bool break_glass_allowed = false;  // by the hospital's configuration
};

enum class Ruling { kMemberNotActive, kNoConsent, kDenied, kPermitted, kBreakGlass };
std::string_view ruling_text(Ruling ruling);

struct SectionRuling {
  fhir::Section section = fhir::Section::kNone;
  Ruling ruling = Ruling::kNoConsent;
  std::string consent;    // id of the consent that decided; empty where none did
  std::size_t rule = 0;   // its rule: 0 the first
  std::string despite{};  // of a permit: id of another consent whose denial it is an exception to
};

struct ConsentDecision {
  SectionSet permitted;                // of all there is, whatever was asked
  SectionSet given;                    // permitted and asked; empty: refused
  SectionSet withheld;                 // asked and not permitted
  bool break_glass = false;            // something asked is given for no other reason
  std::vector<SectionRuling> rulings;  // one for each section, then one for what belongs to none

  bool refused() const { return given.empty(); }
  SectionSet asked() const { return given | withheld; }
};

ConsentDecision decide(const std::vector<Consent>& consents, const ConsentFacts& facts,
                       const PeerGroups& groups);

// Which rule decided what was asked, in one line for the local audit trail: ids and words, nobody's data.
std::string explain(const ConsentDecision& decision, const ConsentFacts& facts);
// The same without what the facts add to a refusal.
std::string deciding_rule(const ConsentDecision& decision);
// Ids of the consents that decided what was asked, separated by a space.
std::string deciding_consents(const ConsentDecision& decision);
// Ids of the consents whose denials what was asked is given despite.
std::vector<std::string> overridden_consents(const ConsentDecision& decision);

// A name of a group: lower-case ASCII letters, digits and single hyphens, at most 64 bytes, so that no two
// names only look alike.
bool is_group_name(std::string_view text);

}  // namespace edge
