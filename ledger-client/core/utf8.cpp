#include "ledger-client/core/utf8.h"

#include <simdjson.h>

namespace ledger {

bool is_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace ledger
