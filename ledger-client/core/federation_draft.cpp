#include "ledger-client/core/federation_draft.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/federation_names.h"
#include "ledger-client/core/jws.h"

namespace ledger {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxRejections = 1'000;
constexpr std::size_t kMaxRejectionBytes = 4'096;

Problem problem(std::string_view reason) {
  return Problem{"federation draft: " + std::string{reason}};
}

// Strings of the draft's own members; nothing if one has the wrong form.
std::optional<std::string> read_reason(const json& value) {
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  if (text.size() > kMaxReasonBytes || (!text.empty() && !is_plain_name(text))) return std::nullopt;
  return text;
}

std::optional<std::vector<std::string>> read_rejections(const json& list) {
  if (!list.is_array() || list.size() > kMaxRejections) return std::nullopt;
  std::vector<std::string> rejections;
  for (const json& item : list) {
    if (!item.is_string() || item.get_ref<const std::string&>().size() > kMaxRejectionBytes)
      return std::nullopt;
    rejections.push_back(item.get<std::string>());
  }
  return rejections;
}

std::uint64_t rejections_that_kill(const Federation& voters) {
  return voters.admins.size() - voters.threshold + 1;
}

using AdminSet = std::set<std::string>;
struct ByHash {
  std::vector<std::pair<Hash, AdminSet>> drafts;

  AdminSet& of(const Hash& sha256) {
    for (auto& [hash, admins] : drafts) {
      if (hash == sha256) return admins;
    }
    return drafts.emplace_back(sha256, AdminSet{}).second;
  }
};

// The draft taken apart: its document, and who rejects which draft of its version.
struct OpenDraft {
  ParsedFederation document;
  FederationVotes votes;
  ByHash rejected;
};

Result<OpenDraft> open_draft(const FederationDocument* previous, const FederationDraft& draft) {
  auto parsed = parse_federation_document(draft.document, true);
  if (!parsed) return parsed.error();
  const Federation& next = parsed->federation;
  if (next.version != (previous ? previous->version() + 1 : 1) ||
      (previous && next.prev != previous->sha256()))
    return problem("it does not follow the version it is compared with");
  // Until there is a version, its own admins decide.
  const Federation& voters = previous ? previous->federation() : next;
  auto votes = count_votes(previous ? &voters : nullptr, *parsed);
  if (!votes) return votes.error();
  OpenDraft open{std::move(parsed.value()), std::move(votes.value()), {}};
  for (const std::string& text : draft.rejections) {
    const auto rejection = verify_rejection(text, previous ? voters : open.document.federation);
    if (!rejection) return rejection.error();
    if (rejection->version != open.document.federation.version)
      return problem("a rejection is of another version");
    if (!open.rejected.of(rejection->sha256).insert(rejection->admin).second)
      return problem("an admin has rejected it twice");
  }
  return open;
}

void take_out(std::vector<std::string>& ids, const AdminSet& gone) {
  std::erase_if(ids, [&](const std::string& id) { return gone.contains(id); });
}

}  // namespace

Result<FederationDraft> parse_draft(std::string_view text) {
  const auto object = parse_json(text, {.max_bytes = kMaxDraftBytes, .max_depth = 6});
  if (!object) return problem(object.error().reason);
  if (!has_exactly(*object, {"v", "document", "expires", "reason", "rejections"}) || (*object)["v"] != 1)
    return problem("its members are not v, document, expires, reason, rejections");
  const json& expires = (*object)["expires"];
  const auto time = expires.is_string() ? parse_time(expires.get_ref<const std::string&>()) : std::nullopt;
  if (!time) return problem("expires is not a time");
  auto reason = read_reason((*object)["reason"]);
  if (!reason) return problem("reason is too long, or holds characters that are not shown as they are");
  auto rejections = read_rejections((*object)["rejections"]);
  if (!rejections) return problem("rejections is not a list of at most 1000 texts");
  FederationDraft draft{canonical_json((*object)["document"]), *time, std::move(*reason),
                        std::move(*rejections)};
  const auto document = parse_federation_document(draft.document, true);
  if (!document) return document.error();
  return draft;
}

std::string encode_draft(const FederationDraft& draft) {
  return canonical_json({{"v", 1},
                         {"document", json::parse(draft.document)},
                         {"expires", format_time(draft.expires)},
                         {"reason", draft.reason},
                         {"rejections", draft.rejections}});
}

std::string rejection_payload(std::uint64_t version, const Hash& sha256) {
  return canonical_json({{"v", 1}, {"version", version}, {"rejects", to_hex(sha256)}});
}

