// The key agreement of an X25519 stanza (formats.md 1.4), which depends on the recipient alone and is most of
// what a small file costs: it can be made ahead.
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <vector>

#include "agent/core/age/age.h"

namespace edge::age {

// An ephemeral share and the key that wraps a file key with it. Serves one file: the wrap's nonce is zero.
class Agreement {
 public:
  // A new one. Throws std::runtime_error for a recipient of low order.
  explicit Agreement(const Recipient& recipient);
  Agreement(Agreement&&) = default;
  Agreement& operator=(Agreement&&) = default;

  const std::array<std::uint8_t, 32>& share() const { return share_; }
  std::span<const std::uint8_t, 32> key() const { return wrap_key_->reveal(); }

 private:
  std::array<std::uint8_t, 32> share_{};
  std::unique_ptr<Wiped<32>> wrap_key_ = std::make_unique<Wiped<32>>();
};

// Those made ahead. Each is given out once. Thread-safe.
class ReadyAgreements {
 public:
  static constexpr std::size_t kMaxRecipients = 256, kMaxEach = 4;

  // Makes what is missing until `wanted` are ready for the recipient. At kMaxRecipients, all are forgotten.
  void prepare(const Recipient& recipient, std::size_t wanted);
  // One that is ready, else a new one.
  Agreement take(const Recipient& recipient);
  // How many are ready.
  std::size_t count(const Recipient& recipient) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::array<std::uint8_t, 32>, std::vector<Agreement>> ready_;
};

}  // namespace edge::age
