#include "ledger-client/store/kept_note.h"

#include <algorithm>

#include "ledger-client/store/verify.h"

namespace ledger {

Result<KeptNote> open_kept_note(std::string_view note, const std::string& origin,
                                std::span<const NoteKey> keys) {
  std::vector<NoteKey> logs, all;
  for (const auto& key : keys) {
    if (key.type == NoteKeyType::kEd25519 && key.name != origin) continue;  // another log's
    if (key.type == NoteKeyType::kEd25519) logs.push_back(key);
    all.push_back(key);
  }
  const auto opened = open_checkpoint_of(note, origin, logs);
  if (!opened) return opened.error();
  const auto verified = open_note(note, all);
  if (!verified) return verified.error();
  KeptNote kept{opened->checkpoint, verified->text + '\n'};
  for (const auto& signer : verified->signers) kept.note += signer.line;
  return kept;
}

std::optional<Checkpoint> checkpoint_of(std::string_view kept_note) {
  const auto note = parse_note(kept_note);
  if (!note) return std::nullopt;
  const auto checkpoint = parse_checkpoint(note->text);
  if (!checkpoint) return std::nullopt;
  return *checkpoint;
}

std::string merge_signatures(const std::string& newer, const std::string& older) {
  const auto to = parse_note(newer);
  const auto from = parse_note(older);
  if (!to || !from || to->text != from->text) return newer;
  std::string merged = newer;
  for (const auto& signature : from->signatures) {
    const auto same = [&](const NoteSignature& other) {
      return other.name == signature.name && other.id == signature.id;
    };
    if (std::none_of(to->signatures.begin(), to->signatures.end(), same)) merged += signature.line;
  }
  return merged;
}

}  // namespace ledger
