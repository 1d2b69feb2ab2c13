#include "ledger-client/core/entry_rules.h"

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>

#include "ledger-client/core/address.h"
#include "ledger-client/core/canonical_scan.h"
#include "ledger-client/core/uuid.h"

namespace ledger {

namespace {

// What a field may hold.
enum class Holds { kHash, kUuid, kAddress, kPurpose, kHour, kPositive, kIndex };

struct Field {
  std::string_view prefix;  // the canonical text before the value: `{"a":` or `,"b":`
  Holds holds;
};

// The types, each a body of exactly these fields. They stand in canonical order, so that one scan reads them.
constexpr std::array<Field, 8> kIssued{{{"{\"ciphertext_sha256\":", Holds::kHash},
                                        {",\"merkle_root\":", Holds::kHash},
                                        {",\"patient_commitment\":", Holds::kHash},
                                        {",\"plaintext_commitment\":", Holds::kHash},
                                        {",\"purpose\":", Holds::kPurpose},
                                        {",\"request\":", Holds::kUuid},
                                        {",\"size\":", Holds::kPositive},
                                        {",\"to\":", Holds::kAddress}}};
constexpr std::array<Field, 4> kReceived{{{"{\"ciphertext_sha256\":", Holds::kHash},
                                          {",\"from\":", Holds::kAddress},
                                          {",\"issued_index\":", Holds::kIndex},
                                          {",\"request\":", Holds::kUuid}}};
constexpr std::array<Field, 3> kDelivered{
    {{"{\"receipt_sha256\":", Holds::kHash}, {",\"request\":", Holds::kUuid}, {",\"to\":", Holds::kAddress}}};
constexpr std::array<Field, 3> kRefusals{
    {{"{\"count\":", Holds::kPositive}, {",\"hour\":", Holds::kHour}, {",\"peer\":", Holds::kAddress}}};

struct Type {
  std::string_view name;
  std::span<const Field> fields;
};
constexpr std::array<Type, 4> kTypes{{{entry_type::kBundleIssued, kIssued},
                                      {entry_type::kBundleReceived, kReceived},
                                      {entry_type::kBundleDelivered, kDelivered},
                                      {entry_type::kRefusals, kRefusals}}};

bool is_purpose(std::string_view text) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto allowed = [&](char c) { return upper(c) || (c >= '0' && c <= '9'); };
  return text.size() >= 2 && text.size() <= 32 && upper(text.front()) &&
         std::all_of(text.begin(), text.end(), allowed);
}

bool is_address(std::string_view text) {
  const auto address = Address::parse(text);
  return address && address->text() == text;
}

bool holds_text(Holds what, std::string_view text) {
  switch (what) {
    case Holds::kHash:
      return hash_from_hex(text).has_value();
    case Holds::kUuid:
      return is_uuid(text);
    case Holds::kAddress:
      return is_address(text);
    case Holds::kPurpose:
      return is_purpose(text);
    case Holds::kHour:
      return text.ends_with(":00:00.000Z") && parse_time(text);
    default:
      return false;
  }
}

struct Value {
  std::string_view text;
  std::uint64_t number = 0;
};

bool is_number(Holds what) {
  return what == Holds::kPositive || what == Holds::kIndex;
}

bool read_value(CanonicalScan& scan, Holds what, Value& value) {
  if (is_number(what)) {
    const auto number = scan.integer();
    value.number = number.value_or(0);
    return number && (what == Holds::kIndex || *number > 0);
  }
  const auto text = scan.plain_string();
  value.text = text.value_or("");
  return text && holds_text(what, *text);
}

// `{"name":` or `,"name":` without the punctuation.
std::string_view name_of(const Field& field) {
  return field.prefix.substr(2, field.prefix.size() - 4);
}

// What the body breaks; nothing where it keeps every rule. `values` is as long as `fields`.
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

// What would be void is not even written: it would stand in the log for ever.
std::string encode(std::span<const Field> fields, std::initializer_list<Value> values) {
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
  std::array<Value, kIssued.size()> read_back;
  if (const auto broken = scan_body(body, fields, read_back))
    throw std::invalid_argument("entry body: " + *broken);
  return body;
}

}  // namespace

Judgement judge_entry(const Entry& entry) {
  const auto type =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const Type& known) { return known.name == entry.type; });
  if (type == kTypes.end()) return {Meaning::kUnknownType, {}};
  std::array<Value, kIssued.size()> values;
  auto broken = scan_body(entry.body, type->fields, values);
  if (broken) return {Meaning::kVoid, std::move(*broken)};
  return {Meaning::kEffective, {}};
}

std::string encode_body(const BundleIssued& body) {
  return encode(kIssued, {{to_hex(body.ciphertext_sha256)},
                          {to_hex(body.merkle_root)},
                          {to_hex(body.patient_commitment)},
                          {to_hex(body.plaintext_commitment)},
                          {body.purpose},
                          {body.request},
                          {{}, body.size},
                          {body.to}});
}

std::string encode_body(const BundleReceived& body) {
  return encode(kReceived,
                {{to_hex(body.ciphertext_sha256)}, {body.from}, {{}, body.issued_index}, {body.request}});
}

std::string encode_body(const BundleDelivered& body) {
  return encode(kDelivered, {{to_hex(body.receipt_sha256)}, {body.request}, {body.to}});
}

std::string encode_body(const Refusals& body) {
  return encode(kRefusals, {{{}, body.count}, {body.hour}, {body.peer}});
}

Result<BundleIssued> decode_bundle_issued(const Entry& entry) {
  if (entry.type != entry_type::kBundleIssued) return Problem{"entry: not a bundle.issued"};
  std::array<Value, kIssued.size()> values;
  if (const auto broken = scan_body(entry.body, kIssued, values)) return Problem{"bundle.issued: " + *broken};
  BundleIssued body;
  body.ciphertext_sha256 = *hash_from_hex(values[0].text);
  body.merkle_root = *hash_from_hex(values[1].text);
  body.patient_commitment = *hash_from_hex(values[2].text);
  body.plaintext_commitment = *hash_from_hex(values[3].text);
  body.purpose = values[4].text;
  body.request = values[5].text;
  body.size = values[6].number;
  body.to = values[7].text;
  return body;
}

}  // namespace ledger
