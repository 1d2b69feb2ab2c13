#include <algorithm>

#include "ledger-client/core/base64.h"
#include "ledger-client/core/federation.h"

namespace ledger {

namespace {

const MemberKey* newest(const std::vector<MemberKey>& keys, KeyUse use) {
  const MemberKey* found = nullptr;
  for (const MemberKey& key : keys) {
    if (key.use == use && (!found || key.from >= found->from)) found = &key;
  }
  return found;
}

std::optional<NoteKey> newest_note_key(const std::vector<MemberKey>& keys, KeyUse use) {
  const MemberKey* const key = newest(keys, use);
  if (!key) return std::nullopt;
  auto note_key = NoteKey::from_vkey(key->public_text);
  if (!note_key) return std::nullopt;
  return std::move(note_key.value());
}

std::vector<DatedNoteKey> dated_note_keys(const std::vector<MemberKey>& keys, KeyUse use) {
  std::vector<DatedNoteKey> dated;
  for (const MemberKey& key : keys) {
    auto note_key = key.use == use ? NoteKey::from_vkey(key.public_text) : Result<NoteKey>{Problem{}};
    if (note_key) dated.push_back({std::move(note_key.value()), key.from, key.to});
  }
  std::stable_sort(dated.begin(), dated.end(),
                   [](const DatedNoteKey& a, const DatedNoteKey& b) { return a.from < b.from; });
  return dated;
}

bool is_active_witness(const Member& member) {
  return member.status == MemberStatus::kActive && member.has_role("witness");
}

// What lets through only what both do. Nothing is anchored in two logs at once.
Cutoff stricter(const Cutoff& one, const Cutoff& other) {
  if (one.origin != other.origin) return {other.origin, 0, empty_root(), std::nullopt};
  Cutoff out = one.size <= other.size ? one : other;
  for (const Cutoff* cutoff : {&one, &other})
    if (cutoff->suspect_from && *cutoff->suspect_from <= out.size)
      out.suspect_from = std::min(out.suspect_from.value_or(out.size), *cutoff->suspect_from);
  return out;
}

}  // namespace

std::optional<PublicKey> parse_sign_key(std::string_view base64url) {
  const auto bytes = base64url_decode(base64url);
  PublicKey key;
  if (!bytes || bytes->size() != key.bytes.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), key.bytes.begin());
  return key;
}

bool Member::has_role(std::string_view role) const {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

std::optional<PublicKey> Member::sign_key(std::string_view id, TimePoint at) const {
  const MemberKey* const key = find_key(id);
  if (key == nullptr || key->use != KeyUse::kSign || !key->valid_at(at)) return std::nullopt;
  return parse_sign_key(key->public_text);
}

const MemberKey* Member::find_key(std::string_view id) const {
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const MemberKey& key) { return key.id == id; });
  return found == keys.end() ? nullptr : &*found;
}

std::optional<Cutoff> Member::cutoff_of(std::string_view key_id) const {
  const MemberKey* const key = find_key(key_id);
  if (key == nullptr || !key->revocation) return revocation;
  return revocation ? stricter(*key->revocation, *revocation) : key->revocation;
}

std::vector<const MemberKey*> Member::keys_of(KeyUse use) const {
  std::vector<const MemberKey*> found;
  for (const MemberKey& key : keys) {
    if (key.use == use) found.push_back(&key);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const MemberKey* a, const MemberKey* b) { return a->from < b->from; });
  return found;
}

std::optional<NoteKey> Member::log_key() const {
  return newest_note_key(keys, KeyUse::kLog);
}
std::optional<NoteKey> Member::witness_key() const {
  return newest_note_key(keys, KeyUse::kWitness);
}

std::vector<DatedNoteKey> Member::log_keys() const {
  return dated_note_keys(keys, KeyUse::kLog);
}
std::vector<DatedNoteKey> Member::witness_keys() const {
  return dated_note_keys(keys, KeyUse::kWitness);
}

std::vector<NoteKey> Member::log_keys_of(std::string_view origin) const {
  std::vector<NoteKey> found;
  for (DatedNoteKey& dated : log_keys()) {
    if (dated.key.name == origin) found.push_back(std::move(dated.key));
  }
  return found;
}

std::optional<std::string> Member::newest_origin() const {
  auto key = log_key();
  return key ? std::optional{std::move(key->name)} : std::nullopt;
}

std::optional<std::string> Member::age_recipient() const {
  const MemberKey* const key = newest(keys, KeyUse::kAge);
  return key ? std::optional{key->public_text} : std::nullopt;
}

const Member* Federation::find(const Address& address) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const Member& member) { return member.address == address; });
  return found == members.end() ? nullptr : &*found;
}

const Admin* Federation::find_admin(std::string_view id) const {
  const auto found =
      std::find_if(admins.begin(), admins.end(), [&](const Admin& admin) { return admin.id == id; });
  return found == admins.end() ? nullptr : &*found;
}

std::vector<NoteKey> Federation::witness_keys() const {
  std::vector<NoteKey> keys;
  for (const Member& member : members) {
    if (auto key = is_active_witness(member) ? member.witness_key() : std::nullopt)
      keys.push_back(std::move(*key));
  }
  return keys;
}

std::vector<DatedNoteKey> Federation::all_witness_keys() const {
  std::vector<DatedNoteKey> all;
  for (const Member& member : members) {
    if (!is_active_witness(member)) continue;
    for (DatedNoteKey& key : member.witness_keys()) all.push_back(std::move(key));
  }
  return all;
}

const Member* Federation::find_origin(std::string_view origin) const {
  const auto parsed = parse_origin(origin);
  return parsed ? find(parsed->address) : nullptr;
}

std::vector<NoteKey> Federation::log_keys_of(std::string_view origin) const {
  const Member* const member = find_origin(origin);
  return member ? member->log_keys_of(origin) : std::vector<NoteKey>{};
}

}  // namespace ledger
