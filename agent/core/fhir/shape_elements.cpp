#include <algorithm>

#include "agent/core/fhir/primitives.h"
#include "agent/core/fhir/shaper.h"
#include "agent/core/fhir/type_rules.h"

namespace edge::fhir {

namespace {

bool codes_fit(const Node& concept_node, const ValueSet& codes) {
  const Node* list = concept_node.find("coding");
  if (!list) return concept_node.find("extension") != nullptr;
  return std::any_of(list->items.begin(), list->items.end(), [&](const Node& coding) {
    return codes.has_coding(coding.string_at("system"), coding.string_at("code"));
  });
}

}  // namespace

Node Shaper::complex(const Node& in, const std::string& type) {
  const TypeRules* rules = find_type(type);
  if (!in.is_object()) invalid("must be an object");
  if (!rules) invalid("a type this project does not know");
  Node out = Node::object();
  copy_extensions(in, out);
  elements(in, *rules, type, out);
  keep_invariants(type, out, notes);
  return out;
}

void Shaper::elements(const Node& in, const TypeRules& rules, std::string_view type, Node& out) {
  std::size_t known = 0;
  for (const ElementRule& rule : rules) known += element(in, rule, out);
  for (std::string_view common : {"resourceType", "id", "meta", "implicitRules", "language", "text",
                                  "contained", "extension", "modifierExtension"})
    if (in.find(common) && std::none_of(rules.begin(), rules.end(),
                                        [&](const ElementRule& rule) { return rule.name == common; }))
      ++known;
  if (known < in.members.size())
    notes.push_back("an element R4 does not know left out of " + std::string(type));
}

std::size_t Shaper::element(const Node& in, const ElementRule& rule, Node& out) {
  std::size_t length = path_.size();
  path_ += '.' + rule.name;
  const ElementType* chosen = nullptr;
  std::size_t known = 0;
  for (const ElementType& type : rule.types) {
    bool value = in.find(type.member) != nullptr;
    bool sibling = type.primitive && in.find('_' + type.member) != nullptr;
    if (!value && !sibling) continue;
    if (chosen) invalid("more than one of its types");
    chosen = &type;
    known += static_cast<std::size_t>(value) + static_cast<std::size_t>(sibling);
  }
  bool present = chosen && (rule.repeats ? repeated(in, rule, *chosen, out) : single(in, rule, *chosen, out));
  if (rule.required && !present) invalid("required element is missing");
  path_.resize(length);
  return known;
}

bool Shaper::single(const Node& in, const ElementRule& rule, const ElementType& type, Node& out) {
  const Node* value = in.find(type.member);
  if (value && value->is_array()) invalid("must not be an array");
  Node extensions = type.primitive ? sibling_extensions(in.find('_' + type.member)) : Node();
  bool present = value && !value->is_empty();
  if (value && !present) note("empty: left out");
  if (present) {
    Node copy = one(*value, rule, type);
    if (!copy.is_empty())
      out.set(type.member, std::move(copy));
    else if (rule.required)
      out.set(type.primitive ? '_' + type.member : type.member, absent_reason());
  }
  if (!extensions.is_empty()) out.set('_' + type.member, std::move(extensions));
  return present || out.find('_' + type.member) != nullptr;
}

bool Shaper::repeated(const Node& in, const ElementRule& rule, const ElementType& type, Node& out) {
  const Node* values = in.find(type.member);
  const Node* siblings = type.primitive ? in.find('_' + type.member) : nullptr;
  if ((values && !values->is_array()) || (siblings && !siblings->is_array())) invalid("must be an array");
  std::size_t count = std::max(values ? values->items.size() : 0, siblings ? siblings->items.size() : 0);
  Node copies = Node::array(), extensions = Node::array();
  bool any_extension = false, present = false;
  for (std::size_t i = 0; i < count; ++i) {
    Node extra = siblings && i < siblings->items.size() ? sibling_extensions(&siblings->items[i]) : Node();
    Node copy;
    if (values && i < values->items.size() && !values->items[i].is_empty()) {
      present = true;
      copy = one(values->items[i], rule, type);
    }
    if (copy.is_empty() && extra.is_empty()) continue;
    any_extension = any_extension || !extra.is_empty();
    copies.items.push_back(copy.is_empty() ? Node() : std::move(copy));
    extensions.items.push_back(extra.is_empty() ? Node() : std::move(extra));
  }
  if (copies.items.empty() && rule.required && present) copies.items.push_back(absent_reason());
  bool kept = !copies.items.empty();
  if (kept) out.set(type.member, std::move(copies));
  if (any_extension) out.set('_' + type.member, std::move(extensions));
  return kept;
}

Node Shaper::sibling_extensions(const Node* sibling) {
  Node out = Node::object();
  if (sibling && sibling->is_object()) copy_extensions(*sibling, out);
  return out;
}

Node Shaper::one(const Node& value, const ElementRule& rule, const ElementType& type) {
  if (type.name == "string" || type.name == "markdown") {
    if (!value.is_string()) invalid("not a FHIR " + type.name);
    Node plain = Node::string(with_plain_spaces(value.text));
    if (!plain.is_empty() && !is_primitive(type.name, plain)) invalid("not a FHIR " + type.name);
    return plain;
  }
  if (type.primitive) {
    if (!is_primitive(type.name, value)) invalid("not a FHIR " + type.name);
    if (rule.codes && !rule.codes->has_code(value.text)) invalid("a code outside its required value set");
    return value;
  }
  if (type.name == "Reference") return reference(value, type.targets);
  Node copy = complex(value, type.name);
  if (rule.codes && !codes_fit(copy, *rule.codes)) invalid("no code of its required value set");
  return copy;
}

}  // namespace edge::fhir
