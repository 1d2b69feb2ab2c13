#include "ledger-client/core/entry_rules.h"

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>

#include "ledger-client/core/address.h"
#include "ledger-client/core/base64.h"
#include "ledger-client/core/canonical_scan.h"
#include "ledger-client/core/ed25519.h"
#include "ledger-client/core/origin.h"
#include "ledger-client/core/uuid.h"

namespace ledger {

namespace {

// What a field may hold.
enum class Holds {
  kHash,
  kUuid,
  kAddress,
  kPurpose,
  kHour,
  kOrigin,
  kWord,
  kPositive,
  kIndex,
  kKeyId,
  kPublicText,
  kSignature,
  kMaybeSignature,
  kReason,
  kApprover,
  kChoice,
  kKey,
  kMatter,
  kSubject,
  kTime,
  kThreshold
};

struct Field {
  std::string_view prefix;  // the canonical text before the value: `{"a":` or `,"b":`
  Holds holds;
};

// The types, each a body of exactly these fields. They stand in canonical order, so that one scan reads them.
constexpr std::array<Field, 8> kIssued{{{"{\"ciphertext_sha256\":", Holds::kHash},
                                        {",\"merkle_root\":", Holds::kHash},
                                        {",\"patient_commitment\":", Holds::kHash},
                                        {",\"plaintext_commitment\":", Holds::kHash},
                                        {",\"purpose\":", Holds::kPurpose},
                                        {",\"request\":", Holds::kUuid},
                                        {",\"size\":", Holds::kPositive},
                                        {",\"to\":", Holds::kAddress}}};
constexpr std::array<Field, 4> kReceived{{{"{\"ciphertext_sha256\":", Holds::kHash},
                                          {",\"from\":", Holds::kAddress},
                                          {",\"issued_index\":", Holds::kIndex},
                                          {",\"request\":", Holds::kUuid}}};
constexpr std::array<Field, 3> kDelivered{
    {{"{\"receipt_sha256\":", Holds::kHash}, {",\"request\":", Holds::kUuid}, {",\"to\":", Holds::kAddress}}};
constexpr std::array<Field, 3> kRefusals{
    {{"{\"count\":", Holds::kPositive}, {",\"hour\":", Holds::kHour}, {",\"peer\":", Holds::kAddress}}};
constexpr std::array<Field, 6> kRotated{{{"{\"key\":", Holds::kKeyId},
                                         {",\"next\":", Holds::kKeyId},
                                         {",\"possession\":", Holds::kMaybeSignature},
                                         {",\"public\":", Holds::kPublicText},
                                         {",\"signature\":", Holds::kSignature},
                                         {",\"signed_by\":", Holds::kKeyId}}};
constexpr std::array<Field, 3> kRevoked{
    {{"{\"key\":", Holds::kKeyId}, {",\"reason\":", Holds::kReason}, {",\"suspect_from\":", Holds::kIndex}}};

constexpr std::array<Field, 2> kConsent{
    {{"{\"consent_commitment\":", Holds::kHash}, {",\"patient_commitment\":", Holds::kHash}}};
constexpr std::array<Field, 4> kGlassUsed{{{"{\"patient_commitment\":", Holds::kHash},
                                           {",\"reason_commitment\":", Holds::kHash},
                                           {",\"request\":", Holds::kUuid},
                                           {",\"to\":", Holds::kAddress}}};
constexpr std::array<Field, 2> kGlassReviewed{
    {{"{\"review_commitment\":", Holds::kHash}, {",\"used_index\":", Holds::kIndex}}};
constexpr std::array<Field, 2> kAdopted{
    {{"{\"sha256\":", Holds::kHash}, {",\"version\":", Holds::kPositive}}};

constexpr std::array<Field, 3> kPeerCheckpoint{
    {{"{\"origin\":", Holds::kOrigin}, {",\"root\":", Holds::kHash}, {",\"size\":", Holds::kIndex}}};
constexpr std::array<Field, 4> kRetired{{{"{\"origin\":", Holds::kOrigin},
                                         {",\"reason\":", Holds::kWord},
                                         {",\"root\":", Holds::kHash},
                                         {",\"size\":", Holds::kIndex}}};

constexpr std::array<Field, 12> kVote{{{"{\"approver\":", Holds::kApprover},
                                       {",\"choice\":", Holds::kChoice},
                                       {",\"expires\":", Holds::kTime},
                                       {",\"id\":", Holds::kUuid},
                                       {",\"key\":", Holds::kKey},
                                       {",\"matter\":", Holds::kMatter},
                                       {",\"motion\":", Holds::kHash},
                                       {",\"payload_sha256\":", Holds::kHash},
                                       {",\"seq\":", Holds::kPositive},
                                       {",\"signature\":", Holds::kSignature},
                                       {",\"subject\":", Holds::kSubject},
                                       {",\"threshold\":", Holds::kThreshold}}};

struct Value {
  std::string_view text;
  std::uint64_t number = 0;
};

// As many as the longest type has.
using Values = std::array<Value, kVote.size()>;

// What an entry breaks that its fields alone can't tell; nothing where it keeps the rule.
using Rule = std::optional<std::string> (*)(const EntryView& entry, std::span<const Value> values);

std::optional<std::string> broken_proof(const EntryView& entry, std::span<const Value> values);
std::optional<std::string> broken_retirement(const EntryView& entry, std::span<const Value> values);
std::optional<std::string> broken_vote(const EntryView& entry, std::span<const Value> values);

struct Type {
  std::string_view name;
  std::span<const Field> fields;  // none: the rule reads the body
  Rule rule = nullptr;
};
constexpr std::array<Type, 15> kTypes{{{entry_type::kBundleIssued, kIssued},
                                       {entry_type::kBundleReceived, kReceived},
                                       {entry_type::kBundleDelivered, kDelivered},
                                       {entry_type::kRefusals, kRefusals},
                                       {entry_type::kFederationAdopted, kAdopted},
                                       {entry_type::kPeerCheckpoint, kPeerCheckpoint},
                                       {entry_type::kEquivocation, {}, broken_proof},
                                       {entry_type::kOriginRetired, kRetired, broken_retirement},
                                       {entry_type::kConsentGranted, kConsent},
                                       {entry_type::kConsentRevoked, kConsent},
                                       {entry_type::kBreakGlassUsed, kGlassUsed},
                                       {entry_type::kBreakGlassReviewed, kGlassReviewed},
                                       {entry_type::kKeyRotated, kRotated},
                                       {entry_type::kKeyRevoked, kRevoked},
                                       {entry_type::kVote, kVote, broken_vote}}};

// Words of lower-case letters and digits joined by single hyphens: a code, with no room for a sentence.
bool is_word(std::string_view text) {
  bool joint = true;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!letter && (c != '-' || joint)) return false;
    joint = c == '-';
  }
  return !joint && text.size() <= 32;
}

