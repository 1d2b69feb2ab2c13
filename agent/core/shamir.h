// Shamir's secret sharing over the scalars of ristretto255 with Feldman commitments (crypto.md 5.1):
// `threshold` of the shares give the secret back, fewer say nothing about it, and every share can be checked
// against public commitments. Secret arithmetic is libsodium's, in constant time. Thread-safe.
#pragma once

#include <array>
#include <vector>

#include "agent/core/secret.h"
#include "ledger-client/core/result.h"

namespace edge::shamir {

inline constexpr std::size_t kScalarBytes = 32;
inline constexpr unsigned kMaxShares = 64;

using Commitment = std::array<std::uint8_t, 32>;  // a coefficient times the generator, encoded

struct Share {
  unsigned index = 0;  // the evaluation point, 1 and up
  Secret value;        // a scalar
};

struct Dealing {
  std::vector<Share> shares;            // of points 1 to n
  std::vector<Commitment> commitments;  // as many as the threshold; the first is of the secret itself
};

// A random scalar, for a secret that has no other form.
Secret random_scalar();
// Preconditions (std::invalid_argument): a reduced scalar that is not zero, 2 <= threshold <= shares <=
// kMaxShares.
Dealing deal(const Secret& secret, unsigned shares, unsigned threshold);
// The same with given coefficients of x, x², …; for tests.
Dealing deal_with(const Secret& secret, unsigned shares, const std::vector<Secret>& coefficients);

// Whether this is the share the commitments are about.
bool fits(const Share& share, const std::vector<Commitment>& commitments);

// The secret, from at least commitments.size() shares. Every share is checked; the Problem names the ones
// that are wrong or there twice, or how many are missing.
ledger::Result<Secret> combine(const std::vector<Share>& shares, const std::vector<Commitment>& commitments);

}  // namespace edge::shamir
