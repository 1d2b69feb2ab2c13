#include "agent/core/fhir/shape.h"

#include <algorithm>

#include "agent/core/fhir/narrative.h"
#include "agent/core/fhir/primitives.h"
#include "agent/core/fhir/shaper.h"
#include "agent/core/fhir/type_rules.h"
#include "agent/core/fhir/withholding.h"

namespace edge::fhir {

namespace {

constexpr std::string_view kAbsentReasonUrl = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";

}  // namespace

Node Shaper::resource(const Node& in, std::string_view kind) {
  Node out = Node::object();
  out.set("resourceType", Node::string(kind));
  copy_common(in, out, kind);
  elements(in, *find_type(kind), kind, out);
  prune_contained(out);
  return out;
}

void Shaper::copy_common(const Node& in, Node& out, std::string_view kind) {
  path_ = kind;
  if (const Node* meta = in.find("meta"); meta && meta->is_object())
    if (Node labels = codings(meta->first("security") ? *meta->find("security") : Node()); !labels.is_empty())
      out.set("meta", Node::object()).set("security", std::move(labels));
  if (in.find("implicitRules")) out.set("implicitRules", *in.find("implicitRules"));
  if (const Node* language = in.find("language"); language && is_primitive("code", *language))
    out.set("language", *language);
  copy_narrative(in, out);
  copy_contained(in, out);
  path_ = kind;
  copy_extensions(in, out);
}

Node Shaper::codings(const Node& list) {
  Node out = Node::array();
  for (const Node& item : list.items)
    if (item.is_object())
      if (Node coding = complex(item, "Coding"); !coding.is_empty()) out.items.push_back(std::move(coding));
  return out;
}

void Shaper::copy_narrative(const Node& in, Node& out) {
  const Node* text = in.find("text");
  if (!text || !text->is_object() || input_.withheld != nullptr) return;
  std::string_view status = text->string_at("status");
  if (status != "additional" && status != "extensions") return;
  if (check_narrative(text->string_at("div"))) return note("narrative left out: not well-formed basic XHTML");
  Node& copy = out.set("text", Node::object());
  copy.set("status", Node::string(status));
  copy.set("div", Node::string(text->string_at("div")));
}

void Shaper::copy_contained(const Node& in, Node& out) {
  const Node* contained = in.find("contained");
  if (!contained || !contained->is_array()) return;
  Node list = Node::array();
  for (const Node& item : contained->items) {
    std::string kind(item.string_at("resourceType"));
    std::string id(item.string_at("id"));
    if (!is_document_kind(kind) || kind == "Patient" || !is_fhir_id(id) || item.find("contained")) continue;
    if (input_.withheld != nullptr && !input_.withheld->lets_support(kind)) continue;
    if (Node copy = contained_resource(item, kind, id); !copy.is_empty())
      list.items.push_back(std::move(copy));
  }
  for (const Node& item : list.items) contained_.emplace_back(item.string_at("id"));
  if (list.items.size() != contained->items.size()) note("contained resource left out");
  if (!list.items.empty()) out.set("contained", std::move(list));
}

Node Shaper::contained_resource(const Node& item, const std::string& kind, const std::string& id) {
  Shaper inner(input_);
  try {
    Node copy = inner.resource(item, kind);
    copy.remove("meta");
    copy.remove("text");
    copy.members.insert(copy.members.begin() + 1, Member{"id", Node::string(id)});
    return copy;
  } catch (const Invalid&) {
    return Node::object();
  }
}

void Shaper::prune_contained(Node& out) {
  Node* list = out.find("contained");
  if (!list) return;
  std::erase_if(list->items, [&](const Node& item) {
    return std::find(used_contained_.begin(), used_contained_.end(), item.string_at("id")) ==
           used_contained_.end();
  });
  if (list->items.empty()) out.remove("contained");
}

Node absent_reason() {
  Node extension = Node::object();
  extension.set("url", Node::string(kAbsentReasonUrl));
  extension.set("valueCode", Node::string("unknown"));
  Node out = Node::object();
  out.set("extension", Node::array()).items.push_back(std::move(extension));
  return out;
}

ledger::Result<Shaped> shape(const Node& resource, const ShapeInput& input) {
  Shaper shaper(input);
  try {
    Shaped shaped;
    shaped.resource = shaper.resource(resource, input.kind);
    shaped.notes = std::move(shaper.notes);
    return shaped;
  } catch (const Shaper::Invalid& problem) {
    return ledger::Problem{problem.reason};
  }
}

}  // namespace edge::fhir
