#include "ledger-client/core/key_validity.h"

#include <algorithm>

#include "ledger-client/core/base64.h"

namespace ledger {

namespace {

constexpr std::string_view kRotationLabel = "ehr/v1/key.rotated\n";

// The verdict of one rule: everything from `refused_from` is refused, what lies below it from `suspect_from`
// on is suspect.
SignatureJudgement judge_place(std::uint64_t index, std::uint64_t refused_from,
                               const std::optional<std::uint64_t>& suspect_from, const std::string& what) {
  if (index >= refused_from) return {Validity::kRefused, "anchored at or after " + what};
  if (suspect_from && index >= *suspect_from)
    return {Validity::kSuspect, "anchored when the key was no longer trusted, before " + what};
  return {Validity::kValid, {}};
}

// Whether both trees are one history.
bool fits(const AnchoredAt& anchored, const Cutoff& cutoff) {
  const Checkpoint& tree = anchored.tree;
  if (tree.origin != cutoff.origin) return false;
  return tree.size <= cutoff.size
             ? verify_consistency(tree.size, cutoff.size, tree.root, cutoff.root, anchored.consistency)
             : verify_consistency(cutoff.size, tree.size, cutoff.root, tree.root, anchored.consistency);
}

SignatureJudgement judge_cutoff(const AnchoredAt& anchored, const Cutoff& cutoff) {
  auto place = judge_place(anchored.index, cutoff.size, cutoff.suspect_from,
                           "the cutoff of the federation's revocation");
  if (place.validity != Validity::kRefused && !fits(anchored, cutoff))
    return {Validity::kRefused, "its log is not shown to be the one the federation's revocation names"};
  return place;
}

SignatureJudgement judge_end(std::uint64_t index, const KeyEnd& end) {
  return judge_place(index, end.index, end.suspect_from,
                     end.revoked ? "the key's revocation" : "the key's rotation");
}

bool signed_by(const PublicKey& key, std::string_view statement, std::string_view base64url) {
  const auto signature = base64url_decode(base64url);
  return signature && verify_ed25519(key, as_bytes(statement), *signature);
}

}  // namespace

Result<Cutoff> cutoff_from(std::string_view checkpoint_note, const NoteKey& log,
                           std::span<const NoteKey> witnesses, std::uint64_t quorum) {
  const auto opened = open_checkpoint(checkpoint_note, log, witnesses);
  if (!opened) return opened.error();
  if (quorum == 0 || opened->cosigners.size() < quorum)
    return Problem{"the checkpoint has " + std::to_string(opened->cosigners.size()) + " witnesses of " +
                   std::to_string(std::max<std::uint64_t>(quorum, 1)) + " needed"};
  return Cutoff{opened->checkpoint.origin, opened->checkpoint.size, opened->checkpoint.root, std::nullopt};
}

void KeyEnds::take(const Entry& entry) {
  if (entry.origin != origin_) return;
  if (const auto rotated = decode_key_rotated(entry)) {
    ends_.try_emplace(rotated->key, KeyEnd{entry.index, false, std::nullopt});
  } else if (const auto revoked = decode_key_revoked(entry)) {
    KeyEnd& end = ends_.try_emplace(revoked->key, KeyEnd{entry.index, true, std::nullopt}).first->second;
    end.revoked = true;
    end.suspect_from = std::min(end.suspect_from.value_or(revoked->suspect_from), revoked->suspect_from);
  }
}

std::optional<KeyEnd> KeyEnds::of(const std::string& key_id) const {
  const auto found = ends_.find(key_id);
  return found == ends_.end() ? std::nullopt : std::optional{found->second};
}

SignatureJudgement judge_signature(const std::optional<AnchoredAt>& anchored,
                                   const std::optional<KeyEnd>& end, const std::optional<Cutoff>& cutoff) {
  if (!end && !cutoff) return {Validity::kValid, {}};
  if (!anchored) return {Validity::kRefused, "not anchored, and the key has ended"};
  const auto by_log = end ? judge_end(anchored->index, *end) : SignatureJudgement{Validity::kValid, {}};
  const auto by_federation =
      cutoff ? judge_cutoff(*anchored, *cutoff) : SignatureJudgement{Validity::kValid, {}};
  return by_log.validity >= by_federation.validity ? by_log : by_federation;
}

std::string rotation_statement(const std::string& origin, const KeyRotated& rotation) {
  // Lines of fields that hold no line feed: no two rotations share a statement.
  return std::string(kRotationLabel)
      .append(origin + "\n")
      .append(rotation.key + "\n")
      .append(rotation.next + "\n")
      .append(rotation.public_text + "\n")
      .append(rotation.signed_by + "\n");
}

Result<Done> check_rotation(const std::string& origin, const KeyRotated& rotation, const PublicKey& by,
                            const std::optional<PublicKey>& next) {
  const bool age = rotation.key.starts_with("age-");
  const std::string use = rotation.key.substr(0, rotation.key.find('-') + 1);
  if (!rotation.next.starts_with(use) || rotation.next == rotation.key)
    return Problem{"the next key is not another key of the same use"};
  if (age ? !rotation.signed_by.starts_with("sign-") : rotation.signed_by != rotation.key)
    return Problem{"not announced by the key that must"};
  const std::string statement = rotation_statement(origin, rotation);
  if (!signed_by(by, statement, rotation.signature)) return Problem{"the old key did not sign it"};
  if (age ? !rotation.possession.empty() : !next || !signed_by(*next, statement, rotation.possession))
    return Problem{"the new key did not sign it"};
  return Done{};
}

}  // namespace ledger
