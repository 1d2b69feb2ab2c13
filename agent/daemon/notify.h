// What the service manager is told (sd_notify(3)): one datagram to $NOTIFY_SOCKET, without libsystemd.
// Without the variable every call does nothing. Thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace edge {

class ServiceManager {
 public:
  // Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and removes them from the environment, so that no
  // child inherits them. Call it before other threads start.
  ServiceManager();

  void ready(std::string_view status);
  void reloading(
      std::string_view status);  // with MONOTONIC_USEC, as Type=notify-reload wants; end it with ready()
  void stopping(std::string_view status);
  void status(std::string_view status);
  void watchdog();  // "alive": only while the workers progress

  // How often watchdog() is due: half of what the manager allows. Nothing if it watches nobody, or another
  // process.
  std::optional<std::chrono::microseconds> watchdog_interval() const { return watchdog_; }
  bool present() const { return !socket_.empty(); }

 private:
  void send(std::string_view message) const;

  std::string socket_;
  std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace edge
