#include "agent/core/transfer/window.h"

#include <algorithm>

namespace edge {

SendWindow::SendWindow(std::uint64_t chunks, std::uint64_t window)
    : chunks_(chunks), window_(std::max<std::uint64_t>(window, 1)) {}

void SendWindow::send_window(std::vector<std::uint64_t>& out) {
  const std::uint64_t end = std::min(chunks_, acknowledged_ + window_);
  for (; sent_ < end; ++sent_) out.push_back(sent_);
}

std::vector<std::uint64_t> SendWindow::restart() {
  std::vector<std::uint64_t> out = missing_;
  sent_ = acknowledged_;
  send_window(out);
  return out;
}

std::vector<std::uint64_t> SendWindow::on_ack(std::uint64_t next, const std::vector<std::uint64_t>& missing) {
  std::vector<std::uint64_t> out;
  if (next > chunks_ || next < acknowledged_) return out;
  acknowledged_ = next;
  sent_ = std::max(sent_, next);
  missing_.clear();
  for (const std::uint64_t number : missing) {
    const bool ascending = missing_.empty() || number > missing_.back();
    if (number >= next || !ascending || missing_.size() == window_) break;
    missing_.push_back(number);
  }
  out = missing_;
  // Repeats count against the window too: a receiver that misses everything gets nothing new.
  if (missing_.size() < window_) send_window(out);
  return out;
}

ReceiveWindow::ReceiveWindow(std::uint64_t chunks, std::uint64_t window)
    : here_(chunks), half_(std::max<std::uint64_t>(window / 2, 1)) {}

ReceiveWindow::Taken ReceiveWindow::take(std::uint64_t number) {
  if (number >= here_.size()) return Taken::kOutOfRange;
  if (here_[number]) return Taken::kDuplicate;
  here_[number] = true;
  ++received_;
  ++since_ack_;
  highest_ = std::max(highest_, number + 1);
  while (first_gap_ < here_.size() && here_[first_gap_]) ++first_gap_;
  return Taken::kNew;
}

bool ReceiveWindow::ack_due() const {
  return since_ack_ >= half_ || (complete() && since_ack_ > 0);
}

ReceiveWindow::State ReceiveWindow::acknowledge(std::size_t limit) {
  since_ack_ = 0;
  State state;
  state.next = highest_;
  for (std::uint64_t number = first_gap_; number < highest_; ++number) {
    if (here_[number]) continue;
    if (state.missing.size() == limit) {
      state.next = number;
      break;
    }
    state.missing.push_back(number);
  }
  return state;
}

}  // namespace edge
