#include "ledger-client/core/entry_rules.h"

#include <algorithm>

#include "ledger-client/core/base64.h"
#include "ledger-client/core/entry_scan.h"
#include "ledger-client/core/entry_types.h"
#include "ledger-client/core/origin.h"

namespace ledger {

namespace {

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

const Type* find_type(std::string_view name) {
  const auto type =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const Type& known) { return known.name == name; });
  return type == kTypes.end() ? nullptr : &*type;
}

Judgement judgement_of(std::optional<std::string> broken) {
  if (broken) return {Meaning::kVoid, std::move(*broken)};
  return {Meaning::kEffective, {}};
}

EntryView view_of(const Entry& entry) {
  return {entry.index, entry.origin, entry.prev, entry.time, entry.type, entry.body};
}

}  // namespace

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

std::optional<Problem> read_effective(const Entry& entry, std::string_view type, Values& values) {
  if (entry.type != type) return Problem{"entry: not of the type " + std::string{type}};
  if (const auto broken = broken_rule(*find_type(type), view_of(entry), values))
    return Problem{std::string{type} + ": " + *broken};
  return std::nullopt;
}

bool is_revocation_reason(std::string_view text) {
  return std::find(kRevocationReasons.begin(), kRevocationReasons.end(), text) != kRevocationReasons.end();
}

Judgement judge_entry(const Entry& entry) {
  return judge_entry(view_of(entry));
}

Judgement judge_entry(const EntryView& entry) {
  const Type* const type = find_type(entry.type);
  if (type == nullptr) return {Meaning::kUnknownType, {}};
  Values values;
  return judgement_of(broken_rule(*type, entry, values));
}

// A known type's fields stand in canonical order and hold no escapes: a body they fit is canonical, and needs
// no second look at its form. Whatever does not fit takes the long way, which says why.
Result<JudgedEntry> follow_and_judge(ChainState& state, std::string_view line) {
  Values values;
  const Type* const type = find_type(type_before_end(line));
  const bool has_fields = type != nullptr && !type->fields.empty();
  const std::size_t body_size = has_fields ? scan_leading_body(from_body(line), type->fields, values) : 0;
  const auto entry = follow_chain_view(state, line, body_size);
  if (!entry) return entry.error();
  if (body_size == 0) return JudgedEntry{*entry, judge_entry(*entry)};
  return JudgedEntry{*entry, judgement_of(type->rule == nullptr ? std::nullopt : type->rule(*entry, values))};
}

}  // namespace ledger
