#include "agent/core/age/agreement.h"

#include <sodium.h>

#include <algorithm>
#include <stdexcept>

#include "agent/core/age/stanza.h"
#include "agent/core/age/x25519.h"

namespace edge::age {

Agreement::Agreement(const Recipient& recipient) {
  Wiped<32> ephemeral;
  Wiped<32> shared;
  randombytes_buf(ephemeral.reveal().data(), ephemeral.reveal().size());
  x25519_base(ephemeral.reveal(), share_);
  if (!x25519(ephemeral.reveal(), recipient.bytes(), shared.reveal())) {
    throw std::runtime_error("age: a recipient of low order");
  }
  wrap_key(shared.reveal(), share_, recipient.bytes(), wrap_key_->reveal());
}

void ReadyAgreements::prepare(const Recipient& recipient, std::size_t wanted) {
  wanted = std::min(wanted, kMaxEach);
  for (std::size_t there = count(recipient); there < wanted; ++there) {
    Agreement made(recipient);
    const std::lock_guard lock(mutex_);
    if (ready_.size() >= kMaxRecipients && !ready_.contains(recipient.bytes())) ready_.clear();
    auto& ready = ready_[recipient.bytes()];
    if (ready.size() < wanted) ready.push_back(std::move(made));
  }
}

Agreement ReadyAgreements::take(const Recipient& recipient) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = ready_.find(recipient.bytes());
    if (found != ready_.end() && !found->second.empty()) {
      Agreement taken = std::move(found->second.back());
      found->second.pop_back();
      return taken;
    }
  }
  return Agreement(recipient);
}

std::size_t ReadyAgreements::count(const Recipient& recipient) const {
  const std::lock_guard lock(mutex_);
  const auto found = ready_.find(recipient.bytes());
  return found == ready_.end() ? 0 : found->second.size();
}

}  // namespace edge::age