constexpr std::array<std::string_view, 4> kKeyUses{"sign", "log", "witness", "age"};
constexpr std::array<std::string_view, 4> kReasons{"compromised", "lost", "replaced", "retired"};

bool is_purpose(std::string_view text) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto allowed = [&](char c) { return upper(c) || (c >= '0' && c <= '9'); };
  return text.size() >= 2 && text.size() <= 32 && upper(text.front()) &&
         std::all_of(text.begin(), text.end(), allowed);
}

// Three dots and numbers up to 255 without leading zeros: what nearly every address is, told without a copy.
bool is_plain_ipv4(std::string_view text) {
  unsigned parts = 0, value = 0, digits = 0;
  for (const char c : text) {
    if (c == '.') {
      if (digits == 0 || ++parts > 3) return false;
      value = digits = 0;
      continue;
    }
    if (c < '0' || c > '9' || (digits > 0 && value == 0) || ++digits > 3) return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
    if (value > 255) return false;
  }
  return parts == 3 && digits > 0;
}

bool is_address(std::string_view text) {
  if (is_plain_ipv4(text)) return true;
  const auto address = Address::parse(text);
  return address && address->text() == text;
}

bool is_key_name(std::string_view text) {
  const auto dash = text.find('-');
  const std::string_view use = text.substr(0, dash);
  if (dash == std::string_view::npos || std::find(kKeyUses.begin(), kKeyUses.end(), use) == kKeyUses.end())
    return false;
  const std::string_view number = text.substr(dash + 1);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !number.empty() && number.size() <= 6 && number.front() != '0' &&
         std::all_of(number.begin(), number.end(), digit);
}

// A key's native text: base64, a note's vkey, age1….
bool is_public_text(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("+/=_.:-").find(c) != std::string_view::npos;
  };
  return text.size() >= 43 && text.size() <= 256 && std::all_of(text.begin(), text.end(), allowed);
}

