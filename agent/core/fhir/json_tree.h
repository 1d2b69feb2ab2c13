// A JSON document as a small tree that keeps every number as the text it was written with (`1.50` stays
// `1.50`), which neither nlohmann nor simdjson's own DOM does. For single resources; whole Bundles are
// streamed (document_check.h). Pure and thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ledger-client/core/result.h"

namespace edge::fhir {

struct Member;

struct Node {
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };

  Kind kind = Kind::kNull;
  std::string text;             // kString: the characters; kNumber, kBool: the token
  std::vector<Node> items;      // kArray
  std::vector<Member> members;  // kObject, in the order written

  static Node string(std::string_view characters);
  static Node number(std::string_view token);
  static Node boolean(bool value);
  static Node array();
  static Node object();

  bool is_object() const { return kind == Kind::kObject; }
  bool is_array() const { return kind == Kind::kArray; }
  bool is_string() const { return kind == Kind::kString; }
  // Nothing in it: null, an empty string, array or object.
  bool is_empty() const;

  const Node* find(std::string_view name) const;
  Node* find(std::string_view name);
  // The characters of a string member; empty if there is none.
  std::string_view string_at(std::string_view name) const;
  // The first element of an array member, or the member itself; null if there is none.
  const Node* first(std::string_view name) const;

  Node& set(std::string_view name, Node value);  // replaces or appends
  void remove(std::string_view name);
};

struct Member {
  std::string name;
  Node value;
};

struct TreeLimits {
  std::size_t max_bytes = 16u << 20;
  std::size_t max_depth = 64;
};

// Strict UTF-8 JSON: no duplicate member names, nothing after the value, numbers within the range of a
// double.
ledger::Result<Node> parse_tree(std::string_view json, const TreeLimits& limits);

// Without insignificant white space, members in their order, numbers as written.
void append_text(std::string& out, const Node& node);
std::string to_text(const Node& node);
// RFC 8785.
void append_canonical(std::string& out, const Node& node);

}  // namespace edge::fhir
