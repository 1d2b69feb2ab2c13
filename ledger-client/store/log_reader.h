// Reading a stored log: a database of the journal's schema, opened read-only. One thread at a time.
#pragma once

#include <functional>

#include "ledger-client/core/checkpoint.h"
#include "ledger-client/core/entry.h"
#include "ledger-client/core/proof.h"
#include "ledger-client/store/sqlite.h"

namespace ledger {

class LogReader {
 public:
  explicit LogReader(const std::filesystem::path& database);
  // Over an open connection, for example inside the agent. Borrowed.
  explicit LogReader(sqlite::Database& database);
  ~LogReader();

  std::string origin() const;
  std::uint64_t size() const;
  std::optional<std::string> line(std::uint64_t index) const;
  std::optional<std::string> newest_checkpoint_note() const;
  Hash node(unsigned level, std::uint64_t index) const;  // throws std::out_of_range if it is not stored
  // Lines [from, to) in order; stops early when `take` returns false.
  void for_each(std::uint64_t from, std::uint64_t to,
                const std::function<bool(std::uint64_t, std::string_view)>& take) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ledger
