#include "agent/core/fhir/shape.h"

#include <algorithm>
#include <optional>

#include "agent/core/fhir/element_table.h"
#include "agent/core/fhir/narrative.h"
#include "agent/core/fhir/primitives.h"
#include "agent/core/fhir/references.h"
#include "agent/core/fhir/type_rules.h"
#include "agent/core/fhir/withholding.h"

namespace edge::fhir {

namespace {

constexpr std::string_view kAbsentReasonUrl = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";

// Thrown inside this file only, caught by shape().
struct Invalid {
  std::string reason;
};

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

class Shaper {
 public:
  explicit Shaper(const ShapeInput& input) : input_(input) {}

  Node resource(const Node& in, std::string_view kind) {
    Node out = Node::object();
    out.set("resourceType", Node::string(kind));
    copy_common(in, out, kind);
    elements(in, *find_type(kind), kind, out);
    prune_contained(out);
    return out;
  }

  std::vector<std::string> notes;

 private:
  [[noreturn]] void invalid(std::string_view rule) const { throw Invalid{path_ + ": " + std::string(rule)}; }
  void note(std::string_view what) { notes.push_back(path_ + ' ' + std::string(what)); }

  // What every resource has. `meta` keeps security labels only: profiles and versions speak of the source's
  // form.
  void copy_common(const Node& in, Node& out, std::string_view kind) {
    path_ = kind;
    if (const Node* meta = in.find("meta"); meta && meta->is_object())
      if (Node labels = codings(meta->first("security") ? *meta->find("security") : Node());
          !labels.is_empty())
        out.set("meta", Node::object()).set("security", std::move(labels));
    if (in.find("implicitRules")) out.set("implicitRules", *in.find("implicitRules"));
    if (const Node* language = in.find("language"); language && is_primitive("code", *language))
      out.set("language", *language);
    copy_narrative(in, out);
    copy_contained(in, out);
    path_ = kind;
    copy_extensions(in, out);
  }

  Node codings(const Node& list) {
    Node out = Node::array();
    for (const Node& item : list.items)
      if (item.is_object())
        if (Node coding = complex(item, "Coding"); !coding.is_empty()) out.items.push_back(std::move(coding));
    return out;
  }

  // Text generated from the data can be made again; only what a human added is kept, and only if it is
  // harmless.
  void copy_narrative(const Node& in, Node& out) {
    const Node* text = in.find("text");
    if (!text || !text->is_object() || input_.without_words) return;
    std::string_view status = text->string_at("status");
    if (status != "additional" && status != "extensions") return;
    if (check_narrative(text->string_at("div")))
      return note("narrative left out: not well-formed basic XHTML");
    Node& copy = out.set("text", Node::object());
    copy.set("status", Node::string(status));
    copy.set("div", Node::string(text->string_at("div")));
  }

  void copy_contained(const Node& in, Node& out) {
    const Node* contained = in.find("contained");
    if (!contained || !contained->is_array()) return;
    Node list = Node::array();
    for (const Node& item : contained->items) {
      std::string kind(item.string_at("resourceType"));
      std::string id(item.string_at("id"));
      if (!is_document_kind(kind) || kind == "Patient" || !is_fhir_id(id) || item.find("contained")) continue;
      if (input_.without_words && !is_supporting_kind(kind)) continue;
      if (Node copy = contained_resource(item, kind, id); !copy.is_empty())
        list.items.push_back(std::move(copy));
    }
    for (const Node& item : list.items) contained_.emplace_back(item.string_at("id"));
    if (list.items.size() != contained->items.size()) note("contained resource left out");
    if (!list.items.empty()) out.set("contained", std::move(list));
  }

