// Rows of the table `consent`, read in one place, and what stands in them sealed. Private to the consent
// store. All throw std::runtime_error where terms in the database are damaged: then nobody is told anything.
#pragma once

#include "agent/adapters/consent_store.h"

namespace edge {

std::optional<ConsentRow> row_of_id(ledger::sqlite::Database& database, const std::string& id);
std::optional<ConsentRow> row_in_force(ledger::sqlite::Database& database, ledger::ByteView content_tag);
// All; with a patient those about him, and those about any.
std::vector<ConsentRow> rows_newest_first(ledger::sqlite::Database& database,
                                          const std::optional<Pseudonym>& patient);

// A row of id, any_patient, terms, source, granted_entry; if it is about one patient, he is named `patient`.
Consent read_consent_in_force(const ledger::sqlite::Statement& row, const std::string& patient);

// What the vault seals, and what it opened.
std::string sealed_json(const NewConsent& consent);
ConsentText text_of(const std::string& opened);

}  // namespace edge