bool is_signature(std::string_view text) {
  const auto bytes = text.size() == 86 ? base64url_decode(text) : std::nullopt;
  return bytes && bytes->size() == sizeof(Signature);
}

bool is_key(std::string_view text) {
  const auto bytes = text.size() == 43 ? base64url_decode(text) : std::nullopt;
  return bytes && bytes->size() == sizeof(PublicKey::bytes);
}

bool holds_text(Holds what, std::string_view text) {
  switch (what) {
    case Holds::kHash:
      return is_hash_hex(text);
    case Holds::kUuid:
      return is_uuid(text);
    case Holds::kAddress:
      return is_address(text);
    case Holds::kPurpose:
      return is_purpose(text);
    case Holds::kHour:
      return text.ends_with(":00:00.000Z") && parse_time(text);
    case Holds::kOrigin:
      return has_origin_form(text);
    case Holds::kWord:
      return is_word(text);
    case Holds::kKeyId:
      return is_key_name(text);
    case Holds::kPublicText:
      return is_public_text(text);
    case Holds::kSignature:
      return is_signature(text);
    case Holds::kMaybeSignature:
      return text.empty() || is_signature(text);
    case Holds::kReason:
      return std::find(kReasons.begin(), kReasons.end(), text) != kReasons.end();
    case Holds::kApprover:
      return is_approver_id(text);
    case Holds::kChoice:
      return choice_from(text).has_value();
    case Holds::kKey:
      return is_key(text);
    case Holds::kMatter:
      return is_matter(text);
    case Holds::kSubject:
      return is_subject(text);
    case Holds::kTime:
      return parse_time(text).has_value();
    default:
      return false;
  }
}

bool is_number(Holds what) {
  return what == Holds::kPositive || what == Holds::kIndex || what == Holds::kThreshold;
}

bool read_value(CanonicalScan& scan, Holds what, Value& value) {
  if (is_number(what)) {
    const auto number = scan.integer();
    value.number = number.value_or(0);
    if (number && what == Holds::kThreshold && *number > kMaxApprovers) return false;
    return number && (what == Holds::kIndex || *number > 0);
  }
  const auto text = scan.plain_string();
  value.text = text.value_or("");
  return text && holds_text(what, *text);
}

// `{"name":` or `,"name":` without the punctuation.
std::string_view name_of(const Field& field) {
  return field.prefix.substr(2, field.prefix.size() - 4);
}

// What the body breaks; nothing where it keeps every rule. `values` is as long as `fields`.
std::optional<std::string> scan_body(std::string_view body, std::span<const Field> fields,
                                     std::span<Value> values) {
  CanonicalScan scan(body);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (!scan.literal(fields[i].prefix))
      return std::string{name_of(fields[i])} + " is missing, or an unknown field is there";
    if (!read_value(scan, fields[i].holds, values[i]))
      return std::string{name_of(fields[i])} + " does not hold what it must";
  }
  if (!scan.literal("}") || !scan.at_end()) return "an unknown field is there";
  return std::nullopt;
}

std::optional<std::string> broken_proof(const EntryView& entry, std::span<const Value> /*values*/) {
  const auto proof = parse_equivocation(entry.body);
  if (!proof) return proof.error().reason;
  if (!has_origin_form(accused_origin(*proof))) return "origin does not hold what it must";
  return std::nullopt;
}

std::optional<std::string> broken_retirement(const EntryView& entry, std::span<const Value> values) {
  if (entry.index != 0) return "not the first entry of its log";
  if (!is_later_origin(entry.origin, values[0].text)) return "origin is not an earlier log of the same agent";
  return std::nullopt;
}

// The body as a value; its fields hold what they must, their rule is not looked at.
VoteCast vote_of(std::string_view origin, std::span<const Value> values) {
  VoteCast cast;
  cast.vote.approver = values[0].text;
  cast.vote.choice = *choice_from(values[1].text);
  cast.vote.motion = *hash_from_hex(values[6].text);
  const auto key = *base64url_decode(values[4].text), signature = *base64url_decode(values[9].text);
  std::copy(key.begin(), key.end(), cast.key.bytes.begin());
  std::copy(signature.begin(), signature.end(), cast.vote.signature.begin());
  cast.motion = {std::string{values[3].text},
                 std::string{origin},
                 std::string{values[5].text},
                 std::string{values[10].text},
                 *hash_from_hex(values[7].text),
                 values[11].number,
                 values[8].number,
                 *parse_time(values[2].text)};
  return cast;
}

