#include <algorithm>

#include "agent/core/fhir/shaper.h"
#include "agent/core/fhir/withholding.h"

namespace edge::fhir {

namespace {

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

Node Shaper::reference(const Node& value, const std::vector<std::string>& targets) {
  Node copy = complex(value, "Reference");
  const Node* literal = copy.find("reference");
  if (!literal) return words_may_stay(std::string(copy.string_at("type")), targets) ? copy : Node::object();
  if (literal->text.starts_with('#')) {
    std::string id = literal->text.substr(1);
    if (contains(contained_, id))
      used_contained_.push_back(id);
    else if (input_.withheld != nullptr)
      return Node::object();
    else
      copy.remove("reference");
    return copy;
  }
  Target target = read_reference(literal->text);
  if (can_stand(target, targets)) {
    copy.set("reference", Node::string(target.full_url));
    return copy;
  }
  if (!words_may_stay(target.kind, targets)) return Node::object();
  make_logical(copy);
  copy.remove("reference");
  // A type alone says nothing.
  if (!copy.find("display") && !copy.find("identifier") && !copy.find("extension")) return Node::object();
  return copy;
}

bool Shaper::words_may_stay(const std::string& kind, const std::vector<std::string>& targets) const {
  if (input_.withheld == nullptr) return true;
  const auto may = [this](std::string_view one) { return input_.withheld->lets_support(one); };
  if (!kind.empty()) return may(kind);
  if (targets.empty()) return false;
  // Words alone, where a device may stand as well as a person: who asked for it is a person.
  const bool person = std::find(targets.begin(), targets.end(), "Practitioner") != targets.end();
  return std::all_of(targets.begin(), targets.end(), may) ||
         (person && std::all_of(targets.begin(), targets.end(), is_supporting_kind));
}

bool Shaper::can_stand(const Target& target, const std::vector<std::string>& targets) const {
  if (target.full_url.empty()) return false;
  if (target.full_url == input_.patient_url) return true;
  if (input_.missing && contains(*input_.missing, target.full_url)) return false;
  if (!target.kind.empty()) return is_document_kind(target.kind) && target.kind != "Patient";
  if (targets.empty()) return true;
  return std::any_of(targets.begin(), targets.end(),
                     [](const std::string& kind) { return is_document_kind(kind) && kind != "Patient"; });
}

}  // namespace edge::fhir
