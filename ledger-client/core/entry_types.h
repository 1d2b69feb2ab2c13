// The entry types and the fields of their bodies. Internal to entry_rules.h: its sources share it.
#pragma once

#include "ledger-client/core/entry_fields.h"
#include "ledger-client/core/entry_rules.h"

namespace ledger {

// The types, each a body of exactly these fields. They stand in canonical order, so that one scan reads them.
inline constexpr std::array<Field, 8> kIssued{{{"{\"ciphertext_sha256\":", Holds::kHash},
                                               {",\"merkle_root\":", Holds::kHash},
                                               {",\"patient_commitment\":", Holds::kHash},
                                               {",\"plaintext_commitment\":", Holds::kHash},
                                               {",\"purpose\":", Holds::kPurpose},
                                               {",\"request\":", Holds::kUuid},
                                               {",\"size\":", Holds::kPositive},
                                               {",\"to\":", Holds::kAddress}}};
inline constexpr std::array<Field, 4> kReceived{{{"{\"ciphertext_sha256\":", Holds::kHash},
                                                 {",\"from\":", Holds::kAddress},
                                                 {",\"issued_index\":", Holds::kIndex},
                                                 {",\"request\":", Holds::kUuid}}};
inline constexpr std::array<Field, 3> kDelivered{
    {{"{\"receipt_sha256\":", Holds::kHash}, {",\"request\":", Holds::kUuid}, {",\"to\":", Holds::kAddress}}};
inline constexpr std::array<Field, 3> kRefusals{
    {{"{\"count\":", Holds::kPositive}, {",\"hour\":", Holds::kHour}, {",\"peer\":", Holds::kAddress}}};
inline constexpr std::array<Field, 6> kRotated{{{"{\"key\":", Holds::kKeyId},
                                                {",\"next\":", Holds::kKeyId},
                                                {",\"possession\":", Holds::kMaybeSignature},
                                                {",\"public\":", Holds::kPublicText},
                                                {",\"signature\":", Holds::kSignature},
                                                {",\"signed_by\":", Holds::kKeyId}}};
inline constexpr std::array<Field, 3> kRevoked{
    {{"{\"key\":", Holds::kKeyId}, {",\"reason\":", Holds::kReason}, {",\"suspect_from\":", Holds::kIndex}}};

inline constexpr std::array<Field, 2> kConsent{
    {{"{\"consent_commitment\":", Holds::kHash}, {",\"patient_commitment\":", Holds::kHash}}};
inline constexpr std::array<Field, 4> kGlassUsed{{{"{\"patient_commitment\":", Holds::kHash},
                                                  {",\"reason_commitment\":", Holds::kHash},
                                                  {",\"request\":", Holds::kUuid},
                                                  {",\"to\":", Holds::kAddress}}};
inline constexpr std::array<Field, 2> kGlassReviewed{
    {{"{\"review_commitment\":", Holds::kHash}, {",\"used_index\":", Holds::kIndex}}};
inline constexpr std::array<Field, 2> kAdopted{
    {{"{\"sha256\":", Holds::kHash}, {",\"version\":", Holds::kPositive}}};

inline constexpr std::array<Field, 3> kPeerCheckpoint{
    {{"{\"origin\":", Holds::kOrigin}, {",\"root\":", Holds::kHash}, {",\"size\":", Holds::kIndex}}};
inline constexpr std::array<Field, 4> kRetired{{{"{\"origin\":", Holds::kOrigin},
                                                {",\"reason\":", Holds::kWord},
                                                {",\"root\":", Holds::kHash},
                                                {",\"size\":", Holds::kIndex}}};

inline constexpr std::array<Field, 12> kVote{{{"{\"approver\":", Holds::kApprover},
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

static_assert(kVote.size() <= kMaxFields);

// The values of an effective entry of that known type, or why it is none. They view the entry's body.
std::optional<Problem> read_effective(const Entry& entry, std::string_view type, Values& values);

// A vote's body as a value; its fields hold what they must, their rule is not looked at.
VoteCast vote_of(std::string_view origin, std::span<const Value> values);

}  // namespace ledger