std::optional<std::string> broken_vote(const EntryView& entry, std::span<const Value> values) {
  if (!has_origin_form(entry.origin)) return "the log has no origin's name";
  const VoteCast cast = vote_of(entry.origin, values);
  if (motion_sha256(cast.motion) != cast.vote.motion)
    return "motion is not the hash of the motion it repeats";
  if (!verify_vote(cast.vote, cast.key)) return "signature is not the key's";
  return std::nullopt;
}

std::optional<std::string> broken_rule(const Type& type, const EntryView& entry, std::span<Value> values) {
  auto broken = type.fields.empty() ? std::nullopt : scan_body(entry.body, type.fields, values);
  return broken || type.rule == nullptr ? broken : type.rule(entry, values);
}

// What would be void is not even written: it would stand in the log for ever.
std::string encode(std::span<const Field> fields, std::initializer_list<Value> values) {
  std::string body;
  const Value* value = values.begin();
  for (const Field& field : fields) {
    body += field.prefix;
    if (is_number(field.holds)) {
      body += std::to_string(value->number);
    } else {
      body.append("\"").append(value->text).append("\"");
    }
    ++value;
  }
  body += '}';
  Values read_back;
  if (const auto broken = scan_body(body, fields, read_back))
    throw std::invalid_argument("entry body: " + *broken);
  return body;
}

const Type* find_type(std::string_view name) {
  const auto type =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const Type& known) { return known.name == name; });
  return type == kTypes.end() ? nullptr : &*type;
}

EntryView view_of(const Entry& entry) {
  return {entry.index, entry.origin, entry.prev, entry.time, entry.type, entry.body};
}

// The values of an effective entry of that type, or why it is none.
std::optional<Problem> read_effective(const Entry& entry, std::string_view type, Values& values) {
  if (entry.type != type) return Problem{"entry: not of the type " + std::string{type}};
  if (const auto broken = broken_rule(*find_type(type), view_of(entry), values))
    return Problem{std::string{type} + ": " + *broken};
  return std::nullopt;
}

}  // namespace

Judgement judge_entry(const Entry& entry) {
  return judge_entry(view_of(entry));
}

Judgement judge_entry(const EntryView& entry) {
  const Type* const type = find_type(entry.type);
  if (type == nullptr) return {Meaning::kUnknownType, {}};
  Values values;
  if (auto broken = broken_rule(*type, entry, values)) return {Meaning::kVoid, std::move(*broken)};
  return {Meaning::kEffective, {}};
}

std::string encode_body(const BundleIssued& body) {
  return encode(kIssued, {{to_hex(body.ciphertext_sha256)},
                          {to_hex(body.merkle_root)},
                          {to_hex(body.patient_commitment)},
                          {to_hex(body.plaintext_commitment)},
                          {body.purpose},
                          {body.request},
                          {{}, body.size},
                          {body.to}});
}

std::string encode_body(const BundleReceived& body) {
  return encode(kReceived,
                {{to_hex(body.ciphertext_sha256)}, {body.from}, {{}, body.issued_index}, {body.request}});
}

std::string encode_body(const BundleDelivered& body) {
  return encode(kDelivered, {{to_hex(body.receipt_sha256)}, {body.request}, {body.to}});
}

std::string encode_body(const Refusals& body) {
  return encode(kRefusals, {{{}, body.count}, {body.hour}, {body.peer}});
}

std::string encode_body(const PeerCheckpoint& body) {
  return encode(kPeerCheckpoint, {{body.origin}, {to_hex(body.root)}, {{}, body.size}});
}

std::string encode_body(const Equivocation& body) {
  if (!has_origin_form(accused_origin(body)))
    throw std::invalid_argument("entry body: not about a log of an agent");
  return encode_equivocation(body);
}

std::string encode_body(const OriginRetired& body) {
  return encode(kRetired, {{body.origin}, {body.reason}, {to_hex(body.root)}, {{}, body.size}});
}

std::string encode_body(const ConsentGranted& body) {
  return encode(kConsent, {{to_hex(body.consent_commitment)}, {to_hex(body.patient_commitment)}});
}

std::string encode_body(const ConsentRevoked& body) {
  return encode(kConsent, {{to_hex(body.consent_commitment)}, {to_hex(body.patient_commitment)}});
}

