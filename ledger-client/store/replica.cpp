#include "ledger-client/store/replica.h"

#include <algorithm>

#include "ledger-client/store/log_copy.h"
#include "ledger-client/store/replica_state.h"
#include "ledger-client/store/verify.h"

namespace ledger {
namespace {

void set_aside(const std::filesystem::path& file) {
  auto aside = file;
  aside += ".damaged";
  std::filesystem::rename(file, aside);
  for (const char* companion : {"-wal", "-shm"}) {
    auto beside = file;
    beside += companion;
    std::filesystem::remove(beside);
  }
}

}  // namespace

Replica::Replica(const std::filesystem::path& database, std::string origin)
    : state_(std::make_unique<State>()) {
  state_->origin = std::move(origin);
  const auto open = [&] {
    state_->tables = std::make_unique<ReplicaTables>(database, state_->origin);
    state_->restore();
  };
  try {
    open();
  } catch (const sqlite::SqliteError& error) {
    if (!error.damaged()) throw;
    state_->tables.reset();
    set_aside(database);
    open();
    state_->repaired = "the copy of " + state_->origin + " could not be read (" + error.what() +
                       "): set aside as " + database.string() + ".damaged and begun anew";
  }
}

Replica::~Replica() = default;

void Replica::note_witnessed(std::string_view note) {
  const auto checkpoint = checkpoint_of(note);
  if (!checkpoint || checkpoint->origin != state_->origin) return;
  auto& tables = *state_->tables;
  const bool ahead = checkpoint->size > size();
  const auto kind = ahead ? KeptKind::kWitnessedAhead : KeptKind::kWitnessed;
  if (!ahead && state_->held_root(checkpoint->size) != checkpoint->root) return;
  const auto older = tables.note(kind);
  const auto known = older ? checkpoint_of(*older) : std::nullopt;
  if (known && known->size > checkpoint->size) return;
  const auto merged = older ? merge_signatures(std::string(note), *older) : std::string(note);
  state_->in_transaction([&] {
    tables.set_note(kind, merged);
    if (!ahead) tables.replace_checkpoint(checkpoint->size, merged);
    const auto& newest = state_->newest;
    if (newest && newest->checkpoint == *checkpoint) state_->keep_newest({*checkpoint, merged});
  });
}

void Replica::cut(std::uint64_t size) {
  for (const auto& vouch : state_->tables->vouches(std::min(size, this->size()))) {
    if (state_->fits(vouch)) return state_->cut_to(vouch.size);
  }
  state_->cut_to(0);
}

std::optional<std::uint64_t> Replica::first_damage(std::span<const NoteKey> keys) const {
  auto& reader = state_->tables->reader();
  if (size() == 0 && reader.size() == 0 && reader.checkpoints().empty()) return std::nullopt;
  VerifyOptions how;
  how.signatures = !keys.empty();
  const auto report = verify_log(reader, keys, how);
  if (report.fault) return report.fault->index;
  return std::nullopt;
}

const std::string& Replica::repaired() const {
  return state_->repaired;
}
const std::string& Replica::origin() const {
  return state_->origin;
}
std::uint64_t Replica::size() const {
  return state_->size();
}
Hash Replica::root() const {
  return state_->head.frontier.root();
}
std::vector<Hash> Replica::frontier() const {
  return state_->head.frontier.nodes();
}
Hash Replica::root_at(std::uint64_t size) const {
  return ledger::root_at(state_->tables->reader(), size);
}
std::optional<std::string> Replica::newest_note() const {
  if (!state_->newest) return std::nullopt;
  return state_->newest->note;
}
std::optional<std::string> Replica::witnessed_note() const {
  return state_->tables->note(KeptKind::kWitnessed);
}
std::optional<std::string> Replica::line(std::uint64_t index) const {
  return state_->tables->reader().line(index);
}
LogReader& Replica::reader() {
  return state_->tables->reader();
}

}  // namespace ledger