  Node contained_resource(const Node& item, const std::string& kind, const std::string& id) {
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

  // dom-3: what nothing refers to has no place in `contained`.
  void prune_contained(Node& out) {
    Node* list = out.find("contained");
    if (!list) return;
    std::erase_if(list->items,
                  [&](const Node& item) { return !contains(used_contained_, item.string_at("id")); });
    if (list->items.empty()) out.remove("contained");
  }

  void copy_extensions(const Node& in, Node& out) {
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

  // ext-1: a value or extensions, never both.
  Node extension(const Node& in) {
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

  std::optional<Member> extension_value(const Node& in) {
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

  // A value of any type an extension may have; empty if it is none. An extension never makes a resource
  // invalid.
  Node open_value(std::string type, const Node& value) {
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

  // One value of a data type or backbone element.
  Node complex(const Node& in, const std::string& type) {
    const TypeRules* rules = find_type(type);
    if (!in.is_object()) invalid("must be an object");
    if (!rules) invalid("a type this project does not know");
    Node out = Node::object();
    copy_extensions(in, out);
    elements(in, *rules, type, out);
    keep_invariants(type, out, notes);
    return out;
  }

  void elements(const Node& in, const TypeRules& rules, std::string_view type, Node& out) {
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

  // Copies one element; returns how many members of `in` it is.
  std::size_t element(const Node& in, const ElementRule& rule, Node& out) {
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
    bool present =
        chosen && (rule.repeats ? repeated(in, rule, *chosen, out) : single(in, rule, *chosen, out));
    if (rule.required && !present) invalid("required element is missing");
    path_.resize(length);
    return known;
  }

  bool single(const Node& in, const ElementRule& rule, const ElementType& type, Node& out) {
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

  bool repeated(const Node& in, const ElementRule& rule, const ElementType& type, Node& out) {
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

  Node sibling_extensions(const Node* sibling) {
    Node out = Node::object();
    if (sibling && sibling->is_object()) copy_extensions(*sibling, out);
    return out;
  }

  Node one(const Node& value, const ElementRule& rule, const ElementType& type) {
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

  static bool codes_fit(const Node& concept_node, const ValueSet& codes) {
    const Node* list = concept_node.find("coding");
    if (!list) return concept_node.find("extension") != nullptr;
    return std::any_of(list->items.begin(), list->items.end(), [&](const Node& coding) {
      return codes.has_coding(coding.string_at("system"), coding.string_at("code"));
    });
  }

  Node reference(const Node& value, const std::vector<std::string>& targets) {
    Node copy = complex(value, "Reference");
    const Node* literal = copy.find("reference");
    if (!literal) return words_may_stay(std::string(copy.string_at("type")), targets) ? copy : Node::object();
    if (literal->text.starts_with('#')) {
      std::string id = literal->text.substr(1);
      if (contains(contained_, id))
        used_contained_.push_back(id);
      else if (input_.without_words)
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

  // Whether a display may stay where what it names is not in the document: the name of a doctor or a medicine
  // may, that of a disease or an encounter may not. `kind` may be unknown; then what may stand here decides.
  bool words_may_stay(const std::string& kind, const std::vector<std::string>& targets) const {
    if (!input_.without_words) return true;
    if (!kind.empty()) return is_supporting_kind(kind);
    return !targets.empty() && std::all_of(targets.begin(), targets.end(), is_supporting_kind);
  }

  // Whether what is referred to may be in the document; of patients only this one is.
  bool can_stand(const Target& target, const std::vector<std::string>& targets) const {
    if (target.full_url.empty()) return false;
    if (target.full_url == input_.patient_url) return true;
    if (input_.missing && contains(*input_.missing, target.full_url)) return false;
    if (!target.kind.empty()) return is_document_kind(target.kind) && target.kind != "Patient";
    if (targets.empty()) return true;
    return std::any_of(targets.begin(), targets.end(),
                       [](const std::string& kind) { return is_document_kind(kind) && kind != "Patient"; });
  }

  const ShapeInput& input_;
  std::string path_;
  std::vector<std::string> contained_, used_contained_;
};

}  // namespace

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
  } catch (const Invalid& problem) {
    return ledger::Problem{problem.reason};
  }
}

}  // namespace edge::fhir
