// A real mosquitto, started from broker-config/mosquitto as a hospital would, on free loopback ports, with a
// PKI of its own. Ended by its process id on destruction, and by the kernel if the test dies.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "ledger-client/mqtt/connection.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace test_support {

struct Certificate {
  std::filesystem::path certificate, key;
};

// Two ports nobody else takes: below the range the kernel gives to outgoing connections, reserved among tests
// that run side by side.
class ReservedPorts {
 public:
  ReservedPorts();
  ~ReservedPorts();
  ReservedPorts(const ReservedPorts&) = delete;
  ReservedPorts& operator=(const ReservedPorts&) = delete;
  int first() const { return first_; }
  int second() const { return first_ + 1; }

 private:
  int first_ = 0, reservation_ = -1;
};

class Broker {
 public:
  // Running and accepting when this returns. With `overheard` there is a third listener, without TLS and
  // without access rules, on which a test can read everything.
  explicit Broker(bool overheard = false);
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  void stop();       // SIGTERM, in good order
  void kill_hard();  // SIGKILL
  void freeze();     // SIGSTOP: it accepts bytes and answers nothing, until kill_hard()
  void restart();    // on the same ports, after stop() or kill_hard()

  int agents_port() const { return ports_.first(); }
  int monitors_port() const { return ports_.second(); }
  std::string url() const { return "mqtts://127.0.0.1:" + std::to_string(agents_port()); }
  std::string monitor_url() const { return "mqtts://127.0.0.1:" + std::to_string(monitors_port()); }

  // The authority's folder, as deploy/pki takes it.
  const std::filesystem::path& authority() const { return pki_; }
  std::filesystem::path ca() const { return pki_ / "ca.crt"; }
  // The certificate of an agent (ordinary IP text) or of a monitor; made when first asked for.
  Certificate agent(const std::string& address);
  Certificate monitor(const std::string& name);

  // Ready to connect as that agent, or as a monitor; no filters, no Will.
  mqtt_transport::ConnectionOptions agent_options(const std::string& address);
  mqtt_transport::ConnectionOptions monitor_options(const std::string& name = "monitor");
  // Of somebody who reads all topics; only with `overheard`.
  mqtt_transport::ConnectionOptions eavesdropper_options() const;

  std::string log() const;
  const TempDir& folder() const { return folder_; }

 private:
  mqtt_transport::ConnectionOptions options(const std::string& url, const std::string& id,
                                            const Certificate& own);

  TempDir folder_;
  std::filesystem::path pki_;
  ReservedPorts ports_;
  std::optional<ReservedPorts> overheard_;
  Process mosquitto_;
};

}  // namespace test_support
