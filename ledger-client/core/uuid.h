// UUIDs as this project writes them: 36 characters, lower case, any version. Pure and thread-safe.
#pragma once

#include <algorithm>

#include "ledger-client/core/bytes.h"

namespace ledger {

constexpr bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  std::array<char, 32> digits{};
  auto end = digits.begin();
  std::size_t group = 0;
  for (const std::size_t size : {8, 4, 4, 4, 12}) {
    if (group > 0 && text[group - 1] != '-') return false;
    end = std::copy_n(text.begin() + group, size, end);
    group += size + 1;
  }
  return all_hex(std::span<const char, digits.size()>(digits));
}

}  // namespace ledger
