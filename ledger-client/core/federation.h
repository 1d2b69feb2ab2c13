// The federation document's payload (trust.md): who belongs, with which keys, and who decides about it.
// Its signatures are federation_document.h's. Public keys have their native text: `sign` base64url of 32
// bytes, `log` and `witness` a note vkey, `age` an age1… recipient. Pure and thread-safe.
#pragma once

#include "ledger-client/core/address.h"
#include "ledger-client/core/merkle.h"
#include "ledger-client/core/note.h"
#include "ledger-client/core/origin.h"
#include "ledger-client/core/time_text.h"

namespace ledger {

enum class KeyUse { kSign, kLog, kWitness, kAge };
enum class MemberStatus { kActive, kSuspended, kRevoked };

// What a revoking federation document says about a member's log: what is anchored below `size`, in a tree
// consistent with `root`, stays valid for ever; from `suspect_from` on it is shown as suspect.
struct Cutoff {
  std::string origin;
  std::uint64_t size = 0;
  Hash root{};
  std::optional<std::uint64_t> suspect_from;

  bool operator==(const Cutoff&) const = default;
};

struct MemberKey {
  std::string id;  // `sign-1`, `log-1`, …
  KeyUse use = KeyUse::kSign;
  std::string public_text;
  TimePoint from{};
  std::optional<TimePoint> to;
  std::optional<Cutoff> revocation{};  // the federation ended it: it verifies no message any more

  bool valid_at(TimePoint time) const { return from <= time && (!to || time < *to) && !revocation; }
};

// A key of a log or witness and its time: from `from` on, until before `to`.
struct DatedNoteKey {
  NoteKey key;
  TimePoint from{};
  std::optional<TimePoint> to;

  bool valid_at(TimePoint time) const { return from <= time && (!to || time < *to); }
};

struct Member {
  Address address;
  std::string name;
  std::vector<std::string> roles;  // hospital, witness, store, verifier
  MemberStatus status = MemberStatus::kActive;
  std::vector<MemberKey> keys;
  std::optional<Cutoff> revocation{};  // of a revoked member: up to where what it anchored counts

  bool has_role(std::string_view role) const;
  const MemberKey* find_key(std::string_view id) const;
  // Up to where what that key signed counts, if the federation says so of the key or of the member: where it
  // does of both, whatever either refuses or suspects.
  std::optional<Cutoff> cutoff_of(std::string_view key_id) const;
  // All keys of that use, past and future ones too, oldest first by `from`, then by their place in the list.
  std::vector<const MemberKey*> keys_of(KeyUse use) const;
  // The signing key of that id, if it is valid at `at`.
  std::optional<PublicKey> sign_key(std::string_view id, TimePoint at) const;
  std::optional<NoteKey> log_key() const;      // the newest
  std::optional<NoteKey> witness_key() const;  // the newest
  // All of them, past ones too, in the order of `from`: a log has a new key after a rotation, and a new
  // origin (the key's name) after a retirement.
  std::vector<DatedNoteKey> log_keys() const;
  std::vector<DatedNoteKey> witness_keys() const;
  // Every key of one of the member's logs, whatever its time: what it signed once stays verifiable.
  std::vector<NoteKey> log_keys_of(std::string_view origin) const;
  std::optional<std::string> newest_origin() const;  // the name of log_key()
  std::optional<std::string> age_recipient() const;
};

// A person whose signature counts as a vote. Ids are plain ASCII: nobody's can look like another's.
struct Admin {
  std::string id;
  PublicKey key;
};

struct Federation {
  std::uint64_t version = 0;
  std::optional<Hash> prev;     // SHA-256 of the payload of the version before; none in version 1
  std::uint64_t threshold = 0;  // signatures a version needs; 2 × threshold > admins
  std::vector<Admin> admins;    // ids and keys are unique
  std::uint64_t witness_quorum = 0;
  std::string ca_spki_sha256;  // hex
  std::vector<Member> members;

  const Member* find(const Address& address) const;
  const Admin* find_admin(std::string_view id) const;
  // The member whose log it is by its name, whether or not it has such a key.
  const Member* find_origin(std::string_view origin) const;
  std::vector<NoteKey> log_keys_of(std::string_view origin) const;  // none if nobody has that log
  std::vector<NoteKey> witness_keys() const;                        // of active witnesses, the newest of each
  std::vector<DatedNoteKey> all_witness_keys() const;               // of active witnesses, past ones too
};

// The text of a signing key: base64url of its 32 bytes.
std::optional<PublicKey> parse_sign_key(std::string_view base64url);

inline constexpr std::size_t kMaxFederationBytes = 16U << 20U;  // of a payload

// Strict: unknown members of the object, wrong types, two members with one address, malformed keys, names
// with invisible characters, a threshold that two halves could reach are problems, with their place.
Result<Federation> parse_federation(std::string_view json);

std::string_view status_text(MemberStatus status);
std::string_view use_text(KeyUse use);

}  // namespace ledger
