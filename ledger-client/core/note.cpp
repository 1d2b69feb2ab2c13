#include "ledger-client/core/note.h"

#include <algorithm>

#include "ledger-client/core/base64.h"
#include "ledger-client/core/sha256.h"
#include "ledger-client/core/utf8.h"

namespace ledger {

namespace {

constexpr std::string_view kDash = "\xe2\x80\x94 ";  // U+2014 and a space begin a signature line
constexpr std::size_t kMaxSignatures = 100;
constexpr std::size_t kKeyIdBytes = 4;
constexpr std::size_t kTimestampBytes = 8;
constexpr std::string_view kHexDigits = "0123456789abcdef";

Problem problem(std::string reason) {
  return Problem{"note: " + std::move(reason)};
}

bool contains_unicode_space(std::string_view text) {
  for (const std::string_view space :
       {" ", "\t", "\n", "\v", "\f", "\r", "\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\xa8",
        "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"}) {
    if (text.find(space) != text.npos) return true;
  }
  for (std::size_t at = text.find("\xe2\x80"); at != text.npos; at = text.find("\xe2\x80", at + 1)) {
    const auto last = at + 2 < text.size() ? static_cast<unsigned char>(text[at + 2]) : 0U;
    if (last >= 0x80 && last <= 0x8a) return true;  // U+2000 to U+200A
  }
  return false;
}

bool is_key_name(std::string_view name) {
  return !name.empty() && name.find('+') == name.npos && is_utf8(name) && !contains_unicode_space(name);
}

bool has_only_note_characters(std::string_view note) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; };
  return is_utf8(note) && std::none_of(note.begin(), note.end(), control);
}

// One line without its LF.
std::optional<NoteSignature> parse_signature_line(std::string_view line) {
  if (!line.starts_with(kDash)) return std::nullopt;
  const std::string_view fields = line.substr(kDash.size());
  const std::size_t space = fields.find(' ');
  if (space == fields.npos || !is_key_name(fields.substr(0, space))) return std::nullopt;
  const auto bytes = base64_decode(fields.substr(space + 1));
  if (!bytes || bytes->size() <= kKeyIdBytes) return std::nullopt;
  NoteSignature signature;
  signature.name = fields.substr(0, space);
  std::copy_n(bytes->begin(), kKeyIdBytes, signature.id.begin());
  signature.blob.assign(bytes->begin() + kKeyIdBytes, bytes->end());
  signature.line = std::string{line} + '\n';
  return signature;
}

std::uint64_t read_big_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8U | byte;
  return value;
}

std::optional<NoteSigner> verify(const NoteKey& key, const NoteSignature& signature, std::string_view text) {
  const ByteView blob{signature.blob};
  if (key.type == NoteKeyType::kEd25519) {
    if (!verify_ed25519(key.key, as_bytes(text), blob)) return std::nullopt;
    return NoteSigner{key, 0, signature.line};
  }
  if (!looks_like_cosignature(signature)) return std::nullopt;
  const std::uint64_t timestamp = read_big_endian(blob.first(kTimestampBytes));
  if (timestamp >> 63U) return std::nullopt;
  const std::string message = cosignature_message(timestamp, text);
  if (!verify_ed25519(key.key, as_bytes(message), blob.subspan(kTimestampBytes))) return std::nullopt;
  return NoteSigner{key, timestamp, signature.line};
}

bool same_signer(const NoteSignature& a, const NoteSignature& b) {
  return a.name == b.name && a.id == b.id;
}

// Whose key it is. Two different keys with one name and id can't be told apart, so neither may be trusted.
Result<const NoteKey*> find_key(std::span<const NoteKey> known, const NoteSignature& signature) {
  const NoteKey* found = nullptr;
  for (const NoteKey& key : known) {
    if (key.name != signature.name || key.id() != signature.id) continue;
    if (found && (found->key != key.key || found->type != key.type))
      return problem("two known keys share a name and an id");
    found = &key;
  }
  return found;
}

}  // namespace

std::array<std::uint8_t, 4> NoteKey::id() const {
  const auto type_byte = static_cast<std::uint8_t>(type);
  const Hash hash =
      Sha256{}.update(name).update("\n").update(ByteView{&type_byte, 1}).update(ByteView{key.bytes}).finish();
  return {hash[0], hash[1], hash[2], hash[3]};
}

std::string NoteKey::to_vkey() const {
  Bytes typed{static_cast<std::uint8_t>(type)};
  typed.insert(typed.end(), key.bytes.begin(), key.bytes.end());
  return name + "+" + to_hex(id()) + "+" + base64_encode(typed);
}

