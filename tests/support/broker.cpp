#include "tests/support/broker.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "tests/support/shared_data.h"

namespace test_support {

namespace fs = std::filesystem;

namespace {

constexpr int kFirstPort = 20'000, kLastPort = 32'000;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool can_listen(int port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto address = loopback(port);
  const bool free = bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(descriptor);
  return free;
}

bool can_connect(int port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(port);
  const bool connected =
      connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(descriptor);
  return connected;
}

// An abstract Unix socket as a lock that vanishes with its process. -1 if somebody holds it.
int reserve(int port) {
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "ehr-agent-test-port-" + std::to_string(port);
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&address), size) == 0) return descriptor;
  close(descriptor);
  return -1;
}

std::string topic_form(std::string address) {
  std::replace_if(
      address.begin(), address.end(), [](char c) { return c == '.' || c == ':'; }, '-');
  return address;
}

void pki(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), source_root() / "deploy/pki");
  run(arguments);
}

}  // namespace

ReservedPorts::ReservedPorts() {
  const int pairs = (kLastPort - kFirstPort) / 2;
  const int start = static_cast<int>(getpid()) % pairs;
  for (int tried = 0; tried < pairs; ++tried) {
    first_ = kFirstPort + 2 * ((start + tried) % pairs);
    reservation_ = reserve(first_);
    if (reservation_ < 0) continue;
    if (can_listen(first()) && can_listen(second())) return;
    close(reservation_);
  }
  throw std::runtime_error("no free port");
}

ReservedPorts::~ReservedPorts() {
  close(reservation_);
}

Broker::Broker(bool overheard) : pki_(folder_ / "pki") {
  pki({"ca", pki_});
  pki({"broker", pki_, "127.0.0.1", pki_ / "broker"});
  run({source_root() / "broker-config/mosquitto/render", "--pki", pki_ / "broker", "--out",
       folder_ / "broker", "--bind", "127.0.0.1", "--agents-port", std::to_string(agents_port()),
       "--monitors-port", std::to_string(monitors_port()), "--user", "root"});
  if (overheard) {
    overheard_.emplace();
    std::ofstream(folder_ / "broker/mosquitto.conf", std::ios::app)
        << "\nlistener " << overheard_->first() << " 127.0.0.1\nallow_anonymous true\n";
  }
  restart();
}

void Broker::restart() {
  mosquitto_ = Process({"mosquitto", "-c", folder_ / "broker/mosquitto.conf"}, folder_ / "mosquitto.log");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!can_connect(agents_port()) || !can_connect(monitors_port())) {
    if (!mosquitto_.running() || std::chrono::steady_clock::now() > end) {
      throw std::runtime_error("mosquitto didn't start: " + log());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void Broker::stop() {
  mosquitto_.signal(SIGTERM);
  if (mosquitto_.wait() == -1) throw std::runtime_error("mosquitto didn't stop");
}

void Broker::kill_hard() {
  mosquitto_.signal(SIGKILL);
  mosquitto_.wait();
}

void Broker::freeze() {
  mosquitto_.signal(SIGSTOP);
}

Certificate Broker::agent(const std::string& address) {
  const std::string name = topic_form(address);
  const Certificate own{pki_ / name / "tls.crt", pki_ / name / "tls.key"};
  if (!fs::exists(own.certificate)) pki({"agent", pki_, address, pki_ / name});
  return own;
}

Certificate Broker::monitor(const std::string& name) {
  const Certificate own{pki_ / "monitors" / (name + ".crt"), pki_ / "monitors" / (name + ".key")};
  if (!fs::exists(own.certificate)) pki({"monitor", pki_, name, pki_ / "monitors"});
  return own;
}

mqtt_transport::ConnectionOptions Broker::agent_options(const std::string& address) {
  return options(url(), topic_form(address), agent(address));
}

mqtt_transport::ConnectionOptions Broker::monitor_options(const std::string& name) {
  return options(monitor_url(), name, monitor(name));
}

mqtt_transport::ConnectionOptions Broker::eavesdropper_options() const {
  mqtt_transport::ConnectionOptions options;
  options.url = "mqtt://127.0.0.1:" + std::to_string(overheard_.value().first());
  options.client_id = "eavesdropper";
  options.filters = {"#"};
  return options;
}

mqtt_transport::ConnectionOptions Broker::options(const std::string& url, const std::string& id,
                                                  const Certificate& own) {
  mqtt_transport::ConnectionOptions options;
  options.url = url;
  options.client_id = id;
  options.ca_file = ca();
  options.certificate_file = own.certificate;
  options.key_file = own.key;
  return options;
}

std::string Broker::log() const {
  return read_file(folder_ / "mosquitto.log");
}

}  // namespace test_support
