// A share of an escrowed secret as its trustee holds it: text of lines, sealed to the trustee as an age file.
// What was split is a random scalar; the secret itself lies in every share, sealed to the age identity that
// is derived from the scalar. Pure, thread-safe; nothing secret leaves locked memory.
//
//   ehr/v1/share
//   set HEX            16 bytes, the same in all shares of one split
//   owner TEXT         address of the agent whose secret it is
//   share I of N       decimal
//   value HEX          the scalar
//   commitment HEX     one line for each of the threshold's coefficients
//   sealed BASE64      the secret, as an age file
#pragma once

#include <string>

#include "agent/core/age/age.h"
#include "agent/core/shamir.h"
#include "ledger-client/core/bytes.h"

namespace edge {

inline constexpr std::size_t kMaxShareBytes = 128 * 1024;

struct KeyShare {
  std::string set;    // hex
  std::string owner;  // address
  unsigned count = 0;
  shamir::Share share;
  std::vector<shamir::Commitment> commitments;  // as many as shares are needed
  ledger::Bytes sealed;
};

// The shares of `secret`, 1 to `count`. Throws std::invalid_argument as shamir::deal does.
std::vector<KeyShare> split_secret(const Secret& secret, const std::string& owner, unsigned count,
                                   unsigned threshold);

Secret share_text(const KeyShare& share);
// Strict: one text for every share. A share that does not fit its commitments is a Problem that says so.
ledger::Result<KeyShare> parse_share(const Secret& text);

// The secret. A Problem names shares that are wrong, there twice, of another split, or says how many are
// missing.
ledger::Result<Secret> recover_secret(std::vector<KeyShare> shares);

}  // namespace edge
