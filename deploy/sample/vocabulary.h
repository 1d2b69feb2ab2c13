// What sample patients are called and what they have. Everybody here is invented.
#pragma once

#include <span>

namespace sample {

struct Name {
  const char* given;   // several are separated by a space; may be empty
  const char* family;  // may be empty
};

// A concept with its code system's short name; see system_url().
struct Concept {
  const char* system;
  const char* code;
  const char* text;
};

// A measurement with its UCUM unit and the range its values are drawn from, in steps of 10^-decimals.
struct Measure {
  const char* code;  // LOINC
  const char* text;
  const char* unit;
  int decimals;
  long low, high;  // in units of the last decimal
};

const char* system_url(const char* short_name);

std::span<const Name> latin_names();
std::span<const Name> other_names();  // accents, other scripts, one name only, apostrophes
std::span<const Name> clinician_names();
std::span<const char* const> hospital_names();
std::span<const char* const> cities();
std::span<const Concept> problems();
std::span<const Concept> allergens();
std::span<const Concept> reactions();
std::span<const Concept> drugs();
std::span<const Concept> vaccines();
std::span<const Concept> procedures();
std::span<const Concept> devices();
std::span<const Concept> smoking();
std::span<const Measure> vital_signs();
std::span<const Measure> laboratory();
std::span<const char* const> remarks();  // free text with all that breaks careless readers

}  // namespace sample
