#include "agent/daemon/service.h"

#include <signal.h>
#include <sys/prctl.h>

#include <ctime>

#include "agent/core/secret.h"
#include "agent/daemon/log.h"
#include "agent/daemon/notify.h"
#include "agent/daemon/service_parts.h"

namespace edge {

namespace {

constexpr std::chrono::milliseconds kLook{200};

sigset_t blocked_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

// The signal that came within `wait`, or 0.
int next_signal(const sigset_t& set, std::chrono::milliseconds wait) {
  const timespec time{wait.count() / 1000, (wait.count() % 1000) * 1'000'000};
  const int signal = sigtimedwait(&set, nullptr, &time);
  return signal > 0 ? signal : 0;
}

}  // namespace

int run_service(const Config& config) {
  // Blocked before any thread exists, so that Paho's threads inherit the mask.
  const sigset_t signals = blocked_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_DUMPABLE, 0);  // no core dump, no ptrace: keys are in this process
  initialise_cryptography();

  ServiceManager manager;
  Service service(config);
  service.start();
  log::info("started", {{"address", config.agent.address->text()}, {"version", EHR_VERSION}});

  const auto interval = manager.watchdog_interval();
  const auto patience = interval ? std::chrono::duration_cast<std::chrono::milliseconds>(*interval) * 2
                                 : std::chrono::milliseconds(30'000);
  bool announced = false;
  auto last_fed = Timer::Clock::time_point{};
  while (true) {
    const int signal = next_signal(signals, kLook);
    if (signal == SIGTERM || signal == SIGINT) break;
    if (signal == SIGHUP) log::warning("a changed configuration is read at the next start");
    if (!announced && service.ready()) {
      manager.ready(service.status_line());
      announced = true;
    }
    const auto now = Timer::Clock::now();
    if (interval && now - last_fed >= *interval && service.progressing(patience)) {
      manager.watchdog();
      last_fed = now;
    }
  }
  manager.stopping("finishing what was begun");
  log::info("stopping");
  service.drain();
  return 0;
}

}  // namespace edge
