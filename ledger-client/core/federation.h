// The federation document's payload (trust.md): who belongs, with which keys. For now it comes as a file,
// unsigned, version 1. Public keys have their native text: `sign` base64url of 32 bytes, `log` and `witness`
// a note vkey, `age` an age1… recipient. Pure and thread-safe.
#pragma once

#include "ledger-client/core/address.h"
#include "ledger-client/core/note.h"
#include "ledger-client/core/time_text.h"

namespace ledger {

enum class KeyUse { kSign, kLog, kWitness, kAge };
enum class MemberStatus { kActive, kSuspended, kRevoked };

struct MemberKey {
  std::string id;  // `sign-1`, `log-1`, …
  KeyUse use = KeyUse::kSign;
  std::string public_text;
  TimePoint from{};
  std::optional<TimePoint> to;
};

struct Member {
  Address address;
  std::string name;
  std::vector<std::string> roles;  // hospital, witness, store, verifier
  MemberStatus status = MemberStatus::kActive;
  std::vector<MemberKey> keys;

  bool has_role(std::string_view role) const;
  // The signing key of that id, if it is valid at `at`.
  std::optional<PublicKey> sign_key(std::string_view id, TimePoint at) const;
  std::optional<NoteKey> log_key() const;      // the newest
  std::optional<NoteKey> witness_key() const;  // the newest
  std::optional<std::string> age_recipient() const;
};

struct Federation {
  std::uint64_t version = 0;
  std::uint64_t witness_quorum = 0;
  std::string ca_spki_sha256;  // hex
  std::vector<Member> members;

  const Member* find(const Address& address) const;
  std::vector<NoteKey> witness_keys() const;
};

// Strict: unknown members of the object, wrong types, two members with one address, malformed keys are
// problems, with their place.
Result<Federation> parse_federation(std::string_view json);

}  // namespace ledger
