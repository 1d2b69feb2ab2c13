// What consent keeps out of a bundle: whole sections, everything that belongs to no section, and the words
// other resources have for what is missing. Pure and thread-safe.
#pragma once

#include <functional>
#include <vector>

#include "agent/core/fhir/json_tree.h"
#include "agent/core/fhir/prepared.h"

namespace edge::fhir {

class Withholding {
 public:
  Withholding() = default;  // nothing is withheld
  // `permitted` holds Section::kNone where what belongs to no section may be told. `marked`: the document
  // says which sections are withheld; else they look as if there were nothing in them.
  Withholding(const std::vector<Section>& permitted, bool marked);

  bool any() const { return any_; }
  bool marked() const { return marked_; }
  bool covers(Section section) const { return any_ && (permitted_ & bit(section)) == 0; }
  // Whether the resource must not be in the bundle. A Patient, and what belongs to nobody, always may, but
  // for a medicine where medications are withheld.
  bool takes_out(const Prepared& resource) const;
  // Whether resources of that kind, and words for them, say nothing of what is withheld: supporting kinds,
  // but for medicines where medications are withheld, and devices where devices are.
  bool lets_support(std::string_view kind) const;

 private:
  static unsigned bit(Section section) { return 1U << static_cast<unsigned>(section); }
  unsigned permitted_ = 0;
  bool any_ = false, marked_ = false;
};

// Whether resources of that kind say nothing of their own about what a patient has: a medicine, a person, a
// place.
bool is_supporting_kind(std::string_view kind);

// Takes out of a resource, as its source wrote it, what could tell about resources that are not beside it:
// references for which `stays` is false with all their words and identifiers, contained resources that are
// not supporting kinds, narratives.
void take_out_words(Node& resource, const Withholding& withheld,
                    const std::function<bool(std::string_view full_url)>& stays);

}  // namespace edge::fhir
