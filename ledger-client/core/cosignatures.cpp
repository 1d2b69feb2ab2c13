#include "ledger-client/core/cosignatures.h"

#include <algorithm>

#include "ledger-client/core/witness.h"

namespace ledger {

namespace {

std::string log_signed_note(const SignedCheckpoint& checkpoint) {
  std::string note = parse_note(checkpoint.note).value().text + '\n';
  for (const NoteSigner& signer : checkpoint.log_signers) note += signer.line;
  return note;
}

}  // namespace

void Cosignatures::add_checkpoint(const SignedCheckpoint& checkpoint) {
  const auto size = checkpoint.checkpoint.size;
  auto place = std::find_if(items_.begin(), items_.end(),
                            [&](const Item& item) { return item.checkpoint.size >= size; });
  if (place == items_.end() || place->checkpoint.size != size) {
    place = items_.insert(place, {checkpoint.checkpoint, log_signed_note(checkpoint), {}});
  }
  if (place->checkpoint != checkpoint.checkpoint) return;  // a second history is not collected for
  for (const NoteSigner& signer : checkpoint.cosigners) place->by_witness[signer.key.name] = signer;
  while (items_.size() > kKept) items_.pop_front();
}

bool Cosignatures::take(std::string_view line, const NoteKey& witness) {
  for (auto item = items_.rbegin(); item != items_.rend(); ++item) {
    const auto signer = verify_cosignature(line, item->checkpoint, witness);
    if (!signer) continue;
    const auto known = item->by_witness.find(witness.name);
    if (known != item->by_witness.end() && known->second.timestamp >= signer->timestamp) return false;
    item->by_witness[witness.name] = *signer;
    return true;
  }
  return false;
}

std::string Cosignatures::with_lines(const Item& item) {
  std::string note = item.note;
  for (const auto& [name, signer] : item.by_witness) note = with_cosignature(note, signer);
  return note;
}

std::optional<std::string> Cosignatures::witnessed(std::uint64_t quorum) const {
  if (quorum == 0) return std::nullopt;
  const auto found = std::find_if(items_.rbegin(), items_.rend(),
                                  [&](const Item& item) { return item.by_witness.size() >= quorum; });
  if (found == items_.rend()) return std::nullopt;
  return with_lines(*found);
}

std::string Cosignatures::newest() const {
  return items_.empty() ? std::string() : with_lines(items_.back());
}

}  // namespace ledger
