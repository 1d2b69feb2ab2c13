// One resource on its way through the element tables. Internal to shape.h: its sources share it. One object
// per resource.
#pragma once

#include <optional>

#include "agent/core/fhir/element_table.h"
#include "agent/core/fhir/references.h"
#include "agent/core/fhir/shape.h"

namespace edge::fhir {

class Shaper {
 public:
  // Why the resource is not R4; thrown here and caught by shape() or where the part may be left out.
  struct Invalid {
    std::string reason;
  };

  explicit Shaper(const ShapeInput& input) : input_(input) {}

  Node resource(const Node& in, std::string_view kind);

  std::vector<std::string> notes;

 private:
  [[noreturn]] void invalid(std::string_view rule) const { throw Invalid{path_ + ": " + std::string(rule)}; }
  void note(std::string_view what) { notes.push_back(path_ + ' ' + std::string(what)); }

  // --- what every resource has (shape.cpp)
  // `meta` keeps security labels only: profiles and versions speak of the source's form.
  void copy_common(const Node& in, Node& out, std::string_view kind);
  Node codings(const Node& list);
  // Text generated from the data can be made again; only what a human added is kept, and only if it is
  // harmless.
  void copy_narrative(const Node& in, Node& out);
  void copy_contained(const Node& in, Node& out);
  Node contained_resource(const Node& item, const std::string& kind, const std::string& id);
  // dom-3: what nothing refers to has no place in `contained`.
  void prune_contained(Node& out);

  // --- extensions (shape_extensions.cpp)
  void copy_extensions(const Node& in, Node& out);
  // ext-1: a value or extensions, never both.
  Node extension(const Node& in);
  std::optional<Member> extension_value(const Node& in);
  // A value of any type an extension may have; empty if it is none. An extension never makes a resource
  // invalid.
  Node open_value(std::string type, const Node& value);

  // --- elements and their values (shape_elements.cpp)
  // One value of a data type or backbone element.
  Node complex(const Node& in, const std::string& type);
  void elements(const Node& in, const TypeRules& rules, std::string_view type, Node& out);
  // Copies one element; returns how many members of `in` it is.
  std::size_t element(const Node& in, const ElementRule& rule, Node& out);
  bool single(const Node& in, const ElementRule& rule, const ElementType& type, Node& out);
  bool repeated(const Node& in, const ElementRule& rule, const ElementType& type, Node& out);
  Node sibling_extensions(const Node* sibling);
  Node one(const Node& value, const ElementRule& rule, const ElementType& type);

  // --- references (shape_references.cpp)
  Node reference(const Node& value, const std::vector<std::string>& targets);
  // Whether a display may stay where what it names is not in the document: the name of a doctor or a medicine
  // may, that of a disease or an encounter may not. `kind` may be unknown; then what may stand here decides.
  bool words_may_stay(const std::string& kind, const std::vector<std::string>& targets) const;
  // Whether what is referred to may be in the document; of patients only this one is.
  bool can_stand(const Target& target, const std::vector<std::string>& targets) const;

  const ShapeInput& input_;
  std::string path_;
  std::vector<std::string> contained_, used_contained_;
};

}  // namespace edge::fhir
