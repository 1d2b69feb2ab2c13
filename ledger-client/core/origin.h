// Origins of agents' logs (ledger.md, Lies and accidents): `ehr/<topic form>`, and after a retirement
// `ehr/<topic form>/2`, `/3`, …. One log has one spelling: generation 1 has no suffix, numbers no leading
// zero. Pure and thread-safe.
#pragma once

#include <cstdint>

#include "ledger-client/core/address.h"

namespace ledger {

struct Origin {
  Address address;
  std::uint32_t generation = 1;  // 1 to 999,999,999

  bool operator==(const Origin&) const = default;
  std::string text() const;
  // The log that continues this one.
  Origin next() const { return {address, generation + 1}; }
};

// Exactly the text of an origin whose address is canonical.
std::optional<Origin> parse_origin(std::string_view text);

// The form alone, at most 64 bytes, without a look at whether the address is one: what an entry's envelope
// demands, by the million.
bool has_origin_form(std::string_view text);

// Whether `later` is a later log of the agent whose log `earlier` is. Both in origin form.
bool is_later_origin(std::string_view later, std::string_view earlier);

}  // namespace ledger
