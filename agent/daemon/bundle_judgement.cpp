#include "agent/daemon/bundle_judgement.h"

#include <algorithm>

namespace edge {

using ledger::SignatureJudgement;
using ledger::Validity;

namespace {

SignatureJudgement judge_key(const Context& context, const BundlePlace& place, const ledger::Member& member) {
  const auto cutoff = member.cutoff_of(place.key_id);
  const auto end = context.key_end(place.tree.origin, place.key_id);
  if (!end && !cutoff) return {Validity::kValid, {}};
  ledger::AnchoredAt anchored{place.index, place.tree, {}};
  if (cutoff && cutoff->size != place.tree.size) {
    const auto [smaller, larger] = std::minmax(cutoff->size, place.tree.size);
    anchored.consistency = context.consistency(place.tree.origin, smaller, larger);
  }
  auto judged = ledger::judge_signature(anchored, end, cutoff);
  if (judged.validity != Validity::kValid) judged.reason = place.key_id + ": " + judged.reason;
  return judged;
}

}  // namespace

SignatureJudgement judge_bundle(const Context& context, const BundlePlace& place) {
  if (const auto why = context.why_void(place.tree.origin, place.index); !why.empty())
    return {Validity::kRefused, why};
  const auto federation = context.federation();
  const ledger::Member* member = federation->find(place.peer);
  if (member == nullptr) return {Validity::kRefused, "the federation document lists its signer no more"};
  auto judged = judge_key(context, place, *member);
  // Its owner has lost what stood there, or somebody else goes on with the old key: it can't be told.
  const auto log_end = context.log_end(place.tree.origin);
  if (judged.validity == Validity::kValid && log_end && place.index >= *log_end)
    return {Validity::kSuspect, "anchored at or after the place where its log was retired"};
  return judged;
}

}  // namespace edge
