#include "ledger-client/store/log_copy.h"

#include <algorithm>

#include "ledger-client/core/checkpoint.h"

namespace ledger {
namespace {

ReadNode nodes_of(const LogSource& source) {
  return [&source](unsigned level, std::uint64_t index) { return source.node(level, index); };
}

// What leads from an entry to a signature: a checkpoint over stored entries, or the one a copy is on its way
// to, with the proof up to it.
struct Target {
  std::uint64_t covered = 0;  // entries that are stored and vouched for
  std::string note;
  Proof beyond;  // from `covered` to the note's size
};

std::optional<Target> target_of(const LogSource& source) {
  if (auto vouch = source.vouch()) {
    return Target{vouch->size, std::move(vouch->note), std::move(vouch->consistency)};
  }
  auto note = source.newest_checkpoint_note();
  const auto parsed = note ? parse_note(*note) : Result<ParsedNote>(Problem{});
  const auto checkpoint = parsed ? parse_checkpoint(parsed->text) : Result<Checkpoint>(Problem{});
  if (!checkpoint) return std::nullopt;
  return Target{std::min(checkpoint->size, source.size()), std::move(*note), {}};
}

}  // namespace

std::optional<RangePiece> read_range(const LogSource& source, std::uint64_t from, std::size_t max_count,
                                     std::size_t max_bytes) {
  auto target = target_of(source);
  if (!target || from > target->covered) return std::nullopt;
  RangePiece piece;
  std::size_t bytes = 0;
  const auto to = std::min<std::uint64_t>(target->covered, from + max_count);
  source.for_each_entry(from, to, [&](const StoredEntry& entry) {
    bytes += entry.line.size() + 1;
    if (bytes > max_bytes && !piece.lines.empty()) return false;
    piece.lines.emplace_back(entry.line);
    return true;
  });
  const auto end = from + piece.lines.size();
  if (!target->beyond.empty() && end < target->covered) {
    // A copy that is itself incomplete can't prove from the middle to a checkpoint beyond its end.
    const auto checkpoints = source.checkpoints();
    if (checkpoints.empty() || checkpoints.back().size < end) {
      target.reset();
    } else {
      target = Target{checkpoints.back().size, checkpoints.back().note, {}};
    }
  }
  if (!target) return std::nullopt;
  piece.consistency =
      target->beyond.empty() ? consistency_between(source, end, target->covered) : std::move(target->beyond);
  piece.note = std::move(target->note);
  return piece;
}

Proof consistency_between(const LogSource& source, std::uint64_t old_size, std::uint64_t size) {
  if (old_size == 0 || old_size == size) return {};
  return make_consistency(old_size, size, nodes_of(source));
}

Hash root_at(const LogSource& source, std::uint64_t size) {
  return root_from_nodes(size, nodes_of(source));
}

Frontier frontier_at(const LogSource& source, std::uint64_t size) {
  std::vector<Hash> nodes;
  for_each_frontier_node(
      size, [&](unsigned level, std::uint64_t index) { nodes.push_back(source.node(level, index)); });
  return Frontier::from_nodes(size, std::move(nodes)).value();
}

}  // namespace ledger
