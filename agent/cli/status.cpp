#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/cli/commands.h"
#include "agent/cli/daemon_call.h"
#include "agent/cli/failure.h"
#include "agent/cli/output.h"

namespace edge::cli {
namespace {

volatile std::sig_atomic_t stop_watching = 0;

// The terminal's other screen while it lives, so that what was on it comes back.
class FullScreen {
 public:
  explicit FullScreen(bool on) : on_(on) {
    if (on_) std::cout << "\x1b[?1049h\x1b[?25l";
  }
  ~FullScreen() {
    if (on_) std::cout << "\x1b[?25h\x1b[?1049l" << std::flush;
  }
  void begin() const {
    if (on_) std::cout << "\x1b[H\x1b[2J";
  }

 private:
  bool on_;
};

void watch(const Config& config, const Common& common, std::chrono::milliseconds interval) {
  struct sigaction action {};
  action.sa_handler = [](int) { stop_watching = 1; };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  const FullScreen screen(!common.json && ::isatty(STDOUT_FILENO) == 1);
  while (stop_watching == 0 && std::cout) {
    screen.begin();
    try {
      const auto status = Daemon(config).call({{"command", "status"}}, {}, {}, std::chrono::seconds(10));
      common.json ? print_json(status) : print_readable(status);
    } catch (const Failure& failure) {  // an agent that restarts is watched on
      if (failure.status() != EX_UNAVAILABLE && failure.status() != EX_TEMPFAIL) throw;
      common.json ? print_json({{"error", failure.what()}}) : void(std::cout << failure.what() << '\n');
    }
    std::cout << std::flush;
    ::poll(nullptr, 0, static_cast<int>(interval.count()));  // a signal ends it early
  }
}

}  // namespace

void add_status(CLI::App& root, Common& common) {
  auto watching = std::make_shared<bool>(false);
  auto interval = std::make_shared<double>(1.0);
  auto* command =
      add_command(root, common, "status", "Show how the running agent is", "ehr-agent status --watch");
  command->add_flag("--watch", *watching, "Again and again, full-screen on a terminal, until interrupted");
  command->add_option("--interval", *interval, "Seconds between two looks")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  command->callback([watching, interval, &common] {
    const Config config = common.load();
    if (*watching)
      return watch(config, common, std::chrono::milliseconds(static_cast<std::int64_t>(*interval * 1000)));
    const auto status = Daemon(config).call({{"command", "status"}}, {}, {}, std::chrono::seconds(10));
    common.json ? print_json(status) : print_readable(status);
  });
}

}  // namespace edge::cli
