// The tables of the embedded HIS. README.md in this folder documents the views; the tables behind them may
// change.
#pragma once

#include "ledger-client/store/sqlite.h"

namespace edge::his {

// Component "his". A released step is never edited; a change is a new step.
ledger::sqlite::Migrations store_migrations();

}  // namespace edge::his
