// Salted commitments (crypto.md 6.3): what must be provable later without being readable or guessable now.
// Pure and thread-safe. C = SHA-256("edge-phi/v1/commit" || salt(32) || LP(field) || LP(value)), LP(x) = u64
// little endian length || x.
#pragma once

#include "ledger-client/core/bytes.h"

namespace ledger {

using Salt = std::array<std::uint8_t, 32>;

inline constexpr std::string_view kCommitPlaintext =
    "plaintext";                                               // value: the 32-byte SHA-256 of the plaintext
inline constexpr std::string_view kCommitPatient = "patient";  // value: canonical {"system","value"}

inline constexpr std::string_view kCommitConsent = "consent";  // value: the canonical Consent resource
inline constexpr std::string_view kCommitReason = "reason";    // value: why the glass was broken, in words
inline constexpr std::string_view kCommitReview = "review";    // value: canonical {"by","note"}
// The value of kCommitPatient where a consent is about any patient.
inline constexpr std::string_view kAnyPatient = "any";

Hash commitment(const Salt& salt, std::string_view field, ByteView value);

}  // namespace ledger