std::string encode_body(const BreakGlassUsed& body) {
  return encode(
      kGlassUsed,
      {{to_hex(body.patient_commitment)}, {to_hex(body.reason_commitment)}, {body.request}, {body.to}});
}

std::string encode_body(const BreakGlassReviewed& body) {
  return encode(kGlassReviewed, {{to_hex(body.review_commitment)}, {{}, body.used_index}});
}

std::string encode_body(const KeyRotated& body) {
  return encode(
      kRotated,
      {{body.key}, {body.next}, {body.possession}, {body.public_text}, {body.signature}, {body.signed_by}});
}

std::string encode_body(const KeyRevoked& body) {
  return encode(kRevoked, {{body.key}, {body.reason}, {{}, body.suspect_from}});
}

std::string encode_body(const FederationAdopted& body) {
  return encode(kAdopted, {{to_hex(body.sha256)}, {{}, body.version}});
}

std::string encode_body(const VoteCast& body) {
  if (motion_sha256(body.motion) != body.vote.motion || !verify_vote(body.vote, body.key))
    throw std::invalid_argument("entry body: the vote is not on that motion, or not by that key");
  return encode(kVote, {{body.vote.approver},
                        {choice_text(body.vote.choice)},
                        {format_time(body.motion.expires)},
                        {body.motion.id},
                        {base64url_encode(body.key.bytes)},
                        {body.motion.matter},
                        {to_hex(body.vote.motion)},
                        {to_hex(body.motion.payload_sha256)},
                        {{}, body.motion.seq},
                        {base64url_encode(body.vote.signature)},
                        {body.motion.subject},
                        {{}, body.motion.threshold}});
}

Result<BundleIssued> decode_bundle_issued(const Entry& entry) {
  Values values;
  if (auto problem = read_effective(entry, entry_type::kBundleIssued, values)) return std::move(*problem);
  BundleIssued body;
  body.ciphertext_sha256 = *hash_from_hex(values[0].text);
  body.merkle_root = *hash_from_hex(values[1].text);
  body.patient_commitment = *hash_from_hex(values[2].text);
  body.plaintext_commitment = *hash_from_hex(values[3].text);
  body.purpose = values[4].text;
  body.request = values[5].text;
  body.size = values[6].number;
  body.to = values[7].text;
  return body;
}

Result<PeerCheckpoint> decode_peer_checkpoint(const Entry& entry) {
  Values values;
  if (auto problem = read_effective(entry, entry_type::kPeerCheckpoint, values)) return std::move(*problem);
  return PeerCheckpoint{std::string{values[0].text}, values[2].number, *hash_from_hex(values[1].text)};
}

Result<Equivocation> decode_equivocation(const Entry& entry) {
  Values values;
  if (auto problem = read_effective(entry, entry_type::kEquivocation, values)) return std::move(*problem);
  return parse_equivocation(entry.body);
}

Result<OriginRetired> decode_origin_retired(const Entry& entry) {
  Values values;
  if (auto problem = read_effective(entry, entry_type::kOriginRetired, values)) return std::move(*problem);
  return OriginRetired{std::string{values[0].text}, values[3].number, *hash_from_hex(values[2].text),
                       std::string{values[1].text}};
}

Result<Conviction> check_equivocation_entry(
    const Entry& entry, const std::function<std::vector<NoteKey>(const std::string&)>& log_keys) {
  const auto proof = decode_equivocation(entry);
  if (!proof) return proof.error();
  return check_equivocation(*proof, log_keys(accused_origin(*proof)));
}

Result<KeyRotated> decode_key_rotated(const Entry& entry) {
  Values values;
  if (auto problem = read_effective(entry, entry_type::kKeyRotated, values)) return std::move(*problem);
  return KeyRotated{std::string{values[0].text}, std::string{values[1].text}, std::string{values[3].text},
                    std::string{values[5].text}, std::string{values[4].text}, std::string{values[2].text}};
}

Result<VoteCast> decode_vote(const Entry& entry) {
  Values values;
  if (auto problem = read_effective(entry, entry_type::kVote, values)) return std::move(*problem);
  return vote_of(entry.origin, values);
}

Result<KeyRevoked> decode_key_revoked(const Entry& entry) {
  Values values;
  if (auto problem = read_effective(entry, entry_type::kKeyRevoked, values)) return std::move(*problem);
  return KeyRevoked{std::string{values[0].text}, std::string{values[1].text}, values[2].number};
}

}  // namespace ledger
