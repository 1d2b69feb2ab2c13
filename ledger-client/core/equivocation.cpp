#include "ledger-client/core/equivocation.h"

#include <stdexcept>

#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/canonical_scan.h"
#include "ledger-client/core/utf8.h"

namespace ledger {

namespace {

// A checkpoint's text, an empty line, and one signature line in a name as long as an origin may be.
constexpr std::size_t kMaxReducedNoteBytes = 2 * kMaxCheckpointBytes + 128;

Problem problem(std::string_view reason) {
  return Problem{"equivocation: " + std::string{reason}};
}

// The checkpoint of a note that carries one signature line and nothing else.
Result<Checkpoint> reduced_checkpoint(std::string_view note) {
  if (note.size() > kMaxReducedNoteBytes) return problem("a note is too large");
  const auto parsed = parse_note(note);
  if (!parsed) return parsed.error();
  if (parsed->signatures.size() != 1) return problem("a note has not exactly one signature line");
  return parse_checkpoint(parsed->text);
}

struct Pair {
  Checkpoint first, second;
};

// What must hold before any key is asked.
Result<Pair> check_form(const Equivocation& proof) {
  auto first = reduced_checkpoint(proof.first);
  if (!first) return first.error();
  auto second = reduced_checkpoint(proof.second);
  if (!second) return second.error();
  if (first->origin != second->origin) return problem("the notes are of two origins");
  if (first->size > second->size) return problem("the sizes are out of order");
  const bool sizes_differ = first->size != second->size;
  if (proof.prefix_root.has_value() != sizes_differ || proof.consistency.empty() == sizes_differ)
    return problem("prefix_root and consistency belong where the sizes differ, and only there");
  if (proof.consistency.size() > kMaxProofHashes) return problem("a proof of more than 63 hashes");
  return Pair{std::move(*first), std::move(*second)};
}

// Whether one key has signed both notes, neither of them wrongly.
bool signed_by(const NoteKey& key, const std::string& origin, std::string_view first,
               std::string_view second) {
  return open_checkpoint_of(first, origin, {&key, 1}).ok() &&
         open_checkpoint_of(second, origin, {&key, 1}).ok();
}

// Why the two can both be true, as far as the proof shows.
std::optional<std::string> harmless(const Equivocation& proof, const Pair& pair) {
  if (pair.first.size == pair.second.size) {
    if (pair.first.root == pair.second.root) return "both notes name the same tree";
    return std::nullopt;
  }
  if (*proof.prefix_root == pair.first.root) return "the first tree is the beginning of the second";
  if (!verify_consistency(pair.first.size, pair.second.size, *proof.prefix_root, pair.second.root,
                          proof.consistency))
    return "the consistency proof does not lead to the second root";
  return std::nullopt;
}

std::string reduced(const SignedCheckpoint& checkpoint) {
  return checkpoint.note.substr(0, checkpoint.note.rfind("\n\n") + 2) + checkpoint.log_signers[0].line;
}

std::optional<Proof> read_hashes(CanonicalScan& scan) {
  Proof hashes;
  if (!scan.literal("[")) return std::nullopt;
  do {
    const auto hex = scan.plain_string();
    const auto hash = hex ? hash_from_hex(*hex) : std::nullopt;
    if (!hash || hashes.size() == kMaxProofHashes) return std::nullopt;
    hashes.push_back(*hash);
  } while (scan.literal(","));
  if (!scan.literal("]")) return std::nullopt;
  return hashes;
}

// The members in canonical order. `origin` is the one named beside the notes.
std::optional<Problem> scan_members(CanonicalScan& scan, Equivocation& proof, std::string& origin) {
  const auto text = [&](std::string_view before, std::string& value) {
    auto read = scan.literal(before) ? scan.text() : std::nullopt;
    if (read) value = std::move(*read);
    return read.has_value();
  };
  if (!scan.literal("{")) return problem("not an object");
  if (scan.literal("\"consistency\":")) {
    auto hashes = read_hashes(scan);
    if (!hashes || !scan.literal(",")) return problem("consistency is not a list of 1 to 63 hashes");
    proof.consistency = std::move(*hashes);
  }
  if (!text("\"first\":", proof.first)) return problem("first is missing or no canonical text");
  if (!text(",\"origin\":", origin)) return problem("origin is missing or no canonical text");
  if (scan.literal(",\"prefix_root\":")) {
    const auto hex = scan.plain_string();
    proof.prefix_root = hex ? hash_from_hex(*hex) : std::nullopt;
    if (!proof.prefix_root) return problem("prefix_root is no hash");
  }
  if (!text(",\"second\":", proof.second)) return problem("second is missing or no canonical text");
  if (!scan.literal("}") || !scan.at_end()) return problem("an unknown member is there");
  return std::nullopt;
}

}  // namespace

std::string encode_equivocation(const Equivocation& proof) {
  const auto pair = check_form(proof);
  if (!pair) throw std::invalid_argument(pair.error().reason);
  std::string json = "{";
  if (proof.prefix_root) {
    char before = '[';
    json += "\"consistency\":";
    for (const Hash& hash : proof.consistency) {
      json.append(1, before).append("\"").append(to_hex(hash)).append("\"");
      before = ',';
    }
    json += "],";
  }
  const auto append = [&](std::string_view before, std::string_view text) {
    json += before;
    append_json_string(json, text);
  };
  append("\"first\":", proof.first);
  append(",\"origin\":", pair->first.origin);
  if (proof.prefix_root) append(",\"prefix_root\":", to_hex(*proof.prefix_root));
  append(",\"second\":", proof.second);
  json += '}';
  if (json.size() > kMaxEquivocationBytes) throw std::invalid_argument("equivocation: larger than 7 KiB");
  return json;
}

Result<Equivocation> parse_equivocation(std::string_view json) {
  if (json.size() > kMaxEquivocationBytes) return problem("larger than 7 KiB");
  if (!is_utf8(json)) return problem("not UTF-8");
  CanonicalScan scan(json);
  Equivocation proof;
  std::string origin;
  if (auto broken = scan_members(scan, proof, origin)) return std::move(*broken);
  const auto pair = check_form(proof);
  if (!pair) return pair.error();
  if (pair->first.origin != origin) return problem("the notes are of another origin than the one named");
  return proof;
}

std::string accused_origin(const Equivocation& proof) {
  return proof.first.substr(0, proof.first.find('\n'));
}

Result<Conviction> check_equivocation(const Equivocation& proof, std::span<const NoteKey> keys) {
  auto pair = check_form(proof);
  if (!pair) return pair.error();
  if (const auto reason = harmless(proof, *pair)) return problem(*reason);
  const std::string origin = pair->first.origin;
  for (const NoteKey& key : keys) {
    if (signed_by(key, origin, proof.first, proof.second))
      return Conviction{origin, std::move(pair->first), std::move(pair->second)};
  }
  return problem("no known key of the log has signed both notes");
}

std::optional<Equivocation> find_equivocation(std::string_view first, std::string_view second,
                                              std::optional<Hash> prefix_root, const Proof& consistency,
                                              std::span<const NoteKey> keys) {
  const auto parsed = parse_note(first);
  const auto claimed = parsed ? parse_checkpoint(parsed->text) : Result<Checkpoint>{parsed.error()};
  if (!claimed) return std::nullopt;
  for (const NoteKey& key : keys) {
    auto a = open_checkpoint_of(first, claimed->origin, {&key, 1});
    auto b = open_checkpoint_of(second, claimed->origin, {&key, 1});
    if (!a || !b) continue;
    if (a->checkpoint.size > b->checkpoint.size) std::swap(a, b);
    Equivocation proof{reduced(*a), reduced(*b), std::nullopt, {}};
    if (a->checkpoint.size != b->checkpoint.size) {
      proof.prefix_root = prefix_root;
      proof.consistency = consistency;
    }
    if (check_equivocation(proof, {&key, 1})) return proof;
  }
  return std::nullopt;
}

}  // namespace ledger
