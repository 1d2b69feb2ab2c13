// The FHIR R4 primitive types (http://hl7.org/fhir/R4/datatypes.html): what text is one, and dates made
// comparable. Pure.
#pragma once

#include <string>
#include <string_view>

#include "agent/core/fhir/json_tree.h"

namespace edge::fhir {

// Whether a JSON value is a legal value of the primitive type, for example ("dateTime", "2019-05").
bool is_primitive(std::string_view type, const Node& value);

// A date, dateTime or instant as text that sorts by time: in UTC where it has a time, else as written. Empty
// if it is none.
std::string sortable_time(std::string_view date_time);

// FHIR's white space is blank, TAB, LF and CR. Readers that hold to the letter of its `string` refuse
// no-break spaces, ideographic spaces and their like, so a document carries them as blanks.
std::string with_plain_spaces(std::string_view text);

// 8-4-4-4-12 lower-case hexadecimal digits.
bool is_uuid(std::string_view text);
// [A-Za-z0-9\-.]{1,64}
bool is_fhir_id(std::string_view text);

}  // namespace edge::fhir
