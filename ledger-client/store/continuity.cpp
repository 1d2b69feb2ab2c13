#include "ledger-client/store/continuity.h"

#include "ledger-client/core/proof.h"

namespace ledger {
namespace {

std::string entries(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " entry" : " entries");
}

std::string missing_range(std::uint64_t from, std::uint64_t to) {
  if (to - from == 1) return "entry " + std::to_string(from) + " is missing";
  return "entries " + std::to_string(from) + " to " + std::to_string(to - 1) + " are missing";
}

}  // namespace

std::string why_not_continue(const Continuity& now, const std::optional<GuardRecord>& guard) {
  if (now.last.size != now.size || now.last.root != now.root) {
    return "the stored log (" + entries(now.size) + ") does not fit its own signed checkpoint of size " +
           std::to_string(now.last.size) +
           "; `ehr-ledger verify` names the first bad entry, `ehr-agent ledger "
           "recover` fetches it from the other members";
  }
  if (!guard) {
    if (now.size == 0) return {};
    return "the guard file is new or was lost although the log holds " + entries(now.size) +
           ": without it nobody can tell whether the database is the newest one; put the guard file back, or "
           "let `ehr-agent ledger recover` "
           "ask the other members";
  }
  const auto& signed_last = guard->checkpoint;
  if (signed_last.origin != now.last.origin) return "the guard file belongs to the log " + signed_last.origin;
  if (signed_last.size > now.size) {
    return "the database was rolled back: the guard file remembers " + entries(signed_last.size) +
           ", the database holds " + std::to_string(now.size) + "; " +
           missing_range(now.size, signed_last.size) +
           "; `ehr-agent ledger recover` fetches what is missing from the other members";
  }
  if (guard->database_id != now.database_id && signed_last.size > 0) {
    return "the guard file belongs to another database (a clone, or a database put in place of the right "
           "one)";
  }
  if (signed_last.size == 0) return {};
  const auto root = root_from_nodes(
      signed_last.size, [&](unsigned level, std::uint64_t index) { return now.reader.node(level, index); });
  if (root != signed_last.root) {
    return "the first " + entries(signed_last.size) +
           " of the database are not those that were signed, says the guard file";
  }
  return {};
}

}  // namespace ledger
