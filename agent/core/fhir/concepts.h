// Small readings of FHIR data types that classification, profiles and narrative share. Pure.
#pragma once

#include <string>
#include <string_view>

#include "agent/core/fhir/json_tree.h"

namespace edge::fhir {

inline constexpr std::string_view kLoinc = "http://loinc.org";
inline constexpr std::string_view kSnomed = "http://snomed.info/sct";
inline constexpr std::string_view kObservationCategory =
    "http://terminology.hl7.org/CodeSystem/observation-category";

// A CodeableConcept, or an array of them, with this coding. `system` empty: any.
bool has_coding(const Node* concept_node, std::string_view system, std::string_view code);

// The first code of a CodeableConcept; empty if none.
std::string_view first_code(const Node* concept_node);

// What a human reads: text, else a display, else the code; empty for none.
std::string concept_text(const Node* concept_node);

// "|"-joined system and code of the main coding, or "text|…" where there is only text; empty for none.
std::string concept_key(const Node* concept_node);

// A value of any type as short text: "6.3 %", "120 - 80 mmHg", "Never smoker". `base` as in "value" of
// value[x].
std::string choice_text(const Node& object, std::string_view base);
std::string quantity_text(const Node* quantity);

// A date for a human: day and minute, without the zone's noise.
std::string date_text(std::string_view date_time);

// The text of a date of an element with choices: <base>DateTime, <base>Period.start, <base>Instant,
// <base>Date.
std::string choice_date(const Node& object, std::string_view base);

}  // namespace edge::fhir
