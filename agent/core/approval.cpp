#include "agent/core/approval.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ledger-client/core/base64.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/federation.h"
#include "ledger-client/core/sha256.h"

namespace edge {

namespace {

using nlohmann::json;

ledger::Problem problem(std::string_view reason) {
  return ledger::Problem{"motion file: " + std::string{reason}};
}

Deed deed(std::string_view matter, std::string subject, const json& payload) {
  return {std::string{matter}, std::move(subject), ledger::canonical_json(payload)};
}

std::optional<ledger::Roster> read_approvers(const json& list) {
  if (!list.is_array() || list.empty() || list.size() > ledger::kMaxApprovers) return std::nullopt;
  ledger::Roster roster;
  for (const json& one : list) {
    if (!ledger::has_exactly(one, {"id", "key"}) || !one["id"].is_string() ||
        !ledger::is_approver_id(one["id"].get<std::string>()))
      return std::nullopt;
    const auto key =
        one["key"].is_string() ? ledger::parse_sign_key(one["key"].get<std::string>()) : std::nullopt;
    if (!key) return std::nullopt;
    roster.push_back({one["id"].get<std::string>(), *key, std::nullopt});
  }
  return roster;
}

}  // namespace

std::uint64_t ApprovalPolicy::needs(std::string_view matter) const {
  if (matter.starts_with("keys.")) return keys;
  if (matter.starts_with("break-glass.")) return break_glass;
  if (matter.starts_with("federation.")) return federation;
  return 0;
}

Deed allow_break_glass(bool allow) {
  return deed(ledger::matter::kBreakGlassAllow, "break-glass.allow", {{"allow", allow}});
}

Deed review_break_glass(std::uint64_t entry) {
  return deed(ledger::matter::kBreakGlassReview, std::to_string(entry), {{"entry", entry}});
}

Deed publish_federation(std::uint64_t version, const ledger::Hash& sha256) {
  return deed(ledger::matter::kFederationPublish, "version-" + std::to_string(version),
              {{"version", version}, {"sha256", ledger::to_hex(sha256)}});
}

Deed revoke_key(std::string_view key, std::string_view reason,
                const std::optional<std::uint64_t>& suspect_from) {
  json payload{{"key", std::string{key}}, {"reason", std::string{reason}}};
  if (suspect_from) payload["suspect_from"] = *suspect_from;
  return deed(ledger::matter::kKeysRevoke, std::string{key}, payload);
}

Deed rotate_key(std::string_view key, std::uint64_t overlap_days) {
  return deed(ledger::matter::kKeysRotate, std::string{key},
              {{"key", std::string{key}}, {"overlap_days", overlap_days}});
}

ledger::Result<MotionFile> parse_motion_file(std::string_view text) {
  const auto object = ledger::parse_json(text, {.max_bytes = kMaxMotionFileBytes, .max_depth = 8});
  if (!object) return problem(object.error().reason);
  if (!ledger::has_exactly(*object, {"v", "motion", "payload", "approvers"}) || (*object)["v"] != 1)
    return problem("its members are not v, motion, payload, approvers");
  if (!(*object)["payload"].is_object()) return problem("payload is no object");
  auto motion = ledger::parse_motion(ledger::canonical_json((*object)["motion"]));
  if (!motion) return motion.error();
  auto approvers = read_approvers((*object)["approvers"]);
  if (!approvers) return problem("approvers is not a list of 1 to 64 with id and key");
  std::string payload = ledger::canonical_json((*object)["payload"]);
  if (payload.size() > kMaxPayloadBytes || ledger::sha256(payload) != motion->payload_sha256)
    return problem("payload is not what the motion is about");
  return MotionFile{std::move(*motion), std::move(payload), std::move(*approvers)};
}

std::string encode_motion_file(const MotionFile& file) {
  json approvers = json::array();
  for (const ledger::Approver& one : file.approvers)
    approvers.push_back({{"id", one.id}, {"key", ledger::base64url_encode(one.key.bytes)}});
  return ledger::canonical_json({{"v", 1},
                                 {"motion", json::parse(ledger::encode_motion(file.motion))},
                                 {"payload", json::parse(file.payload)},
                                 {"approvers", std::move(approvers)}});
}

std::string sign_vote(const Signer& signer, std::string_view approver, ledger::Choice choice,
                      const ledger::Hash& motion) {
  return sign_jws(signer, approver, ledger::kVoteTyp, ledger::vote_payload(choice, motion));
}

}  // namespace edge
