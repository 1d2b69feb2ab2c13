// Which resources a document holds: the selection rules applied, then everything those resources refer to.
// Pure.
#pragma once

#include <deque>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "agent/core/fhir/document.h"

namespace edge::fhir {

struct SelectedSection {
  const SectionRule* rule = nullptr;
  bool wanted = true;                    // false: the requester did not ask for it
  bool withheld = false;                 // asked for, and kept back by consent
  std::vector<const Prepared*> entries;  // in the order shown
  std::vector<std::string_view> rows;    // narrative rows, beside `entries`
};

// Points into the AssembleInput and into `owned`.
struct Selection {
  const Prepared* patient = nullptr;
  std::vector<SelectedSection> sections;
  std::vector<const Prepared*>
      resources;  // all but the patient, each once: the sections' entries, then what they refer to
  std::deque<Prepared> owned;  // changed or made here
};

Selection select(const AssembleInput& input);

}  // namespace edge::fhir
