// Who sent to whom, counted from the entries of logs: addresses and numbers only. Pure.
#pragma once

#include <map>
#include <string>

#include "ledger-client/core/entry.h"
#include "ledger-client/store/log_source.h"

namespace ledger::cli {

// Bundles from one agent to another, as each side's log says.
struct Exchange {
  std::uint64_t issued = 0;     // by the sender's log
  std::uint64_t delivered = 0;  // by the sender's log: the receiver gave a receipt
  std::uint64_t received = 0;   // by the receiver's log
};

class Graph {
 public:
  // Counts the entries of one log; those that are void or of other types count nothing.
  void add(const LogSource& log);

  struct Edge {
    std::string from, to;
    // clang-tidy 14 takes the comparison with 0 the compiler makes for a null pointer.
    // NOLINTNEXTLINE(modernize-use-nullptr)
    auto operator<=>(const Edge&) const = default;
  };
  const std::map<Edge, Exchange>& edges() const { return edges_; }

  std::string to_dot() const;
  std::string to_svg() const;  // a circle of agents, an arc for each direction; needs no other program
  std::string to_json() const;

 private:
  void count(const std::string& owner, const EntryView& entry);

  std::map<Edge, Exchange> edges_;
};

// "12 issued, 11 delivered, 11 received".
std::string counts_for_people(const Exchange& exchange);

}  // namespace ledger::cli
