// Flow control of one transfer (wire.md, Flow control and resume) as two state machines over chunk numbers,
// without clock or I/O. Not thread-safe: one owner each.
#pragma once

#include <cstdint>
#include <vector>

namespace edge {

// The sender: at most `window` chunks beyond the last acknowledgement are in flight, whatever an
// acknowledgement says.
class SendWindow {
 public:
  SendWindow(std::uint64_t chunks, std::uint64_t window);  // window >= 1

  // Chunks to send at the start, or again after a silence: those last reported missing, then everything in
  // flight.
  std::vector<std::uint64_t> restart();
  // Chunks to send after an acknowledgement: each missing one once, then what the window now allows. What an
  // acknowledgement makes the sender repeat is bounded by the window. One that goes back or beyond the end
  // changes nothing.
  std::vector<std::uint64_t> on_ack(std::uint64_t next, const std::vector<std::uint64_t>& missing);

  std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  void send_window(std::vector<std::uint64_t>& out);

  std::uint64_t chunks_, window_;
  std::uint64_t acknowledged_ = 0;  // highest `next` seen
  std::uint64_t sent_ = 0;          // first chunk never sent
  std::vector<std::uint64_t> missing_;
};

// The receiver: which chunks are here, and when to acknowledge (every half window, and at the end).
class ReceiveWindow {
 public:
  ReceiveWindow(std::uint64_t chunks, std::uint64_t window);

  enum class Taken { kNew, kDuplicate, kOutOfRange };
  Taken take(std::uint64_t number);
  bool has(std::uint64_t number) const { return number < here_.size() && here_[number]; }
  bool complete() const { return received_ == here_.size(); }
  std::uint64_t received() const { return received_; }

  // True once per half window of new chunks, and when complete.
  bool ack_due() const;
  // `next`: everything below it is here but for `missing` (ascending, at most `limit`).
  struct State {
    std::uint64_t next = 0;
    std::vector<std::uint64_t> missing;
  };
  State acknowledge(std::size_t limit);

 private:
  std::vector<bool> here_;
  std::uint64_t half_;
  std::uint64_t received_ = 0;
  std::uint64_t highest_ = 0;    // one past the highest chunk here
  std::uint64_t first_gap_ = 0;  // everything below is here
  std::uint64_t since_ack_ = 0;
};

}  // namespace edge
