// When is a received bundle's signature valid? (trust.md.) Everything known here at the moment decides: where
// the signer's own log ended its key, cutoffs of the federation document, a retirement or a conviction of the
// log. Thread-safe; waits for the ledger network where a cutoff asks for a proof, so never called on its
// thread.
#pragma once

#include "agent/adapters/doubt_store.h"
#include "agent/daemon/context.h"

namespace edge {

ledger::SignatureJudgement judge_bundle(const Context& context, const BundlePlace& place);

}  // namespace edge
