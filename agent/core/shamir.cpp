#include "agent/core/shamir.h"

#include <sodium.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>

namespace edge::shamir {

namespace {

static_assert(kScalarBytes == crypto_core_ristretto255_SCALARBYTES);
static_assert(sizeof(Commitment) == crypto_core_ristretto255_BYTES);

using Scalar = Wiped<kScalarBytes>;

void set_small(Scalar& scalar, unsigned value) {
  wipe(scalar.reveal());
  scalar.reveal()[0] = static_cast<std::uint8_t>(value);
}

// Reduced modulo the group's order, so that every scalar has one text, and not zero.
bool is_scalar(const Secret& value) {
  if (value.size() != kScalarBytes) return false;
  Scalar zero, reduced;
  crypto_core_ristretto255_scalar_add(reduced.reveal().data(), value.reveal().data(), zero.reveal().data());
  return sodium_memcmp(reduced.reveal().data(), value.reveal().data(), kScalarBytes) == 0 &&
         sodium_is_zero(value.reveal().data(), kScalarBytes) == 0;
}

Commitment commit(const Secret& scalar) {
  Commitment point{};
  if (crypto_scalarmult_ristretto255_base(point.data(), scalar.reveal().data()) != 0)
    throw std::invalid_argument("shamir: a zero scalar");
  return point;
}

// The polynomial at `index`, by Horner's rule.
Secret evaluate(const Secret& secret, const std::vector<Secret>& coefficients, unsigned index) {
  Scalar at;
  set_small(at, index);
  Secret sum(kScalarBytes);
  std::uint8_t* const out = sum.reveal().data();
  for (auto one = coefficients.rbegin(); one != coefficients.rend(); ++one) {
    crypto_core_ristretto255_scalar_add(out, out, one->reveal().data());
    crypto_core_ristretto255_scalar_mul(out, out, at.reveal().data());
  }
  crypto_core_ristretto255_scalar_add(out, out, secret.reveal().data());
  return sum;
}

// Lagrange's coefficient of `index` at zero: the product of x / (x - index) over the other points.
void weight_of(unsigned index, const std::vector<const Share*>& shares, Scalar& weight) {
  Scalar own, above, below, difference;
  set_small(own, index);
  set_small(above, 1);
  set_small(below, 1);
  for (const Share* other : shares) {
    if (other->index == index) continue;
    Scalar x;
    set_small(x, other->index);
    crypto_core_ristretto255_scalar_mul(above.reveal().data(), above.reveal().data(), x.reveal().data());
    crypto_core_ristretto255_scalar_sub(difference.reveal().data(), x.reveal().data(), own.reveal().data());
    crypto_core_ristretto255_scalar_mul(below.reveal().data(), below.reveal().data(),
                                        difference.reveal().data());
  }
  if (crypto_core_ristretto255_scalar_invert(below.reveal().data(), below.reveal().data()) != 0)
    throw std::logic_error("shamir: a point twice");
  crypto_core_ristretto255_scalar_mul(weight.reveal().data(), above.reveal().data(), below.reveal().data());
}

}  // namespace

Secret random_scalar() {
  Secret scalar(kScalarBytes);
  do {
    crypto_core_ristretto255_scalar_random(scalar.reveal().data());
  } while (sodium_is_zero(scalar.reveal().data(), kScalarBytes) != 0);
  return scalar;
}

Dealing deal(const Secret& secret, unsigned shares, unsigned threshold) {
  if (threshold < 2 || threshold > shares || shares > kMaxShares)
    throw std::invalid_argument("shamir: 2 <= threshold <= shares <= 64");
  std::vector<Secret> coefficients;
  for (unsigned i = 1; i < threshold; ++i) coefficients.push_back(random_scalar());
  return deal_with(secret, shares, coefficients);
}

Dealing deal_with(const Secret& secret, unsigned shares, const std::vector<Secret>& coefficients) {
  if (!is_scalar(secret)) throw std::invalid_argument("shamir: the secret is no scalar");
  Dealing dealing;
  dealing.commitments.push_back(commit(secret));
  for (const Secret& coefficient : coefficients) dealing.commitments.push_back(commit(coefficient));
  for (unsigned index = 1; index <= shares; ++index)
    dealing.shares.push_back({index, evaluate(secret, coefficients, index)});
  return dealing;
}

bool fits(const Share& share, const std::vector<Commitment>& commitments) {
  if (share.index == 0 || share.index > kMaxShares || commitments.empty() || !is_scalar(share.value))
    return false;
  // The sum of index^k times the k-th commitment, by Horner's rule; all of it is public.
  Scalar at;
  set_small(at, share.index);
  Commitment sum = commitments.back();
  if (crypto_core_ristretto255_is_valid_point(sum.data()) != 1) return false;
  for (auto one = commitments.rbegin() + 1; one != commitments.rend(); ++one) {
    Commitment product{};
    if (crypto_scalarmult_ristretto255(product.data(), at.reveal().data(), sum.data()) != 0 ||
        crypto_core_ristretto255_add(sum.data(), product.data(), one->data()) != 0)
      return false;
  }
  Commitment own{};
  return crypto_scalarmult_ristretto255_base(own.data(), share.value.reveal().data()) == 0 && own == sum;
}

ledger::Result<Secret> combine(const std::vector<Share>& shares, const std::vector<Commitment>& commitments) {
  std::vector<const Share*> used;
  std::set<unsigned> seen;
  std::string wrong;
  for (const Share& share : shares) {
    const std::string name = "share " + std::to_string(share.index);
    if (!fits(share, commitments)) {
      wrong += (wrong.empty() ? "" : "; ") + name + " is wrong: it does not fit the commitments";
    } else if (!seen.insert(share.index).second) {
      wrong += (wrong.empty() ? "" : "; ") + name + " is there twice";
    } else {
      used.push_back(&share);
    }
  }
  if (!wrong.empty()) return ledger::Problem{wrong};
  if (used.size() < commitments.size())
    return ledger::Problem{"too few shares: " + std::to_string(used.size()) + " of the " +
                           std::to_string(commitments.size()) + " that are needed"};
  used.resize(commitments.size());
  Secret secret(kScalarBytes);
  for (const Share* share : used) {
    Scalar weight;
    weight_of(share->index, used, weight);
    crypto_core_ristretto255_scalar_mul(weight.reveal().data(), weight.reveal().data(),
                                        share->value.reveal().data());
    crypto_core_ristretto255_scalar_add(secret.reveal().data(), secret.reveal().data(),
                                        weight.reveal().data());
  }
  if (!is_scalar(secret) || commit(secret) != commitments.front())
    return ledger::Problem{"the shares do not give the secret that was split"};
  return secret;
}

}  // namespace edge::shamir
