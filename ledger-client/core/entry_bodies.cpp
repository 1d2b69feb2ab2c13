#include <stdexcept>

#include "ledger-client/core/base64.h"
#include "ledger-client/core/entry_types.h"
#include "ledger-client/core/origin.h"

namespace ledger {

std::string encode_body(const BundleIssued& body) {
  return write_body(kIssued, {{to_hex(body.ciphertext_sha256)},
                              {to_hex(body.merkle_root)},
                              {to_hex(body.patient_commitment)},
                              {to_hex(body.plaintext_commitment)},
                              {body.purpose},
                              {body.request},
                              {{}, body.size},
                              {body.to}});
}

std::string encode_body(const BundleReceived& body) {
  return write_body(kReceived,
                    {{to_hex(body.ciphertext_sha256)}, {body.from}, {{}, body.issued_index}, {body.request}});
}

std::string encode_body(const BundleDelivered& body) {
  return write_body(kDelivered, {{to_hex(body.receipt_sha256)}, {body.request}, {body.to}});
}

std::string encode_body(const Refusals& body) {
  return write_body(kRefusals, {{{}, body.count}, {body.hour}, {body.peer}});
}

std::string encode_body(const PeerCheckpoint& body) {
  return write_body(kPeerCheckpoint, {{body.origin}, {to_hex(body.root)}, {{}, body.size}});
}

std::string encode_body(const Equivocation& body) {
  if (!has_origin_form(accused_origin(body)))
    throw std::invalid_argument("entry body: not about a log of an agent");
  return encode_equivocation(body);
}

std::string encode_body(const OriginRetired& body) {
  return write_body(kRetired, {{body.origin}, {body.reason}, {to_hex(body.root)}, {{}, body.size}});
}

std::string encode_body(const ConsentGranted& body) {
  return write_body(kConsent, {{to_hex(body.consent_commitment)}, {to_hex(body.patient_commitment)}});
}

std::string encode_body(const ConsentRevoked& body) {
  return write_body(kConsent, {{to_hex(body.consent_commitment)}, {to_hex(body.patient_commitment)}});
}

std::string encode_body(const BreakGlassUsed& body) {
  return write_body(
      kGlassUsed,
      {{to_hex(body.patient_commitment)}, {to_hex(body.reason_commitment)}, {body.request}, {body.to}});
}

std::string encode_body(const BreakGlassReviewed& body) {
  return write_body(kGlassReviewed, {{to_hex(body.review_commitment)}, {{}, body.used_index}});
}

std::string encode_body(const KeyRotated& body) {
  return write_body(
      kRotated,
      {{body.key}, {body.next}, {body.possession}, {body.public_text}, {body.signature}, {body.signed_by}});
}

std::string encode_body(const KeyRevoked& body) {
  return write_body(kRevoked, {{body.key}, {body.reason}, {{}, body.suspect_from}});
}

std::string encode_body(const FederationAdopted& body) {
  return write_body(kAdopted, {{to_hex(body.sha256)}, {{}, body.version}});
}

std::string encode_body(const VoteCast& body) {
  if (motion_sha256(body.motion) != body.vote.motion || !verify_vote(body.vote, body.key))
    throw std::invalid_argument("entry body: the vote is not on that motion, or not by that key");
  return write_body(kVote, {{body.vote.approver},
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
