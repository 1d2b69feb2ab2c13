// Reading a stored log: a database of the journal's schema, opened read-only. One thread at a time.
#pragma once

#include "ledger-client/core/proof.h"
#include "ledger-client/store/log_source.h"
#include "ledger-client/store/sqlite.h"

namespace ledger {

class LogReader final : public LogSource {
 public:
  // Sees the log as it is now, whatever is appended meanwhile; refresh() moves on. Throws UnreadableLog,
  // DamagedLog where the file is no whole database.
  explicit LogReader(const std::filesystem::path& database);
  // Over an open connection, for example inside the agent. Borrowed; sees what that connection sees.
  explicit LogReader(sqlite::Database& database);
  ~LogReader() override;

  std::string origin() const override;
  std::uint64_t size() const override;
  std::optional<std::string> line(std::uint64_t index) const override;
  std::optional<std::string> newest_checkpoint_note() const override;
  std::optional<std::string> witnessed_note() const override;
  std::vector<StoredCheckpoint> checkpoints() const override;
  std::optional<Vouch> vouch() const override;
  Hash node(unsigned level, std::uint64_t index) const override;
  std::unique_ptr<NodeCursor> nodes(unsigned level) const override;
  void for_each_entry(std::uint64_t from, std::uint64_t to,
                      const std::function<bool(const StoredEntry&)>& take) const override;
  // Lines [from, to) in order; stops early when `take` returns false.
  void for_each(std::uint64_t from, std::uint64_t to,
                const std::function<bool(std::uint64_t, std::string_view)>& take) const;

  // For a reader with a connection of its own: sees what was committed until now.
  void refresh();

 private:
  std::optional<std::string> witnessed_beside() const;

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ledger
