#include "ledger-client/core/checkpoint.h"

#include <algorithm>
#include <charconv>

#include "ledger-client/core/base64.h"

namespace ledger {

namespace {

Problem problem(std::string_view reason) {
  return Problem{"checkpoint: " + std::string{reason}};
}

// Takes one line off `text`, without its LF; nothing where there is no LF any more.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == text.npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::optional<std::uint64_t> parse_size(std::string_view digits) {
  std::uint64_t size = 0;
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, size);
  const bool leading_zero = digits.size() > 1 && digits.front() == '0';
  if (error != std::errc{} || end != last || leading_zero || size >> 63U) return std::nullopt;
  return size;
}

}  // namespace

std::string Checkpoint::to_text() const {
  return origin + "\n" + std::to_string(size) + "\n" + base64_encode(ByteView{root}) + "\n";
}

Result<Checkpoint> parse_checkpoint(std::string_view text) {
  const auto origin = take_line(text);
  // A signature over a text that begins like a cosigned message could be passed off as a cosignature.
  if (!origin || origin->empty() || *origin == "cosignature/v1") return problem("no acceptable origin");
  const auto size_line = take_line(text);
  const auto size = size_line ? parse_size(*size_line) : std::nullopt;
  if (!size) return problem("the size is not a canonical decimal below 2^63");
  const auto root_line = take_line(text);
  const auto root_bytes = root_line ? base64_decode(*root_line) : std::nullopt;
  const auto root = root_bytes ? hash_from_bytes(*root_bytes) : std::nullopt;
  if (!root) return problem("the root is not the base64 of 32 bytes");
  while (!text.empty()) {
    const auto extension = take_line(text);
    if (!extension || extension->empty()) return problem("an empty or unfinished extension line");
  }
  return Checkpoint{std::string{*origin}, *size, *root};
}

Result<SignedCheckpoint> open_checkpoint(std::string_view note, const NoteKey& log,
                                         std::span<const NoteKey> witnesses) {
  if (log.type != NoteKeyType::kEd25519) return problem("a log's key must be of type Ed25519");
  std::vector<NoteKey> known{log};
  std::copy_if(witnesses.begin(), witnesses.end(), std::back_inserter(known),
               [](const NoteKey& key) { return key.type == NoteKeyType::kCosignatureV1; });
  auto opened = open_note(note, known);
  if (!opened) return opened.error();
  auto parsed = parse_checkpoint(opened->text);
  if (!parsed) return parsed.error();
  if (parsed->origin != log.name) return problem("the origin is not the log key's name");

  SignedCheckpoint checkpoint;
  bool signed_by_log = false;
  for (NoteSigner& signer : opened->signers) {
    if (signer.key.type == NoteKeyType::kEd25519) {
      signed_by_log = true;
      continue;
    }
    const auto same_witness = [&](const NoteSigner& other) { return other.key.name == signer.key.name; };
    const bool counted = std::any_of(checkpoint.cosigners.begin(), checkpoint.cosigners.end(), same_witness);
    if (!counted) checkpoint.cosigners.push_back(std::move(signer));
  }
  if (!signed_by_log) return problem("no signature of the log");
  checkpoint.checkpoint = std::move(parsed.value());
  checkpoint.note = note;
  return checkpoint;
}

}  // namespace ledger
