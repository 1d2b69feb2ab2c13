// Narrative (http://hl7.org/fhir/R4/narrative.html): checking what strangers send, and making it safe to
// show. Pure, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace edge::fhir {

// What is wrong with a Narrative.div, or nothing: a well-formed XHTML <div> with some content and without
// scripts, forms, frames, objects, event attributes and script addresses (txt-1, txt-2).
std::optional<std::string> check_narrative(std::string_view div);

// A div that is safe inside an HTML page whatever was sent: only FHIR's formatting elements, no styles, no
// event attributes, links to http(s) and mailto only, images only from the document itself. What is not
// well-formed comes back as escaped text.
std::string sanitise_narrative(std::string_view div);

// Appends text with & < > " ' escaped, for XHTML and HTML alike; control characters become spaces.
void append_escaped(std::string& out, std::string_view text);

}  // namespace edge::fhir
