#include "agent/daemon/service.h"

#include <malloc.h>
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

// Bundles of a megabyte come and go with every request. Given back to the kernel each time, their pages cost
// a fifth of a request in faults; kept, they are bounded by what the limits allow at once.
void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  mallopt(M_ARENA_MAX, 4);
}

// The signal that came within `wait`, or 0.
int next_signal(const sigset_t& set, std::chrono::milliseconds wait) {
  const timespec time{wait.count() / 1000, (wait.count() % 1000) * 1'000'000};
  const int signal = sigtimedwait(&set, nullptr, &time);
  return signal > 0 ? signal : 0;
}

}  // namespace

int run_service(const Config& config, const std::function<ledger::Result<Config>()>& reload) {
  // Blocked before any thread exists, so that Paho's threads inherit the mask.
  const sigset_t signals = blocked_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is a full disk, not the end
  prctl(PR_SET_DUMPABLE, 0);   // no core dump, no ptrace: keys are in this process
  keep_freed_memory();
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
    if (signal == SIGHUP) {
      manager.reloading("reading the configuration again");
      service.reload(reload());
      manager.ready(service.status_line());
    }
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
