#include "ledger-client/core/checkpoint.h"

#include <algorithm>

#include "ledger-client/core/base64.h"
#include "ledger-client/core/text_lines.h"

namespace ledger {

namespace {

Problem problem(std::string_view reason) {
  return Problem{"checkpoint: " + std::string{reason}};
}

}  // namespace

std::string Checkpoint::to_text() const {
  return origin + "\n" + std::to_string(size) + "\n" + base64_encode(ByteView{root}) + "\n";
}

Result<Checkpoint> parse_checkpoint(std::string_view text) {
  if (text.size() > kMaxCheckpointBytes) return problem("too large");
  const auto origin = take_line(text);
  // A signature over a text that begins like a cosigned message could be passed off as a cosignature.
  if (!origin || origin->empty() || *origin == "cosignature/v1") return problem("no acceptable origin");
  const auto size_line = take_line(text);
  const auto size = size_line ? parse_decimal(*size_line) : std::nullopt;
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
  return open_checkpoint_of(note, log.name, {&log, 1}, witnesses);
}

Result<SignedCheckpoint> open_checkpoint_of(std::string_view note, std::string_view origin,
                                            std::span<const NoteKey> logs,
                                            std::span<const NoteKey> witnesses) {
  std::vector<NoteKey> known;
  std::copy_if(logs.begin(), logs.end(), std::back_inserter(known),
               [](const NoteKey& key) { return key.type == NoteKeyType::kEd25519; });
  if (known.empty()) return problem("no key of type Ed25519 of this log is known");
  std::copy_if(witnesses.begin(), witnesses.end(), std::back_inserter(known),
               [](const NoteKey& key) { return key.type == NoteKeyType::kCosignatureV1; });
  auto opened = open_note(note, known);
  if (!opened) return opened.error();
  auto parsed = parse_checkpoint(opened->text);
  if (!parsed) return parsed.error();
  if (parsed->origin != origin) return problem("a checkpoint of another log");

  SignedCheckpoint checkpoint;
  for (NoteSigner& signer : opened->signers) {
    if (signer.key.type == NoteKeyType::kEd25519) {
      checkpoint.log_signers.push_back(std::move(signer));
      continue;
    }
    const auto same_witness = [&](const NoteSigner& other) { return other.key.name == signer.key.name; };
    const bool counted = std::any_of(checkpoint.cosigners.begin(), checkpoint.cosigners.end(), same_witness);
    if (!counted) checkpoint.cosigners.push_back(std::move(signer));
  }
  if (checkpoint.log_signers.empty()) return problem("no signature of the log");
  checkpoint.checkpoint = std::move(parsed.value());
  checkpoint.note = note;
  return checkpoint;
}

}  // namespace ledger
