// What each entry type means: its fields and rule in one place (ledger.md). A known type that breaks them is
// stored, reported and void; an unknown type is stored and not judged. schemas/entry-*.schema.json say the
// same; a differential test keeps both equal.
#pragma once

#include "ledger-client/core/entry.h"

namespace ledger {

namespace entry_type {
inline constexpr std::string_view kBundleIssued = "bundle.issued";
inline constexpr std::string_view kBundleReceived = "bundle.received";
inline constexpr std::string_view kBundleDelivered = "bundle.delivered";
inline constexpr std::string_view kRefusals = "refusals";
}  // namespace entry_type

enum class Meaning { kEffective, kUnknownType, kVoid };
struct Judgement {
  Meaning meaning = Meaning::kUnknownType;
  std::string reason;  // for kVoid: what the entry breaks
};
Judgement judge_entry(const Entry& entry);

// Bodies as values and their canonical text; times are format_time, hashes lower-case hex, addresses IP text.
struct BundleIssued {
  std::string request, to, purpose;
  Hash ciphertext_sha256{}, merkle_root{};
  std::uint64_t size = 0;  // of the ciphertext, bytes
  Hash plaintext_commitment{}, patient_commitment{};
};
struct BundleReceived {
  std::string request, from;
  Hash ciphertext_sha256{};
  std::uint64_t issued_index = 0;
};
struct BundleDelivered {
  std::string request, to;
  Hash receipt_sha256{};
};
struct Refusals {
  std::string peer;
  std::string hour;  // the hour's start, format_time
  std::uint64_t count = 0;
};
// Throws std::invalid_argument for a body that judge_entry would call void.
std::string encode_body(const BundleIssued& body);
std::string encode_body(const BundleReceived& body);
std::string encode_body(const BundleDelivered& body);
std::string encode_body(const Refusals& body);
Result<BundleIssued> decode_bundle_issued(const Entry& entry);

}  // namespace ledger
