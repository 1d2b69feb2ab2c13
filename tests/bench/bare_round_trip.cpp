#include "tests/bench/bare_round_trip.h"

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "ledger-client/mqtt/connection.h"
#include "tests/bench/report.h"
#include "tests/support/process.h"

namespace bench {
namespace {

using namespace mqtt_transport;

constexpr const char* kRequester = "127.0.11.1";
constexpr const char* kResponder = "127.0.11.2";
constexpr const char* kRequests = "ehr/v1/127-0-11-2/request/127-0-11-1/";
constexpr const char* kResponses = "ehr/v1/127-0-11-1/response/127-0-11-2/";
constexpr std::size_t kRequestBytes = 512;
constexpr std::size_t kChunkBytes = 256 * 1024;
constexpr int kWarmUp = 5;

// "BYTES MESSAGE_BYTES", padded to the size of a request.
Message request_for(std::size_t bytes, std::size_t message_bytes) {
  Message request;
  request.topic = std::string(kRequests) + "1";
  std::string text = std::to_string(bytes) + " " + std::to_string(message_bytes);
  text.resize(kRequestBytes, ' ');
  request.payload = ledger::to_bytes(ledger::as_bytes(text));
  return request;
}

void answer(Connection& connection, const Message& request) {
  const std::string text(ledger::as_text(request.payload));
  std::size_t used = 0;
  std::size_t left = std::stoull(text, &used);
  const std::size_t largest = std::stoull(text.substr(used));
  for (int n = 0; left > 0; ++n) {
    Message part;
    part.topic = kResponses + std::to_string(n);
    part.payload.assign(std::min(left, largest), 'x');
    left -= part.payload.size();
    connection.publish(std::move(part));
  }
}

}  // namespace

struct BareRoundTrip::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t received = 0;
  bool ready = false;
  test_support::Process responder;
  std::unique_ptr<Connection> requester;

  double ask(std::size_t bytes, std::size_t message_bytes) {
    {
      const std::lock_guard lock(mutex);
      received = 0;
    }
    return seconds([&] {
      requester->publish(request_for(bytes, message_bytes));
      std::unique_lock lock(mutex);
      if (!changed.wait_for(lock, std::chrono::seconds(60), [&] { return received >= bytes; })) {
        throw std::runtime_error("the bare responder doesn't answer");
      }
    });
  }
};

BareRoundTrip::BareRoundTrip(test_support::Broker& broker) : state_(std::make_unique<State>()) {
  auto own = broker.agent_options(kRequester);
  own.filters = {std::string(kResponses) + "#", "ehr/v1/127-0-11-2/status"};
  const auto other = broker.agent_options(kResponder);
  const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "bench_transport";
  state_->responder = test_support::Process(
      {program, "respond", other.url, other.client_id, other.ca_file, other.certificate_file, other.key_file},
      broker.folder() / "responder.log");
  state_->requester = std::make_unique<Connection>(
      std::move(own), ConnectionHandlers{.on_message = [this](Message&& message) {
        const std::lock_guard lock(state_->mutex);
        if (message.topic.ends_with("/status")) state_->ready = true;
        state_->received += message.payload.size();
        state_->changed.notify_all();
      }});
  state_->requester->start();
  std::unique_lock lock(state_->mutex);
  if (!state_->changed.wait_for(lock, std::chrono::seconds(30), [this] { return state_->ready; })) {
    throw std::runtime_error("the bare responder doesn't connect");
  }
}

BareRoundTrip::~BareRoundTrip() = default;

double BareRoundTrip::p50(std::size_t bytes, std::size_t message_bytes, int repetitions) {
  for (int n = 0; n < kWarmUp; ++n) state_->ask(bytes, message_bytes);
  std::vector<double> times;
  for (int n = 0; n < repetitions; ++n) times.push_back(state_->ask(bytes, message_bytes));
  std::nth_element(times.begin(), times.begin() + repetitions / 2, times.end());
  return times[static_cast<std::size_t>(repetitions) / 2];
}

double BareRoundTrip::ask(std::size_t bytes, std::size_t message_bytes) {
  return state_->ask(bytes, message_bytes);
}

std::vector<std::size_t> BareRoundTrip::message_sizes(std::size_t bytes) {
  if (bytes <= kChunkBytes) return {bytes};
  return {bytes, kChunkBytes};
}

double BareRoundTrip::throughput(std::size_t message_bytes, std::size_t count) {
  const std::size_t bytes = message_bytes * count;
  return static_cast<double>(bytes) / state_->ask(bytes, message_bytes);
}

int bare_responder(int argc, char** argv) {
  if (argc != 7) return 64;
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  ConnectionOptions options;
  options.url = argv[2];
  options.client_id = argv[3];
  options.ca_file = argv[4];
  options.certificate_file = argv[5];
  options.key_file = argv[6];
  options.filters = {std::string(kRequests) + "#"};
  options.max_waiting_bytes = std::size_t(1) << 30;
  Connection* self = nullptr;
  Connection connection(
      options,
      {.on_message = [&](Message&& request) { answer(*self, request); },
       .on_ready =
           [&] { self->publish({.topic = "ehr/v1/127-0-11-2/status", .payload = {1}, .retained = true}); }});
  self = &connection;
  connection.start();
  int signal = 0;
  sigwait(&ends, &signal);
  return 0;
}

}  // namespace bench
