#include "ledger-client/core/witness.h"

#include <algorithm>
#include <stdexcept>

#include "ledger-client/core/base64.h"
#include "ledger-client/core/text_lines.h"

namespace ledger {

namespace {

constexpr std::string_view kOld = "old ";
constexpr std::size_t kHashLineBytes = 45;
constexpr std::size_t kMaxBodyBytes = 64 + (kMaxProofHashes * kHashLineBytes) + kMaxNoteBytes;

Problem problem(std::string_view reason) {
  return Problem{"add-checkpoint: " + std::string{reason}};
}

WitnessVerdict refuse(WitnessStatus status, std::string reason) {
  WitnessVerdict verdict;
  verdict.status = status;
  verdict.reason = std::move(reason);
  return verdict;
}

// The keys a log may sign with here. A key in the witness' own name would let it vouch for itself.
std::vector<NoteKey> usable_keys(std::vector<NoteKey> keys, std::string_view own_name) {
  std::erase_if(
      keys, [&](const NoteKey& key) { return key.type != NoteKeyType::kEd25519 || key.name == own_name; });
  return keys;
}

// Lines that nobody verified are left behind: a false one in the witness' own name, once stored, would make
// its own note unreadable to it.
std::string note_of_log(const SignedCheckpoint& checkpoint) {
  const std::string& note = checkpoint.note;
  std::string clean = note.substr(0, note.rfind("\n\n") + 2);
  for (const NoteSigner& signer : checkpoint.log_signers) clean += signer.line;
  return clean;
}

// What is wrong with the step from the record to the checkpoint; nothing if it may be cosigned.
std::optional<std::string> broken_step(const AddCheckpoint& request, const Hash& old_root,
                                       const Checkpoint& next) {
  if (next.size == 0 && next.root != empty_root()) return "size 0 with the root of another tree";
  if (request.old_size == 0) {
    if (!request.consistency.empty()) return "a consistency proof from the empty tree";
    return std::nullopt;
  }
  if (verify_consistency(request.old_size, next.size, old_root, next.root, request.consistency))
    return std::nullopt;
  return request.old_size == next.size ? "another root, or a proof, for the size on record"
                                       : "the consistency proof does not lead to the root";
}

}  // namespace

std::string encode_add_checkpoint(const AddCheckpoint& request) {
  std::string body{kOld};
  body += std::to_string(request.old_size) + '\n';
  for (const Hash& hash : request.consistency) body += base64_encode(ByteView{hash}) + '\n';
  return body + '\n' + request.note;
}

Result<AddCheckpoint> parse_add_checkpoint(std::string_view body) {
  if (body.size() > kMaxBodyBytes) return problem("too large");
  const auto first = take_line(body);
  const auto old_size =
      first && first->starts_with(kOld) ? parse_decimal(first->substr(kOld.size())) : std::nullopt;
  if (!old_size) return problem("the first line is not `old` and a canonical decimal");
  AddCheckpoint request;
  request.old_size = *old_size;
  auto line = take_line(body);
  for (; line && !line->empty(); line = take_line(body)) {
    const auto bytes = base64_decode(*line);
    const auto hash = bytes ? hash_from_bytes(*bytes) : std::nullopt;
    if (!hash) return problem("a line of the proof is not the base64 of 32 bytes");
    if (request.consistency.size() == kMaxProofHashes) return problem("a proof of more than 63 hashes");
    request.consistency.push_back(*hash);
  }
  if (!line) return problem("no empty line before the checkpoint");
  const auto note = parse_note(body);
  if (!note) return note.error();
  if (const auto checkpoint = parse_checkpoint(note->text); !checkpoint) return checkpoint.error();
  request.note = body;
  return request;
}

WitnessVerdict judge_add_checkpoint(
    std::string_view body, const std::function<std::vector<NoteKey>(const std::string&)>& log_keys,
    const std::function<std::optional<WitnessRecord>(const std::string&)>& known, std::string_view own_name) {
  const auto request = parse_add_checkpoint(body);
  if (!request) return refuse(WitnessStatus::kMalformed, request.error().reason);
  const Checkpoint claimed = parse_checkpoint(parse_note(request->note)->text).value();

  if (claimed.origin == own_name) return refuse(WitnessStatus::kUnknownOrigin, "the witness' own name");
  const auto keys = usable_keys(log_keys(claimed.origin), own_name);
  if (keys.empty()) return refuse(WitnessStatus::kUnknownOrigin, "unknown origin");
  auto opened = open_checkpoint_of(request->note, claimed.origin, keys);
  if (!opened) return refuse(WitnessStatus::kForbidden, opened.error().reason);

  std::string clean = note_of_log(*opened);
  const auto refuse_signed = [&](WitnessStatus status, std::string reason) {
    WitnessVerdict verdict = refuse(status, std::move(reason));
    verdict.refused_note = std::move(clean);
    return verdict;
  };
  if (request->old_size > claimed.size)
    return refuse_signed(WitnessStatus::kMalformed, "old is beyond the checkpoint's size");
  const WitnessRecord record = known(claimed.origin).value_or(WitnessRecord{});
  if (request->old_size != record.size) {
    WitnessVerdict verdict = refuse_signed(WitnessStatus::kConflict, "old is not the size on record");
    verdict.known_size = record.size;
    return verdict;
  }
  if (auto broken = broken_step(*request, record.root, claimed))
    return refuse_signed(WitnessStatus::kUnprocessable, std::move(*broken));
  WitnessVerdict verdict;
  verdict.status = WitnessStatus::kAccepted;
  verdict.checkpoint = std::move(opened.value());
  verdict.clean_note = std::move(clean);
  return verdict;
}

std::optional<NoteSigner> verify_cosignature(std::string_view line, const Checkpoint& checkpoint,
                                             const NoteKey& witness) {
  if (witness.type != NoteKeyType::kCosignatureV1) return std::nullopt;
  const std::string note = checkpoint.to_text() + '\n' + std::string{line};
  auto opened = open_note(note, {&witness, 1});
  // The line itself must be what was verified: it could hold several, or an empty line and a text of its own.
  if (!opened || opened->signers.size() != 1 || opened->signers[0].line != line) return std::nullopt;
  return std::move(opened->signers[0]);
}

std::string with_cosignature(std::string_view note, const NoteSigner& signer) {
  const auto parsed = parse_note(note);
  if (!parsed) throw std::invalid_argument("with_cosignature: " + parsed.error().reason);
  std::string result = parsed->text + '\n';
  bool placed = false;
  for (const NoteSignature& signature : parsed->signatures) {
    // By name, not by key: a cosigner that has rotated its key is counted once.
    if (signature.name != signer.key.name || !looks_like_cosignature(signature)) {
      result += signature.line;
    } else if (!placed) {
      result += signer.line;
      placed = true;
    }
  }
  return placed ? result : result + signer.line;
}

}  // namespace ledger
