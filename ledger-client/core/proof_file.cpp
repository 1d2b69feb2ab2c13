#include "ledger-client/core/proof_file.h"

#include "ledger-client/core/base64.h"
#include "ledger-client/core/text_lines.h"

namespace ledger {
namespace {

constexpr std::string_view kFirstLine = "c2sp.org/tlog-proof@v1";

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
  auto line = take_line(text);
  if (!line || *line != kFirstLine)
    return Problem{"it does not begin with \"" + std::string(kFirstLine) + "\""};
  line = take_line(text);
  if (line && line->starts_with("extra ")) {
    proof.extra = base64_decode(line->substr(6));
    if (!proof.extra) return Problem{"its extra line is not base64"};
    line = take_line(text);
  }
  if (!line || !line->starts_with("index ")) return Problem{"it has no index line"};
  const auto index = parse_decimal(line->substr(6));
  if (!index) return Problem{"its index is not a number"};
  proof.index = *index;
  for (line = take_line(text); line && !line->empty(); line = take_line(text)) {
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