Result<Rejection> verify_rejection(std::string_view text, const Federation& voters) {
  const auto jws = parse_jws(text, kMaxRejectionBytes);
  if (!jws) return jws.error();
  if (jws->typ != kRejectionTyp) return problem("a rejection has another typ");
  const Admin* const admin = voters.find_admin(jws->kid);
  if (admin == nullptr) return problem("a rejection is not of an admin of the version before");
  const auto verified = verify_jws(*jws, admin->key);
  if (!verified) return verified.error();
  const auto object = parse_json(verified->payload, {.max_bytes = kMaxRejectionBytes, .max_depth = 2});
  if (!object || !has_exactly(*object, {"v", "version", "rejects"}) || (*object)["v"] != 1 ||
      !(*object)["version"].is_number_unsigned() || !(*object)["rejects"].is_string())
    return problem("a rejection's members are not v, version, rejects");
  const auto hash = hash_from_hex((*object)["rejects"].get_ref<const std::string&>());
  if (!hash) return problem("a rejection names no hash");
  return Rejection{jws->kid, (*object)["version"].get<std::uint64_t>(), *hash};
}

Result<DraftState> judge_draft(const FederationDocument* previous, const FederationDraft& draft,
                               TimePoint now) {
  auto open = open_draft(previous, draft);
  if (!open) return open.error();
  const Federation& next = open->document.federation;
  const Federation& voters = previous ? previous->federation() : next;
  DraftState state;
  state.version = next.version;
  state.sha256 = open->document.sha256;
  state.needs_previous = previous ? voters.threshold : 0;
  state.needs_own = next.threshold;
  state.expired = draft.expires <= now;
  AdminSet against = open->rejected.of(state.sha256), both;
  for (const JwsSignature& signature : open->document.jws.signatures) {
    if (against.contains(signature.kid)) both.insert(signature.kid);
  }
  for (const std::string& id : both) against.erase(id);
  state.votes = std::move(open->votes);
  take_out(state.votes.previous, both);
  take_out(state.votes.own, both);
  state.rejected.assign(against.begin(), against.end());
  state.both.assign(both.begin(), both.end());
  state.passes =
      state.votes.previous.size() >= state.needs_previous && state.votes.own.size() >= state.needs_own;
  state.dead = state.rejected.size() >= rejections_that_kill(voters);
  return state;
}

std::string passed_document(const FederationDraft& draft, const DraftState& state) {
  auto parsed = parse_federation_document(draft.document);
  if (!parsed) throw std::invalid_argument(parsed.error().reason);
  std::erase_if(parsed->jws.signatures, [&](const JwsSignature& signature) {
    return std::find(state.both.begin(), state.both.end(), signature.kid) != state.both.end();
  });
  return encode_general_jws(parsed->jws);
}

Result<Done> may_approve(const FederationDocument* previous, const FederationDraft& draft,
                         const std::vector<CastVote>& cast, TimePoint now) {
  auto open = open_draft(previous, draft);
  if (!open) return open.error();
  const Federation& next = open->document.federation;
  if (draft.expires <= now) return problem("it has expired");
  const Federation& voters = previous ? previous->federation() : next;
  for (const CastVote& vote : cast) {
    if (vote.version != next.version) continue;
    const bool same = vote.sha256 == open->document.sha256;
    if (same && !vote.approved) return problem("this key has rejected it: a second vote would void both");
    if (same || !vote.approved) continue;
    const std::size_t have = open->rejected.of(vote.sha256).size();
    const std::uint64_t need = rejections_that_kill(voters);
    if (have < need) {
      return problem("this key has signed another draft of version " + std::to_string(next.version) + " (" +
                     to_hex(vote.sha256) + "), of which the draft embeds " + std::to_string(have) + " of " +
                     std::to_string(need) + " rejections");
    }
  }
  return Done{};
}

Result<Done> may_reject(const FederationDocument* previous, const FederationDraft& draft,
                        const std::vector<CastVote>& cast, TimePoint now) {
  auto open = open_draft(previous, draft);
  if (!open) return open.error();
  if (draft.expires <= now) return problem("it has expired");
  for (const CastVote& vote : cast) {
    if (vote.sha256 == open->document.sha256 && vote.approved)
      return problem("this key has signed it: a second vote would void both");
  }
  return Done{};
}

Result<FederationDraft> merge_drafts(const std::vector<FederationDraft>& copies) {
  if (copies.empty()) return problem("none");
  FederationDraft merged = copies.front();
  auto document = parse_federation_document(merged.document, true);
  if (!document) return document.error();
  std::set<std::string> rejections(merged.rejections.begin(), merged.rejections.end());
  std::set<std::pair<std::string, Signature>> seen;
  for (const JwsSignature& signature : document->jws.signatures)
    seen.emplace(signature.kid, signature.signature);
  for (const FederationDraft& copy : copies) {
    auto other = parse_federation_document(copy.document, true);
    if (!other) return other.error();
    if (other->sha256 != document->sha256) return problem("the copies are not of one document");
    merged.expires = std::min(merged.expires, copy.expires);
    rejections.insert(copy.rejections.begin(), copy.rejections.end());
    for (JwsSignature& signature : other->jws.signatures) {
      if (seen.emplace(signature.kid, signature.signature).second)
        document->jws.signatures.push_back(std::move(signature));
    }
  }
  merged.rejections.assign(rejections.begin(), rejections.end());
  merged.document = encode_general_jws(document->jws);
  return merged;
}

}  // namespace ledger
