#include "agent/core/fhir/references.h"

#include <algorithm>
#include <cctype>

#include "agent/core/fhir/primitives.h"
#include "ledger-client/core/bytes.h"
#include "ledger-client/core/sha256.h"

namespace edge::fhir {

namespace {

constexpr std::string_view kUuidScheme = "urn:uuid:";

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

// A hash shaped as a UUID of version 8 (RFC 9562, 5.8: what the bits mean is the maker's own).
std::string derived_uuid(std::string_view key) {
  ledger::Hash hash = ledger::sha256(key);
  hash[6] = static_cast<std::uint8_t>((hash[6] & 0x0F) | 0x80);
  hash[8] = static_cast<std::uint8_t>((hash[8] & 0x3F) | 0x80);
  std::string hex = ledger::to_hex(ledger::ByteView(hash).first(16));
  for (std::size_t at : {20, 16, 12, 8}) hex.insert(at, "-");
  return hex;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto bytes =
        text[i] == '%' && i + 2 < text.size() ? ledger::from_hex(lower(text.substr(i + 1, 2))) : std::nullopt;
    if (bytes) i += 2;
    out += bytes ? static_cast<char>(bytes->front()) : text[i];
  }
  return out;
}

}  // namespace

bool is_type_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text[0] >= 'A' && text[0] <= 'Z' &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalpha(c) != 0; });
}

std::string full_url_of(std::string_view kind, std::string_view id) {
  std::string uuid = lower(id);
  if (!is_uuid(uuid)) uuid = derived_uuid(std::string(kind) + '/' + std::string(id));
  return std::string(kUuidScheme) + uuid;
}

Target read_reference(std::string_view reference) {
  Target target;
  reference = reference.substr(0, reference.find('#'));
  reference = reference.substr(0, reference.find("/_history/"));
  if (reference.starts_with(kUuidScheme)) {
    std::string uuid = lower(reference.substr(kUuidScheme.size()));
    if (is_uuid(uuid)) target = {"", "/" + uuid, std::string(kUuidScheme) + uuid};
    return target;
  }
  if (reference.find('?') != std::string_view::npos) return target;
  std::size_t slash = reference.rfind('/');
  if (slash == std::string_view::npos || slash + 1 == reference.size()) return target;
  std::string_view id = reference.substr(slash + 1);
  std::string_view kind = reference.substr(0, slash);
  kind = kind.substr(kind.rfind('/') + 1);
  if (!is_type_name(kind) || id.size() > 256) return target;
  target.kind = kind;
  target.key = std::string(kind) + '/' + std::string(id);
  target.full_url = full_url_of(kind, id);
  return target;
}

void make_logical(Node& reference) {
  std::string_view text = reference.string_at("reference");
  std::size_t query = text.find("?identifier=");
  if (query == std::string_view::npos || reference.find("identifier")) return;
  std::string_view token = text.substr(query + 12);
  token = token.substr(0, token.find('&'));
  std::size_t bar = token.find('|');
  std::string system = bar == std::string_view::npos ? "" : percent_decoded(token.substr(0, bar));
  std::string value = percent_decoded(bar == std::string_view::npos ? token : token.substr(bar + 1));
  if (value.empty() || !is_primitive("string", Node::string(value))) return;
  Node identifier = Node::object();
  if (is_primitive("uri", Node::string(system))) identifier.set("system", Node::string(system));
  identifier.set("value", Node::string(value));
  reference.set("identifier", std::move(identifier));
}

}  // namespace edge::fhir