Result<NoteKey> NoteKey::from_vkey(std::string_view vkey) {
  const std::size_t name_end = vkey.find('+');
  if (name_end == vkey.npos || vkey.size() > 1024) return Problem{"key: not of the form name+id+key"};
  const std::string_view rest = vkey.substr(name_end + 1);
  const std::size_t id_end = rest.find('+');
  if (id_end != 8 || rest.substr(0, id_end).find_first_not_of(kHexDigits) != rest.npos) {
    return Problem{"key: the id is not eight lower-case hexadecimal digits"};
  }
  NoteKey key;
  key.name = vkey.substr(0, name_end);
  if (!is_key_name(key.name)) return Problem{"key: the name is empty or has a space"};
  const auto typed = base64_decode(rest.substr(id_end + 1));
  if (!typed || typed->size() != 1 + key.key.bytes.size()) return Problem{"key: not the base64 of 33 bytes"};
  key.type = static_cast<NoteKeyType>(typed->front());
  if (key.type != NoteKeyType::kEd25519 && key.type != NoteKeyType::kCosignatureV1) {
    return Problem{"key: its type is neither Ed25519 nor Ed25519 cosignature"};
  }
  std::copy(typed->begin() + 1, typed->end(), key.key.bytes.begin());
  if (to_hex(key.id()) != rest.substr(0, id_end))
    return Problem{"key: the id does not belong to the name and key"};
  return key;
}

Result<ParsedNote> parse_note(std::string_view note) {
  if (note.size() > kMaxNoteBytes) return problem("too large");
  if (!has_only_note_characters(note)) return problem("not UTF-8 without control characters");
  const std::size_t split = note.rfind("\n\n");
  if (split == note.npos) return problem("no empty line before the signatures");
  ParsedNote parsed;
  parsed.text = note.substr(0, split + 1);
  std::string_view lines = note.substr(split + 2);
  if (lines.empty() || lines.back() != '\n') return problem("does not end with a signature line");
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    auto signature = parse_signature_line(lines.substr(0, end));
    if (!signature)
      return problem("signature line " + std::to_string(parsed.signatures.size() + 1) + " is malformed");
    if (parsed.signatures.size() == kMaxSignatures) return problem("too many signatures");
    parsed.signatures.push_back(std::move(*signature));
    lines.remove_prefix(end + 1);
  }
  return parsed;
}

Result<VerifiedNote> open_note(std::string_view note, std::span<const NoteKey> known) {
  auto parsed = parse_note(note);
  if (!parsed) return parsed.error();
  VerifiedNote verified;
  const auto& signatures = parsed->signatures;
  for (auto it = signatures.begin(); it != signatures.end(); ++it) {
    const auto key = find_key(known, *it);
    if (!key) return key.error();
    if (!key.value()) continue;
    if (std::any_of(signatures.begin(), it, [&](const auto& earlier) { return same_signer(earlier, *it); }))
      continue;
    auto signer = verify(*key.value(), *it, parsed->text);
    if (!signer) return problem("a known key's signature is wrong");
    verified.signers.push_back(std::move(*signer));
  }
  if (verified.signers.empty()) return problem("no signature of a known key");
  verified.text = std::move(parsed->text);
  return verified;
}

std::string note_signature_line(const NoteKey& key, ByteView blob) {
  const auto id = key.id();
  Bytes bytes{id.begin(), id.end()};
  bytes.insert(bytes.end(), blob.begin(), blob.end());
  return std::string{kDash} + key.name + " " + base64_encode(bytes) + "\n";
}

std::string cosignature_message(std::uint64_t timestamp, std::string_view checkpoint_text) {
  std::string message = "cosignature/v1\ntime " + std::to_string(timestamp) + "\n";
  message += checkpoint_text;
  return message;
}

std::string cosignature_line(const NoteKey& witness, std::uint64_t timestamp, const Signature& signature) {
  Bytes blob;
  blob.reserve(kTimestampBytes + signature.size());
  for (std::size_t i = 1; i <= kTimestampBytes; ++i)
    blob.push_back(static_cast<std::uint8_t>(timestamp >> (8 * (kTimestampBytes - i))));
  blob.insert(blob.end(), signature.begin(), signature.end());
  return note_signature_line(witness, blob);
}

bool looks_like_cosignature(const NoteSignature& signature) {
  return signature.blob.size() == kTimestampBytes + sizeof(Signature);
}

}  // namespace ledger
