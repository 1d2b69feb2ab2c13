#include "ledger-client/core/proof_file.h"

#include <charconv>

#include "ledger-client/core/base64.h"

namespace ledger {
namespace {

constexpr std::string_view kFirstLine = "c2sp.org/tlog-proof@v1";

// Takes a line off `rest`; nothing if there is no LF any more.
std::optional<std::string_view> next_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

// Decimal, no sign, no leading zero, below 2^63.
std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if ((text.size() > 1 && text.front() == '0') || value >> 63U != 0) return std::nullopt;
  return value;
}

}  // namespace

std::string encode_proof_file(const ProofFile& proof) {
  std::string text(kFirstLine);
  text += '\n';
  if (proof.extra) text += "extra " + base64_encode(*proof.extra) + '\n';
  text += "index " + std::to_string(proof.index) + '\n';
  for (const auto& hash : proof.inclusion) text += base64_encode(hash) + '\n';
  return text + '\n' + proof.note;
}

Result<ProofFile> parse_proof_file(std::string_view text) {
  ProofFile proof;
  auto line = next_line(text);
  if (!line || *line != kFirstLine)
    return Problem{"it does not begin with \"" + std::string(kFirstLine) + "\""};
  line = next_line(text);
  if (line && line->starts_with("extra ")) {
    proof.extra = base64_decode(line->substr(6));
    if (!proof.extra) return Problem{"its extra line is not base64"};
    line = next_line(text);
  }
  if (!line || !line->starts_with("index ")) return Problem{"it has no index line"};
  const auto index = parse_decimal(line->substr(6));
  if (!index) return Problem{"its index is not a number"};
  proof.index = *index;
  for (line = next_line(text); line && !line->empty(); line = next_line(text)) {
    const auto bytes = base64_decode(*line);
    const auto hash = bytes ? hash_from_bytes(*bytes) : std::nullopt;
    if (!hash) return Problem{"it holds a line that is no hash"};
    if (proof.inclusion.size() == kMaxProofHashes) return Problem{"it holds too many hashes"};
    proof.inclusion.push_back(*hash);
  }
  if (!line) return Problem{"it has no checkpoint"};
  proof.note = std::string(text);
  return proof;
}

}  // namespace ledger
