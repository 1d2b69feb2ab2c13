#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "agent/adapters/his/bundle_entry.h"
#include "agent/adapters/his/json_scanner.h"
#include "ledger-client/core/bytes.h"
#include "ledger-client/core/canonical_json.h"
#include "tests/fuzz/require.h"

namespace {

constexpr std::size_t kDepth = 64;

class Pieces : public edge::his::ByteSource {
 public:
  Pieces(std::string_view text, std::size_t piece) : text_(text), piece_(piece) {}
  std::size_t read(char* out, std::size_t size) override {
    const std::size_t taken = std::min({size, piece_, text_.size()});
    std::memcpy(out, text_.data(), taken);
    text_.remove_prefix(taken);
    return taken;
  }
  std::uint64_t position() const override { return 0; }

 private:
  std::string_view text_;
  std::size_t piece_;
};

// The values of the text, or nothing if it is broken.
std::optional<std::vector<std::string>> values(std::string_view text, std::size_t piece) {
  Pieces source(text, piece);
  edge::his::JsonScanner scanner(source, kDepth);
  std::vector<std::string> out;
  try {
    while (scanner.peek() != edge::his::JsonScanner::kEnd) {
      out.emplace_back();
      FUZZ_REQUIRE(scanner.text(out.back(), text.size()));
    }
  } catch (const edge::his::BrokenFile&) {
    return std::nullopt;
  }
  return out;
}

}  // namespace

// However a file is cut into windows, the importer's scanner finds the same values; it takes what the strict
// reader takes, and what it takes differs from JSON in nothing but UTF-8, which is checked later. Rewriting
// references keeps a resource JSON.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = ledger::as_text({data, size});
  const auto whole = values(text, 1 << 16);
  FUZZ_REQUIRE(values(text, 1) == whole);
  FUZZ_REQUIRE(values(text, 7) == whole);
  const bool long_name = size > edge::his::JsonScanner::kNameBytes;
  if (!long_name && ledger::parse_json(text, {1 << 20, kDepth}).ok())
    FUZZ_REQUIRE(whole && whole->size() == 1);
  if (!whole) return 0;
  for (const std::string& value : *whole) {
    std::string entry_text = value;
    const auto entry = edge::his::read_entry(entry_text);
    if (entry) FUZZ_REQUIRE(value.find(entry->resource) != std::string::npos);
    const auto keep = [](std::string_view url) -> std::optional<std::string> { return std::string(url); };
    FUZZ_REQUIRE(edge::his::rewrite_references(value, keep) == value);
    const auto change = [](std::string_view) -> std::optional<std::string> { return "Patient/p1"; };
    const std::string changed = edge::his::rewrite_references(value, change);
    if (nlohmann::json::accept(value)) FUZZ_REQUIRE(nlohmann::json::accept(changed));
  }
  return 0;
}
