#include "agent/adapters/his/bundle_entry.h"

#include <simdjson.h>

#include <algorithm>
#include <cctype>

namespace edge::his {

using ledger::Problem;
namespace ondemand = simdjson::ondemand;

namespace {

std::string string_of(simdjson::simdjson_result<ondemand::value> value) {
  std::string_view text;
  return value.get_string().get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

std::string member_of(ondemand::value value, std::string_view name) {
  ondemand::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return {};
  return string_of(object.find_field_unordered(name));
}

bool read_resource(ondemand::value value, BundleEntry& entry) {
  ondemand::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return false;
  entry.kind = string_of(object.find_field_unordered("resourceType"));
  entry.id = string_of(object.find_field_unordered("id"));
  bool empty = false;
  if (object.reset().get(empty) != simdjson::SUCCESS) return false;
  if (object.raw_json().get(entry.resource) != simdjson::SUCCESS) return false;
  entry.resource = entry.resource.substr(
      0, entry.resource.rfind('}') + 1);  // simdjson takes the white space after it along
  return true;
}

// The end of the string literal that starts at `from` (a quote): the index after the closing quote.
std::size_t string_end(std::string_view json, std::size_t from) {
  std::size_t at = from + 1;
  while (at < json.size() && json[at] != '"') at += json[at] == '\\' ? 2 : 1;
  return std::min(at + 1, json.size());
}

std::size_t skip_space(std::string_view json, std::size_t at) {
  while (at < json.size() && std::isspace(static_cast<unsigned char>(json[at])) != 0) ++at;
  return at;
}

}  // namespace

ledger::Result<BundleEntry> read_entry(std::string& entry_json) {
  entry_json.reserve(entry_json.size() + simdjson::SIMDJSON_PADDING);
  thread_local ondemand::parser parser;
  ondemand::document document;
  ondemand::object object;
  if (parser.iterate(
                simdjson::padded_string_view(entry_json.data(), entry_json.size(), entry_json.capacity()))
              .get(document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS) {
    return Problem{"entry is not a JSON object in UTF-8"};
  }
  BundleEntry entry;
  for (auto field : object) {
    std::string_view name;
    ondemand::value value;
    if (field.unescaped_key().get(name) != simdjson::SUCCESS || field.value().get(value) != simdjson::SUCCESS)
      return Problem{"entry is not a JSON object in UTF-8"};
    if (name == "fullUrl") {
      entry.full_url = string_of(ondemand::value(value));
    } else if (name == "resource") {
      if (!read_resource(value, entry)) return Problem{"resource is not a JSON object"};
    } else if (name == "request") {
      entry.method = member_of(value, "method");
    } else if (name == "search") {
      entry.outcome = member_of(value, "mode") == "outcome";
    }
  }
  return entry;
}

bool url_names_key(std::string_view full_url, std::string_view kind, std::string_view id) {
  if (full_url.empty() || id.empty()) return true;
  constexpr std::string_view kUuid = "urn:uuid:";
  if (full_url.starts_with(kUuid)) {
    const std::string_view uuid = full_url.substr(kUuid.size());
    return std::ranges::equal(
        uuid, id, {}, [](unsigned char c) { return std::tolower(c); },
        [](unsigned char c) { return std::tolower(c); });
  }
  const std::string tail = std::string(kind) + "/" + std::string(id);
  return full_url == tail || full_url.ends_with("/" + tail);
}

std::string rewrite_references(std::string_view json,
                               const std::function<std::optional<std::string>(std::string_view)>& lookup) {
  std::string out;
  std::size_t copied = 0;
  for (std::size_t at = json.find('"'); at != std::string_view::npos; at = json.find('"', at)) {
    const std::size_t end = string_end(json, at);
    const bool named = json.substr(at, end - at) == "\"reference\"";
    at = end;
    if (!named) continue;
    const std::size_t colon = skip_space(json, end);
    if (colon >= json.size() || json[colon] != ':') continue;
    const std::size_t value = skip_space(json, colon + 1);
    if (value >= json.size() || json[value] != '"') continue;
    const std::size_t value_end = string_end(json, value);
    const auto found = lookup(json.substr(value + 1, value_end - value - 2));
    at = value_end;
    if (!found) continue;
    out += json.substr(copied, value + 1 - copied);
    out += *found;
    out += '"';
    copied = value_end;
  }
  out += json.substr(copied);
  return out;
}

}  // namespace edge::his
