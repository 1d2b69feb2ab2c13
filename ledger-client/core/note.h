// Signed notes (C2SP signed-note v1.0.0; formats.md 2) and their keys. Reading and verifying. Pure and
// thread-safe.
#pragma once

#include "ledger-client/core/ed25519.h"
#include "ledger-client/core/result.h"

namespace ledger {

inline constexpr std::size_t kMaxNoteBytes = 64 * 1024;

enum class NoteKeyType : std::uint8_t { kEd25519 = 0x01, kCosignatureV1 = 0x04 };

// A public key of a note signer, `name+hex id+base64(type || key)` as text.
struct NoteKey {
  std::string name;
  NoteKeyType type = NoteKeyType::kEd25519;
  PublicKey key;

  std::array<std::uint8_t, 4> id() const;
  std::string to_vkey() const;
  static Result<NoteKey> from_vkey(std::string_view vkey);
  bool operator==(const NoteKey&) const = default;
};

struct NoteSignature {
  std::string name;
  std::array<std::uint8_t, 4> id{};
  Bytes blob;        // what follows the key id: 64 bytes, or 8 + 64 for a cosignature
  std::string line;  // the whole line with its LF, as received
};

// A note taken apart; nothing is verified yet.
struct ParsedNote {
  std::string text;  // includes its final LF
  std::vector<NoteSignature> signatures;
};
Result<ParsedNote> parse_note(std::string_view note);

// One verified signature of a note.
struct NoteSigner {
  NoteKey key;
  std::uint64_t timestamp = 0;  // seconds since 1970, cosignatures only
  std::string line;
};

// A note on which at least one known key's signature verified. Made only by open_note.
struct VerifiedNote {
  std::string text;
  std::vector<NoteSigner> signers;

 private:
  VerifiedNote() = default;
  friend Result<VerifiedNote> open_note(std::string_view, std::span<const NoteKey>);
};
// Unknown keys are ignored, a known key's wrong signature refuses the whole note, and so does having no known
// signature.
Result<VerifiedNote> open_note(std::string_view note, std::span<const NoteKey> known);

// What a signer signs and how the line is written; the signature itself is made in agent/.
std::string note_signature_line(const NoteKey& key, ByteView blob);
std::string cosignature_message(std::uint64_t timestamp, std::string_view checkpoint_text);
// `signature` is over cosignature_message of the same timestamp.
std::string cosignature_line(const NoteKey& witness, std::uint64_t timestamp, const Signature& signature);
// Whether the line has the size of a cosignature/v1 (nothing is verified).
bool looks_like_cosignature(const NoteSignature& signature);

}  // namespace ledger
