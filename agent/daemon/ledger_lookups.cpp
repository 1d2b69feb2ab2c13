// What the replicas say when asked: proofs of entries, ends of keys, which entries count for nothing.
#include <set>

#include "agent/daemon/ledger_network.h"
#include "agent/daemon/log.h"
#include "ledger-client/core/entry_rules.h"
#include "ledger-client/store/kept_note.h"

namespace edge {

namespace {

constexpr std::uint64_t kKeepKeyEnds = 10'000;  // entries that may be read again after a crash

}  // namespace

std::unique_ptr<ledger::LogReader> LedgerNetwork::open_log(const std::string& origin) const {
  try {
    return open_(origin);
  } catch (const ledger::UnreadableLog&) {
    return nullptr;  // nothing of it is here yet
  }
}

std::optional<ledger::ProofFile> LedgerNetwork::witnessed_proof(const std::string& origin,
                                                                std::uint64_t index) const {
  {
    // Opening a log costs as much as a few signatures; most of the time there is nothing new in it.
    const std::lock_guard lock(mutex_);
    for (const LogView& log : view_.logs)
      if (log.origin == origin && log.witnessed <= index) return std::nullopt;
  }
  const auto log = open_log(origin);
  const auto note = log ? log->witnessed_note() : std::nullopt;
  const auto tree = note ? ledger::checkpoint_of(*note) : std::nullopt;
  const auto line = tree && index < tree->size ? log->line(index) : std::nullopt;
  if (!line || tree->size > log->size()) return std::nullopt;
  const auto read = [&](unsigned level, std::uint64_t at) { return log->node(level, at); };
  try {
    return ledger::ProofFile{ledger::to_bytes(ledger::as_bytes(*line)), index,
                             ledger::make_inclusion(index, tree->size, read), *note};
  } catch (const std::out_of_range&) {
    return std::nullopt;  // damaged, until it is fetched again
  }
}

// What was not read yet of what is held. Each entry once, also over restarts.
void LedgerNetwork::read_key_ends(const std::string& origin, Log& log) {
  const std::uint64_t size = log.followed->replica().size();
  read_retirement(log);
  bool tell = false;
  if (!log.keys) {
    log.keys = store_.key_ends(origin);
    log.keys_kept = log.keys->size;
    tell = !log.keys->ends.all().empty();
  }
  if (log.keys->size < size) {
    bool found = false;
    log.followed->replica().reader().for_each(log.keys->size, size,
                                              [&](std::uint64_t, std::string_view line) {
                                                if (line.find(R"("type":"key.)") == line.npos) return true;
                                                if (const auto entry = ledger::parse_entry(line))
                                                  log.keys->ends.take(*entry);
                                                return found = true;
                                              });
    log.keys->size = size;
    if (found || size - log.keys_kept > kKeepKeyEnds) {
      store_.set_key_ends(*log.keys);
      log.keys_kept = size;
    }
    tell = tell || found;
  }
  if (!tell) return;
  note_key_ends(origin, log);
  options_.on_ended();
}

void LedgerNetwork::note_key_ends(const std::string& origin, const Log& log) {
  const auto owner = log.followed->identity().owner;
  const std::lock_guard lock(mutex_);
  auto revoked = std::make_shared<std::set<std::string>>(revoked_ ? *revoked_ : std::set<std::string>());
  for (const auto& [key, end] : log.keys->ends.all()) {
    key_ends_[origin].insert_or_assign(key, end);
    if (end.revoked && revoked->insert(make_kid(owner, key)).second)
      log::warning("a member's log revokes a key", {{"peer", owner.text()}, {"key", key}});
  }
  revoked_ = std::move(revoked);
}

// A log that continues a retired one says so in its first entry.
void LedgerNetwork::read_retirement(Log& log) {
  if (log.begin_read || log.followed->replica().size() == 0) return;
  log.begin_read = true;
  const auto line = log.followed->replica().reader().line(0);
  const auto entry = line ? ledger::parse_entry(*line) : ledger::Result<ledger::Entry>(ledger::Problem{});
  const auto retired = entry ? ledger::decode_origin_retired(*entry)
                             : ledger::Result<ledger::OriginRetired>(ledger::Problem{});
  if (!retired) return;
  {
    const std::lock_guard lock(mutex_);
    log_ends_.insert_or_assign(retired->origin, retired->size);
  }
  options_.on_ended();
}

std::optional<std::uint64_t> LedgerNetwork::log_end(const std::string& origin) const {
  const std::lock_guard lock(mutex_);
  const auto end = log_ends_.find(origin);
  return end == log_ends_.end() ? std::nullopt : std::optional(end->second);
}

std::vector<EndedPlaces> LedgerNetwork::ended_places() const {
  std::vector<EndedPlaces> out;
  const std::lock_guard lock(mutex_);
  for (const auto& [origin, ends] : key_ends_)
    for (const auto& [key, end] : ends)
      out.push_back({origin, key, std::min(end.index, end.suspect_from.value_or(end.index))});
  for (const auto& [origin, size] : convicted_) out.push_back({origin, "", size});
  for (const auto& [origin, size] : log_ends_) out.push_back({origin, "", size});
  return out;
}

std::optional<ledger::KeyEnd> LedgerNetwork::key_end(const std::string& origin,
                                                     const std::string& key_id) const {
  const std::lock_guard lock(mutex_);
  const auto log = key_ends_.find(origin);
  if (log == key_ends_.end()) return std::nullopt;
  const auto end = log->second.find(key_id);
  return end == log->second.end() ? std::nullopt : std::optional(end->second);
}

RevokedKeys LedgerNetwork::revoked_keys() const {
  const std::lock_guard lock(mutex_);
  return revoked_;
}

ledger::Proof LedgerNetwork::consistency(const std::string& origin, std::uint64_t smaller,
                                         std::uint64_t larger) {
  return run_here([this, origin, smaller, larger]() -> ledger::Proof {
    Log* log = find(origin);
    if (log == nullptr || larger > log->followed->replica().size() || smaller == 0 || smaller >= larger)
      return {};
    auto& reader = log->followed->replica().reader();
    return ledger::make_consistency(
        smaller, larger, [&](unsigned level, std::uint64_t index) { return reader.node(level, index); });
  });
}

std::string LedgerNetwork::witnessed_note(const ledger::Address& member) {
  if (member == context_.self.address) return own_witnessed();
  return run_here([this, member]() -> std::string {
    const auto federation = context_.federation();
    const ledger::Member* listed = federation->find(member);
    const auto origin = listed == nullptr ? std::nullopt : listed->newest_origin();
    const Log* log = origin ? find(*origin) : nullptr;
    return log == nullptr ? std::string() : log->followed->replica().witnessed_note().value_or("");
  });
}

std::string LedgerNetwork::why_void(const std::string& origin, std::uint64_t index) const {
  const std::lock_guard lock(mutex_);
  const auto convicted = convicted_.find(origin);
  if (convicted == convicted_.end() || index < convicted->second) return {};
  return "the log " + origin + " has signed two histories; this entry was not witnessed before";
}

}  // namespace edge
