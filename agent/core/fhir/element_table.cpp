#include "agent/core/fhir/element_table.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>

#include "agent/core/fhir/element_lines.h"

namespace edge::fhir {

namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    std::size_t end = text.find(separator);
    if (end != 0) parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

// The targets of a Reference are separated by ',' so that types can be separated by '|'.
ElementType parse_type(std::string_view text, std::string_view element, bool choice) {
  ElementType type;
  std::size_t bracket = text.find('(');
  type.name = text.substr(0, bracket);
  if (bracket != std::string_view::npos)
    for (std::string_view target : split(text.substr(bracket + 1, text.size() - bracket - 2), ','))
      if (target != "Resource") type.targets.emplace_back(target);
  type.primitive = std::islower(static_cast<unsigned char>(type.name[0])) != 0;
  type.member = element;
  if (choice) {
    type.member += type.name;
    type.member[element.size()] = static_cast<char>(std::toupper(static_cast<unsigned char>(type.name[0])));
  }
  return type;
}

class Tables {
 public:
  Tables() {
    for (std::string_view line : split(kValueSetLines, '\n')) add_value_set(line);
    for (std::string_view line : split(kDataTypeLines, '\n')) add_type(line);
    for (std::string_view line : split(kClinicalLines, '\n')) add_kind(line);
    for (std::string_view line : split(kOtherResourceLines, '\n')) add_kind(line);
  }

  const TypeRules* find(std::string_view name) const {
    auto found = types_.find(std::string(name));
    return found == types_.end() ? nullptr : &found->second;
  }
  bool is_kind(std::string_view name) const {
    return std::find(kinds_.begin(), kinds_.end(), name) != kinds_.end();
  }

 private:
  // name [system | code]…: a word with '/' is a code system.
  void add_value_set(std::string_view line) {
    std::vector<std::string_view> words = split(line, ' ');
    ValueSet& set = value_sets_[std::string(words.at(0))];
    for (std::size_t i = 1; i < words.size(); ++i)
      (words[i].find('/') == std::string_view::npos ? set.codes : set.systems).emplace_back(words[i]);
  }

  void add_kind(std::string_view line) {
    std::string_view name = add_type(line);
    if (name.find('.') == std::string_view::npos) kinds_.emplace_back(name);
  }

  std::string_view add_type(std::string_view line) {
    std::vector<std::string_view> words = split(line, ' ');
    TypeRules& rules = types_[std::string(words.at(0))];
    for (std::size_t i = 1; i < words.size(); ++i) rules.push_back(parse_element(words[i]));
    return words[0];
  }

  // name, one of ? ! * +, "[x]" for a choice, ':' types separated by '|', '#' value set.
  ElementRule parse_element(std::string_view word) const {
    ElementRule rule;
    std::size_t mark = word.find_first_of("?!*+");
    std::size_t colon = word.find(':');
    if (mark == std::string_view::npos || colon == std::string_view::npos)
      throw std::logic_error("element table: " + std::string(word));
    rule.name = word.substr(0, mark);
    rule.required = word[mark] == '!' || word[mark] == '+';
    rule.repeats = word[mark] == '*' || word[mark] == '+';
    bool choice = word.substr(mark + 1, 3) == "[x]";
    std::size_t hash = word.find('#');
    std::size_t end = hash == std::string_view::npos ? word.size() : hash;
    for (std::string_view type : split(word.substr(colon + 1, end - colon - 1), '|'))
      rule.types.push_back(parse_type(type, rule.name, choice));
    if (hash != std::string_view::npos) rule.codes = &value_sets_.at(std::string(word.substr(hash + 1)));
    return rule;
  }

  std::unordered_map<std::string, ValueSet> value_sets_;
  std::unordered_map<std::string, TypeRules> types_;
  std::vector<std::string> kinds_;
};

const Tables& tables() {
  static const Tables instance;
  return instance;
}

}  // namespace

bool ValueSet::has_code(std::string_view code) const {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

bool ValueSet::has_coding(std::string_view system, std::string_view code) const {
  return std::find(systems.begin(), systems.end(), system) != systems.end() && has_code(code);
}

const TypeRules* find_type(std::string_view name) {
  return tables().find(name);
}

bool is_document_kind(std::string_view kind) {
  return tables().is_kind(kind);
}

}  // namespace edge::fhir
