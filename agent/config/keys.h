// The table of configuration keys: name, type, range, and how a value gets into Config. parse.cpp walks the
// file along it.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "agent/config/config.h"

namespace edge::config_detail {

// A scalar of the file, free of the TOML library.
struct OtherType {
  std::string name;  // "a table", "an array", "a date"
};
using Value = std::variant<std::string, std::int64_t, double, bool, OtherType>;

struct Context {
  fs::path base;  // for relative paths
};

// Sets one key of Target; gives what is wrong with the value instead.
template <class Target>
struct Key {
  std::string name;
  std::string type;
  std::string range;
  std::function<std::optional<std::string>(Target&, const Value&, const Context&)> set;
  std::function<std::string(const Target&)> show;  // as TOML text; empty if it has no default
};

const std::vector<Key<Config>>& keys();                     // dotted names
const std::vector<Key<fhir::SectionRule>>& section_keys();  // of [[section]]
const std::vector<Key<ledger::Approver>>& approver_keys();  // of [[approver]]

// The groups of [[group]] hold a list, so parse.cpp reads them with these.
std::optional<std::string> set_group_name(PeerGroup& group, const Value& value);
std::optional<std::string> add_group_peer(PeerGroup& group, const Value& value);

}  // namespace edge::config_detail
