#include "agent/core/fhir/json_tree.h"

#include <simdjson.h>

#include <algorithm>
#include <unordered_set>

#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/json_text.h"
#include "ledger-client/core/utf8.h"

namespace edge::fhir {

namespace {

namespace od = simdjson::ondemand;

class TreeReader {
 public:
  explicit TreeReader(std::size_t max_depth) : max_depth_(max_depth) {}

  // False with `problem` set if the value is refused; simdjson's own errors are thrown.
  template <class Value>
  bool read(Value value, Node& out, std::size_t depth) {
    if (depth > max_depth_) return fail("nested too deeply");
    switch (value.type().value()) {
      case od::json_type::object:
        return read_object(value.get_object().value(), out, depth);
      case od::json_type::array:
        return read_array(value.get_array().value(), out, depth);
      case od::json_type::string:
        out = Node::string(value.get_string().value());
        return true;
      case od::json_type::number:
        return read_number(value, out);
      case od::json_type::boolean:
        out = Node::boolean(value.get_bool().value());
        return true;
      case od::json_type::null:
        if (!value.is_null()) return fail("not JSON");
        out = Node();
        return true;
    }
    return fail("not JSON");
  }

  std::string problem;

 private:
  bool fail(const char* reason) {
    problem = reason;
    return false;
  }

  bool read_object(od::object object, Node& out, std::size_t depth) {
    out = Node::object();
    for (auto field : object) {
      Member& member = out.members.emplace_back();
      member.name = std::string(field.unescaped_key().value());
      if (!read(field.value(), member.value, depth + 1)) return false;
    }
    return has_duplicates(out) ? fail("a member name occurs twice in one object") : true;
  }

  bool read_array(od::array array, Node& out, std::size_t depth) {
    out = Node::array();
    for (auto item : array)
      if (!read(item.value(), out.items.emplace_back(), depth + 1)) return false;
    return true;
  }

  template <class Value>
  bool read_number(Value& value, Node& out) {
    std::string_view token = value.raw_json_token();
    token = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
    if (!ledger::json_number(token)) return fail("not a JSON number, or one without a canonical form");
    (void)value.get_double().value();  // takes it off the reader
    out = Node::number(token);
    return true;
  }

  static bool has_duplicates(const Node& object) {
    if (object.members.size() < 12) {
      for (std::size_t i = 1; i < object.members.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
          if (object.members[i].name == object.members[j].name) return true;
      return false;
    }
    std::unordered_set<std::string_view> names;
    for (const Member& member : object.members)
      if (!names.insert(member.name).second) return true;
    return false;
  }

  std::size_t max_depth_;
};

}  // namespace

Node Node::string(std::string_view characters) {
  Node node;
  node.kind = Kind::kString;
  node.text = characters;
  return node;
}

Node Node::number(std::string_view token) {
  Node node;
  node.kind = Kind::kNumber;
  node.text = token;
  return node;
}

Node Node::boolean(bool value) {
  Node node;
  node.kind = Kind::kBool;
  node.text = value ? "true" : "false";
  return node;
}

Node Node::array() {
  Node node;
  node.kind = Kind::kArray;
  return node;
}

Node Node::object() {
  Node node;
  node.kind = Kind::kObject;
  return node;
}

bool Node::is_empty() const {
  switch (kind) {
    case Kind::kNull:
      return true;
    case Kind::kString:
      return text.find_first_not_of(" \t\r\n") == std::string::npos;
    case Kind::kArray:
      return items.empty();
    case Kind::kObject:
      return members.empty();
    default:
      return false;
  }
}

const Node* Node::find(std::string_view name) const {
  for (const Member& member : members)
    if (member.name == name) return &member.value;
  return nullptr;
}

Node* Node::find(std::string_view name) {
  for (Member& member : members)
    if (member.name == name) return &member.value;
  return nullptr;
}

std::string_view Node::string_at(std::string_view name) const {
  const Node* node = find(name);
  return node && node->is_string() ? std::string_view(node->text) : std::string_view();
}

const Node* Node::first(std::string_view name) const {
  const Node* node = find(name);
  if (!node || !node->is_array()) return node;
  return node->items.empty() ? nullptr : &node->items.front();
}

Node& Node::set(std::string_view name, Node value) {
  if (Node* present = find(name)) return *present = std::move(value);
  return members.emplace_back(Member{std::string(name), std::move(value)}).value;
}

void Node::remove(std::string_view name) {
  std::erase_if(members, [&](const Member& member) { return member.name == name; });
}

ledger::Result<Node> parse_tree(std::string_view json, const TreeLimits& limits) {
  if (json.size() > limits.max_bytes) return ledger::Problem{"larger than the limit"};
  try {
    simdjson::padded_string padded(json);
    od::parser parser;
    od::document document = parser.iterate(padded);
    TreeReader reader(limits.max_depth);
    Node root;
    if (document.is_scalar()) return ledger::Problem{"not a JSON object"};
    bool read = document.type() == od::json_type::object
                    ? reader.read(od::value(document.get_value().value()), root, 1)
                    : false;
    if (!read) return ledger::Problem{reader.problem.empty() ? "not a JSON object" : reader.problem};
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS)
      return ledger::Problem{"text after the JSON value"};
    return root;
  } catch (const simdjson::simdjson_error&) {
    return ledger::Problem{"not valid JSON"};
  }
}

void append_text(std::string& out, const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      out += "null";
      return;
    case Node::Kind::kBool:
    case Node::Kind::kNumber:
      out += node.text;
      return;
    case Node::Kind::kString:
      ledger::append_json_string(out, node.text);
      return;
    case Node::Kind::kArray: {
      char separator = '[';
      if (node.items.empty()) out += separator;
      for (const Node& item : node.items) {
        out += separator;
        separator = ',';
        append_text(out, item);
      }
      out += ']';
      return;
    }
    case Node::Kind::kObject: {
      char separator = '{';
      if (node.members.empty()) out += separator;
      for (const Member& member : node.members) {
        out += separator;
        separator = ',';
        ledger::append_json_string(out, member.name);
        out += ':';
        append_text(out, member.value);
      }
      out += '}';
      return;
    }
  }
}

std::string to_text(const Node& node) {
  std::string out;
  append_text(out, node);
  return out;
}

void append_canonical(std::string& out, const Node& node) {
  if (node.is_array()) {
    out += '[';
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      if (i > 0) out += ',';
      append_canonical(out, node.items[i]);
    }
    out += ']';
  } else if (node.is_object()) {
    std::vector<const Member*> sorted;
    for (const Member& member : node.members) sorted.push_back(&member);
    std::sort(sorted.begin(), sorted.end(),
              [](const Member* a, const Member* b) { return ledger::json_key_less(a->name, b->name); });
    out += '{';
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      if (i > 0) out += ',';
      ledger::append_json_string(out, sorted[i]->name);
      out += ':';
      append_canonical(out, sorted[i]->value);
    }
    out += '}';
  } else if (node.kind == Node::Kind::kNumber) {
    ledger::append_json_number(out, ledger::json_number(node.text).value());
  } else {
    append_text(out, node);
  }
}

}  // namespace edge::fhir
