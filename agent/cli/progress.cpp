#include "agent/cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "agent/cli/output.h"

namespace edge::cli {
namespace {

constexpr auto kPause = std::chrono::milliseconds(80);

std::size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace

std::string progress_line(const std::string& what, std::uint64_t done, std::uint64_t total,
                          std::size_t columns) {
  std::string out = what;
  if (total == 0) {
    if (done > 0) out += "  " + human_bytes(done);
  } else {
    done = std::min(done, total);
    const std::string tail = "  " +
                             std::to_string(static_cast<unsigned>(100.0 * static_cast<double>(done) /
                                                                  static_cast<double>(total))) +
                             "%  " + human_bytes(done) + " of " + human_bytes(total);
    constexpr std::size_t kBar = 30;
    if (out.size() + kBar + 4 + tail.size() < columns) {
      const auto filled = static_cast<std::size_t>(static_cast<double>(kBar) * static_cast<double>(done) /
                                                   static_cast<double>(total));
      out += "  [" + std::string(filled, '=') + (filled < kBar ? ">" : "") +
             std::string(filled < kBar ? kBar - filled - 1 : 0, ' ') + "]";
    }
    out += tail;
  }
  return out.substr(0, columns > 1 ? columns - 1 : 0);
}

Progress::Progress() : visible_(::isatty(STDERR_FILENO) == 1) {}
Progress::~Progress() {
  clear();
}

void Progress::update(const std::string& what, std::uint64_t done, std::uint64_t total) {
  if (!visible_) return;
  const auto now = std::chrono::steady_clock::now();
  if (drawn_ && what == last_what_ && now - last_ < kPause) return;
  std::cerr << "\r\x1b[K" << progress_line(what, done, total, terminal_columns()) << std::flush;
  drawn_ = true;
  last_what_ = what;
  last_ = now;
}

void Progress::clear() {
  if (drawn_) std::cerr << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

}  // namespace edge::cli
