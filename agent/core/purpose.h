// What a record may be asked for: HL7 PurposeOfUse, the codes below PurposeOfUse in v3-ActReason
// (http://terminology.hl7.org/ValueSet/v3-PurposeOfUse), each within its parent. The only list of them. Pure
// and thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace edge {

struct Purpose {
  std::string_view code;
  std::string_view parent;  // empty: none
  std::string_view text;    // for people
};

constexpr std::string_view kTreatment = "TREAT";
constexpr std::string_view kEmergency = "ETREAT";

// All of them, each after its parent.
std::span<const Purpose> purposes();
// Null where there is no such code.
const Purpose* find_purpose(std::string_view code);
// Whether `code` is `other` or somewhere below it: emergency treatment is treatment.
bool is_within(std::string_view code, std::string_view other);
// "TREAT, ETREAT, …": all codes, for hints.
std::string purpose_list();

// How such codes are written, known or not, as the ledger takes them: a capital letter, then capitals and
// digits, 2 to 32.
bool is_purpose_code(std::string_view text);

}  // namespace edge
