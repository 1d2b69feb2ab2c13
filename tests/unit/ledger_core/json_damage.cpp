#include "tests/unit/ledger_core/json_damage.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ledger-client/core/address.h"
#include "ledger-client/core/time_text.h"

namespace test_support {

using nlohmann::json;

namespace {

// Places of all values in a document.
std::vector<json::json_pointer> places(const json& document) {
  std::vector<json::json_pointer> found;
  const json flat = document.flatten();
  for (const auto& [pointer, ignored] : flat.items()) {
    for (json::json_pointer place(pointer); !place.empty(); place = place.parent_pointer())
      found.push_back(place);
  }
  return found;
}

// Damages texts near what is allowed, so that every rule's edge is met from both sides.
std::string damaged(std::string text, std::mt19937& random) {
  static const std::string characters = "0159afAFgzZ-.:/+_ T\n\"\\#";
  std::size_t at = text.empty() ? 0 : random() % text.size();
  // Whatever is done to it, it stays UTF-8.
  const auto ascii = [&text](std::size_t place) { return place >= text.size() || (text[place] & 0x80) == 0; };
  if (!ascii(at)) at = 0;
  if (!ascii(at)) return text + text;
  const char c = characters[random() % characters.size()];
  switch (random() % 5) {
    case 0:
      return text.insert(at, 1, c);
    case 1:
      return text.empty() ? text : text.erase(at, 1);
    case 2:
      return text + text;
    default:
      if (!text.empty()) text[at] = c;
      return text;
  }
}

json other_value(const json& value, std::mt19937& random) {
  static const std::vector<json> values{nullptr,
                                        true,
                                        0,
                                        1,
                                        -1,
                                        1.5,
                                        1e30,
                                        9007199254740992,
                                        9007199254740991,
                                        "",
                                        "x",
                                        "10.20.0.5",
                                        "fd00::6",
                                        "TREAT",
                                        "T",
                                        "2026-02-28T23:00:00.000Z",
                                        "2026-11-22T08:00:00.001Z",
                                        "sign-2",
                                        "log-10",
                                        "revoked",
                                        "age",
                                        "store",
                                        json::array(),
                                        json::object(),
                                        {{"a", 1}}};
  if (value.is_string() && random() % 3 != 0) return damaged(value.get<std::string>(), random);
  if (value.is_number_unsigned() && random() % 2 != 0)
    return value.get<std::int64_t>() - static_cast<std::int64_t>(random() % 3);
  return values[random() % values.size()];
}

}  // namespace

json mutated(const json& document, std::mt19937& random) {
  json copy = document;
  for (unsigned changes = random() % 2 + 1; changes > 0; --changes) {
    const auto all = places(copy);
    if (all.empty()) return copy;
    const auto place = all[random() % all.size()];
    json& around = copy[place.parent_pointer()];
    switch (random() % 8) {
      case 0:
        if (around.is_object()) around.erase(place.back());
        break;
      case 1:
        if (around.is_object()) around["zusatz"] = 1;
        if (around.is_array()) around.push_back(around[0]);
        break;
      default:
        copy[place] = other_value(copy[place], random);
    }
  }
  return copy;
}

bool only_beyond_regular_expressions(const json& document) {
  const json flat = document.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    if (!value.is_string()) continue;
    const auto text = value.get<std::string>();
    const bool date = text.size() == 24 && text[10] == 'T' && text[8] >= '2' && !ledger::parse_time(text);
    const auto address = ledger::Address::parse(text);
    const bool colons =
        text.find(':') != text.npos && text.find('T') == text.npos && (!address || address->text() != text);
    if (date || colons) return true;
  }
  return false;
}

}  // namespace test_support
