#include "deploy/sample/json_text.h"

#include <nlohmann/json.hpp>

namespace sample {

Json text(std::string_view value) {
  return nlohmann::json(value).dump();
}
Json boolean(bool value) {
  return value ? "true" : "false";
}
Json number(long value) {
  return std::to_string(value);
}

Json object(std::initializer_list<Member> members) {
  Json out = "{";
  for (const Member& member : members) {
    if (member.value.empty()) continue;
    if (out.size() > 1) out += ',';
    out += '"';
    out += member.name;
    out += "\":";
    out += member.value;
  }
  return out += '}';
}

Json array(const std::vector<Json>& elements) {
  Json out;
  for (const Json& element : elements) {
    if (element.empty()) continue;
    out += out.empty() ? '[' : ',';
    out += element;
  }
  return out.empty() ? out : out += ']';
}

}  // namespace sample
