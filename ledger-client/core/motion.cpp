#include "ledger-client/core/motion.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ledger-client/core/base64.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/jws.h"
#include "ledger-client/core/jws_general.h"
#include "ledger-client/core/origin.h"
#include "ledger-client/core/sha256.h"
#include "ledger-client/core/uuid.h"

namespace ledger {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxSubjectBytes = 64;
constexpr std::uint64_t kMaxSeq = 1ULL << 53U;

Problem problem(std::string_view reason) {
  return Problem{"motion: " + std::string{reason}};
}

std::string_view text_of(const json& value) {
  return value.is_string() ? std::string_view{value.get_ref<const std::string&>()} : std::string_view{};
}

std::uint64_t number_of(const json& value) {
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

bool is_plain(std::string_view text, bool dots) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= kMaxSubjectBytes && letter(text.front()) && letter(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return letter(c) || c == '-' || (dots && c == '.'); });
}

// What the motion breaks; empty where it keeps every rule.
std::string_view broken(const Motion& motion) {
  if (!is_uuid(motion.id)) return "id is not a UUID";
  if (!has_origin_form(motion.origin)) return "origin is not a log's";
  if (!is_matter(motion.matter)) return "matter is not one of those there are";
  if (!is_subject(motion.subject)) return "subject does not hold what it must";
  if (motion.threshold == 0 || motion.threshold > kMaxApprovers) return "threshold is not from 1 to 64";
  if (motion.seq == 0 || motion.seq > kMaxSeq) return "seq is not from 1 to 2^53";
  return {};
}

json to_json(const Motion& motion) {
  return {{"v", 1},
          {"domain", std::string{kMotionDomain}},
          {"id", motion.id},
          {"origin", motion.origin},
          {"matter", motion.matter},
          {"subject", motion.subject},
          {"payload_sha256", to_hex(motion.payload_sha256)},
          {"threshold", motion.threshold},
          {"seq", motion.seq},
          {"expires", format_time(motion.expires)}};
}

}  // namespace

bool is_matter(std::string_view text) {
  return std::find(matter::kAll.begin(), matter::kAll.end(), text) != matter::kAll.end();
}

bool is_subject(std::string_view text) {
  return is_plain(text, true);
}

bool is_approver_id(std::string_view text) {
  return is_plain(text, false);
}

Result<Motion> parse_motion(std::string_view text) {
  const auto object = parse_json(text, {.max_bytes = kMaxMotionBytes, .max_depth = 2});
  if (!object) return problem(object.error().reason);
  if (!has_exactly(*object, {"v", "domain", "id", "origin", "matter", "subject", "payload_sha256",
                             "threshold", "seq", "expires"}))
    return problem("its members are not those of a motion");
  const json& given = *object;
  if (given["v"] != 1 || text_of(given["domain"]) != kMotionDomain) return problem("of another kind");
  const auto payload = hash_from_hex(text_of(given["payload_sha256"]));
  const auto expires = parse_time(text_of(given["expires"]));
  if (!payload || !expires) return problem("payload_sha256 is no hash, or expires no time");
  Motion motion{std::string{text_of(given["id"])},
                std::string{text_of(given["origin"])},
                std::string{text_of(given["matter"])},
                std::string{text_of(given["subject"])},
                *payload,
                number_of(given["threshold"]),
                number_of(given["seq"]),
                *expires};
  if (const auto what = broken(motion); !what.empty()) return problem(what);
  // One text for each motion, as its hash is what is voted on.
  if (canonical_json(to_json(motion)) != text) return problem("not canonical JSON");
  return motion;
}

std::string encode_motion(const Motion& motion) {
  if (const auto what = broken(motion); !what.empty())
    throw std::invalid_argument("motion: " + std::string{what});
  return canonical_json(to_json(motion));
}

Hash motion_sha256(const Motion& motion) {
  return sha256(encode_motion(motion));
}

std::string_view choice_text(Choice choice) {
  return choice == Choice::kApprove ? "approve" : "reject";
}

std::optional<Choice> choice_from(std::string_view text) {
  if (text == "approve") return Choice::kApprove;
  if (text == "reject") return Choice::kReject;
  return std::nullopt;
}

std::string vote_payload(Choice choice, const Hash& motion) {
  return canonical_json({{"v", 1}, {"choice", std::string{choice_text(choice)}}, {"motion", to_hex(motion)}});
}

Result<SignedVote> parse_vote(std::string_view text) {
  const auto jws = parse_jws(text, kMaxVoteBytes);
  if (!jws) return jws.error();
  const auto payload = base64url_decode(jws->payload_base64url);
  if (!payload) return problem("a vote's payload is not base64url");
  const auto object = parse_json(as_text(*payload), {.max_bytes = kMaxVoteBytes, .max_depth = 2});
  if (!object || !has_exactly(*object, {"v", "choice", "motion"}))
    return problem("a vote's members are not v, choice, motion");
  const auto choice = choice_from(text_of((*object)["choice"]));
  const auto hash = hash_from_hex(text_of((*object)["motion"]));
  if (!choice || !hash) return problem("a vote is neither approve nor reject, or names no motion");
  if (!is_approver_id(jws->kid)) return problem("a vote's kid is no approver's id");
  SignedVote vote{jws->kid, *choice, *hash, jws->signature};
  // One text for each vote: what is anchored is rebuilt from its parts.
  if (encode_vote(vote) != text) return problem("a vote in another form than the one there is");
  return vote;
}

std::string encode_vote(const SignedVote& vote) {
  const std::string input =
      jws_signing_input(jws_protected_header(vote.approver, kVoteTyp),
                        base64url_encode(as_bytes(vote_payload(vote.choice, vote.motion))));
  return input + "." + base64url_encode(vote.signature);
}

bool verify_vote(const SignedVote& vote, const PublicKey& key) {
  const std::string text = encode_vote(vote);
  const auto jws = parse_jws(text, kMaxVoteBytes);
  return jws && verify_jws(*jws, key).ok();
}

}  // namespace ledger
