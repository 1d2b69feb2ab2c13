// An admin's votes: a signature below a draft of the federation document, or a signed rejection of it
// (trust.md, Federation document). Whether the vote may be cast is ledger-client's judgement
// (federation_draft.h). Pure and thread-safe.
#pragma once

#include "agent/core/signing.h"
#include "ledger-client/core/federation_draft.h"

namespace edge {

// A document without signatures. Throws std::invalid_argument unless parse_federation takes the payload.
std::string unsigned_federation(std::string_view payload);

// The document with one more signature; as it was, if this key has signed it already. Throws
// std::invalid_argument if the text is no document.
std::string add_vote(std::string_view document, std::string_view admin, const Signer& signer);

// The draft with one more rejection.
ledger::FederationDraft add_rejection(ledger::FederationDraft draft, std::string_view admin,
                                      const Signer& signer);

}  // namespace edge
