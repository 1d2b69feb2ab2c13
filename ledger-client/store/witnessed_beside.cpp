#include "ledger-client/store/witnessed_beside.h"

#include "ledger-client/store/sqlite.h"

namespace ledger {

std::string own_witnessed_key(const std::string& origin) {
  return "witnessed " + origin;
}

std::optional<std::string> read_own_witnessed(const std::filesystem::path& database,
                                              const std::string& origin) {
  const auto file = database.parent_path() / kNetworkDatabase;
  std::error_code unreadable;
  if (!std::filesystem::exists(file, unreadable)) return std::nullopt;
  try {
    sqlite::Database network(file, sqlite::Mode::kReadOnly);
    sqlite::Statement select(network, "SELECT value FROM network_meta WHERE key = ?1");
    select.bind(1, own_witnessed_key(origin));
    if (select.step()) return std::string(select.column_text(0));
  } catch (const sqlite::SqliteError&) {  // the log itself is good without
  }
  return std::nullopt;
}

}  // namespace ledger
