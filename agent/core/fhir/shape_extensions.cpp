#include <algorithm>

#include "agent/core/fhir/primitives.h"
#include "agent/core/fhir/shaper.h"
#include "agent/core/fhir/type_rules.h"

namespace edge::fhir {

void Shaper::copy_extensions(const Node& in, Node& out) {
  for (std::string_view name : {"extension", "modifierExtension"}) {
    const Node* list = in.find(name);
    if (!list) continue;
    if (!list->is_array()) invalid(std::string(name) + " must be an array");
    Node copies = Node::array();
    for (const Node& item : list->items)
      if (Node copy = extension(item); !copy.is_empty()) copies.items.push_back(std::move(copy));
    if (!copies.items.empty()) out.set(name, std::move(copies));
  }
}

Node Shaper::extension(const Node& in) {
  Node out = Node::object();
  const Node* url = in.find("url");
  if (!url || !is_primitive("uri", *url)) return out;
  Node copy = Node::object();
  copy_extensions(in, copy);
  std::optional<Member> value = extension_value(in);
  if ((copy.find("extension") != nullptr) == value.has_value()) {
    note("extension left out: it needs one value or extensions");
    return out;
  }
  if (Node* nested = copy.find("extension")) out.set("extension", std::move(*nested));
  out.members.insert(out.members.begin(), Member{"url", *url});
  if (value) out.members.push_back(std::move(*value));
  return out;
}

std::optional<Member> Shaper::extension_value(const Node& in) {
  std::optional<Member> found;
  for (const Member& member : in.members) {
    if (!member.name.starts_with("value") || member.name.size() < 6 || member.value.is_empty()) continue;
    if (found) return std::nullopt;
    Node copy = open_value(member.name.substr(5), member.value);
    if (copy.is_empty()) return std::nullopt;
    found = Member{member.name, std::move(copy)};
  }
  return found;
}

Node Shaper::open_value(std::string type, const Node& value) {
  static constexpr std::string_view kPrimitives[] = {
      "boolean",      "integer",  "string",      "decimal",     "uri",  "url",  "canonical",
      "base64Binary", "instant",  "date",        "dateTime",    "time", "code", "oid",
      "id",           "markdown", "unsignedInt", "positiveInt", "uuid"};
  if (value.is_object()) {
    if (!find_type(type) || is_document_kind(type) || type.find('.') != std::string::npos) return Node();
    std::size_t length = path_.size();
    try {
      return type == "Reference" ? reference(value, {}) : complex(value, type);
    } catch (const Invalid&) {
      path_.resize(length);
      return Node();
    }
  }
  type[0] = static_cast<char>(type[0] | 0x20);
  bool known = std::find(std::begin(kPrimitives), std::end(kPrimitives), type) != std::end(kPrimitives);
  if (!known || !is_primitive(type, value)) return Node();
  return type == "string" || type == "markdown" ? Node::string(with_plain_spaces(value.text)) : value;
}

}  // namespace edge::fhir
