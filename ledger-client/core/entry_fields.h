// How the bodies of entries are read and written: fields in canonical order, and what each may hold. Internal
// to entry_rules.h: its sources share it. Pure and thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ledger {

// What a field may hold.
enum class Holds {
  kHash,
  kUuid,
  kAddress,
  kPurpose,
  kHour,
  kOrigin,
  kWord,
  kPositive,
  kIndex,
  kKeyId,
  kPublicText,
  kSignature,
  kMaybeSignature,
  kReason,
  kApprover,
  kChoice,
  kKey,
  kMatter,
  kSubject,
  kTime,
  kThreshold
};

struct Field {
  std::string_view prefix;  // the canonical text before the value: `{"a":` or `,"b":`
  Holds holds;
};

struct Value {
  std::string_view text;
  std::uint64_t number = 0;
};

// As many as the longest type has.
inline constexpr std::size_t kMaxFields = 12;
using Values = std::array<Value, kMaxFields>;

// Reads a body of exactly these fields. What the body breaks; nothing where it keeps every rule. `values` is
// at least as long as `fields` and views `body`.
std::optional<std::string> scan_body(std::string_view body, std::span<const Field> fields,
                                     std::span<Value> values);

// The same of a text that begins with a body: the body's size, or 0 where it breaks a rule.
std::size_t scan_leading_body(std::string_view text, std::span<const Field> fields, std::span<Value> values);

// The canonical text of these fields; throws std::invalid_argument for a value its field may not hold: what
// would be void is not even written, as it would stand in the log for ever.
std::string write_body(std::span<const Field> fields, std::initializer_list<Value> values);

}  // namespace ledger
