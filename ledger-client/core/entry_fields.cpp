#include "ledger-client/core/entry_fields.h"

#include <algorithm>
#include <stdexcept>

#include "ledger-client/core/address.h"
#include "ledger-client/core/base64.h"
#include "ledger-client/core/canonical_scan.h"
#include "ledger-client/core/ed25519.h"
#include "ledger-client/core/entry_rules.h"
#include "ledger-client/core/motion.h"
#include "ledger-client/core/origin.h"
#include "ledger-client/core/time_text.h"
#include "ledger-client/core/uuid.h"

namespace ledger {

namespace {

// Words of lower-case letters and digits joined by single hyphens: a code, with no room for a sentence.
bool is_word(std::string_view text) {
  bool joint = true;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!letter && (c != '-' || joint)) return false;
    joint = c == '-';
  }
  return !joint && text.size() <= 32;
}

constexpr std::array<std::string_view, 4> kKeyUses{"sign", "log", "witness", "age"};

bool is_purpose(std::string_view text) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto allowed = [&](char c) { return upper(c) || (c >= '0' && c <= '9'); };
  return text.size() >= 2 && text.size() <= 32 && upper(text.front()) &&
         std::all_of(text.begin(), text.end(), allowed);
}

// Three dots and numbers up to 255 without leading zeros: what nearly every address is, told without a copy.
bool is_plain_ipv4(std::string_view text) {
  unsigned parts = 0, value = 0, digits = 0;
  for (const char c : text) {
    if (c == '.') {
      if (digits == 0 || ++parts > 3) return false;
      value = digits = 0;
      continue;
    }
    if (c < '0' || c > '9' || (digits > 0 && value == 0) || ++digits > 3) return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
    if (value > 255) return false;
  }
  return parts == 3 && digits > 0;
}

bool is_address(std::string_view text) {
  if (is_plain_ipv4(text)) return true;
  const auto address = Address::parse(text);
  return address && address->text() == text;
}

bool is_key_name(std::string_view text) {
  const auto dash = text.find('-');
  const std::string_view use = text.substr(0, dash);
  if (dash == std::string_view::npos || std::find(kKeyUses.begin(), kKeyUses.end(), use) == kKeyUses.end())
    return false;
  const std::string_view number = text.substr(dash + 1);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !number.empty() && number.size() <= 6 && number.front() != '0' &&
         std::all_of(number.begin(), number.end(), digit);
}

// A key's native text: base64, a note's vkey, age1….
bool is_public_text(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("+/=_.:-").find(c) != std::string_view::npos;
  };
  return text.size() >= 43 && text.size() <= 256 && std::all_of(text.begin(), text.end(), allowed);
}

bool is_signature(std::string_view text) {
  const auto bytes = text.size() == 86 ? base64url_decode(text) : std::nullopt;
  return bytes && bytes->size() == sizeof(Signature);
}

bool is_key(std::string_view text) {
  const auto bytes = text.size() == 43 ? base64url_decode(text) : std::nullopt;
  return bytes && bytes->size() == sizeof(PublicKey::bytes);
}

bool holds_text(Holds what, std::string_view text) {
  switch (what) {
    case Holds::kHash:
      return is_hash_hex(text);
    case Holds::kUuid:
      return is_uuid(text);
    case Holds::kAddress:
      return is_address(text);
    case Holds::kPurpose:
      return is_purpose(text);
    case Holds::kHour:
      return text.ends_with(":00:00.000Z") && parse_time(text);
    case Holds::kOrigin:
      return has_origin_form(text);
    case Holds::kWord:
      return is_word(text);
    case Holds::kKeyId:
      return is_key_name(text);
    case Holds::kPublicText:
      return is_public_text(text);
    case Holds::kSignature:
      return is_signature(text);
    case Holds::kMaybeSignature:
      return text.empty() || is_signature(text);
    case Holds::kReason:
      return is_revocation_reason(text);
    case Holds::kApprover:
      return is_approver_id(text);
    case Holds::kChoice:
      return choice_from(text).has_value();
    case Holds::kKey:
      return is_key(text);
    case Holds::kMatter:
      return is_matter(text);
    case Holds::kSubject:
      return is_subject(text);
    case Holds::kTime:
      return parse_time(text).has_value();
    default:
      return false;
  }
}

bool is_number(Holds what) {
  return what == Holds::kPositive || what == Holds::kIndex || what == Holds::kThreshold;
}

bool read_value(CanonicalScan& scan, Holds what, Value& value) {
  if (is_number(what)) {
    const auto number = scan.integer();
    value.number = number.value_or(0);
    if (number && what == Holds::kThreshold && *number > kMaxApprovers) return false;
    return number && (what == Holds::kIndex || *number > 0);
  }
  const auto text = what == Holds::kHash ? scan.sized_string(2 * sizeof(Hash)) : scan.plain_string();
  value.text = text.value_or("");
  return text && holds_text(what, *text);
}

// `{"name":` or `,"name":` without the punctuation.
std::string_view name_of(const Field& field) {
  return field.prefix.substr(2, field.prefix.size() - 4);
}

}  // namespace

std::optional<std::string> scan_body(std::string_view body, std::span<const Field> fields,
                                     std::span<Value> values) {
  CanonicalScan scan(body);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!scan.literal(fields[i].prefix))
      return std::string{name_of(fields[i])} + " is missing, or an unknown field is there";
    if (!read_value(scan, fields[i].holds, values[i]))
      return std::string{name_of(fields[i])} + " does not hold what it must";
  }
  if (!scan.literal("}") || !scan.at_end()) return "an unknown field is there";
  return std::nullopt;
}

std::size_t scan_leading_body(std::string_view text, std::span<const Field> fields, std::span<Value> values) {
  CanonicalScan scan(text);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!scan.literal(fields[i].prefix) || !read_value(scan, fields[i].holds, values[i])) return 0;
  }
  return scan.literal("}") ? scan.position() : 0;
}

std::string write_body(std::span<const Field> fields, std::initializer_list<Value> values) {
  std::string body;
  const Value* value = values.begin();
  for (const Field& field : fields) {
    body += field.prefix;
    if (is_number(field.holds)) {
      body += std::to_string(value->number);
    } else {
      body.append("\"").append(value->text).append("\"");
    }
    ++value;
  }
  body += '}';
  Values read_back;
  if (const auto broken = scan_body(body, fields, read_back))
    throw std::invalid_argument("entry body: " + *broken);
  return body;
}

}  // namespace ledger
