// Rows of the table `outbound`, written and read in one place. Private to the disclosure store.
#pragma once

#include <string_view>

#include "agent/adapters/disclosure_store.h"

namespace edge {

// `patient` as the consents in the database name it.
void insert_outbound(ledger::sqlite::Database& database, const Disclosure& disclosure,
                     const Pseudonym& patient, std::uint64_t entry_index, ledger::TimePoint now,
                     ledger::TimePoint deadline);

// SELECT … FROM outbound, without the payload; a condition may follow.
extern const std::string_view kOutboundColumns;
Outbound read_outbound(const ledger::sqlite::Statement& row);

}  // namespace edge
