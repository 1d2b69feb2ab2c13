// The main job: request → verified bundle between two real agents over a real broker with TLS, beside the
// bare round trip that returns as many bytes in clear. Callers speak to the asking agent's control socket, as
// `ehr-agent request` does.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "agent/adapters/control_socket.h"
#include "tests/bench/bare_round_trip.h"
#include "tests/bench/report.h"
#include "tests/support/federation.h"

namespace {

using nlohmann::json;

// A record whose bundle has about 10 KB.
json small_patient() {
  json entries = json::array();
  const auto add = [&](json resource) {
    entries.push_back(
        {{"fullUrl", "urn:example:" + resource["id"].get<std::string>()}, {"resource", std::move(resource)}});
  };
  add({{"resourceType", "Patient"},
       {"id", "small"},
       {"identifier", {{{"system", "urn:example:mrn"}, {"value", "SMALL-1"}}}},
       {"name", {{{"family", "Small"}, {"given", {"Record"}}}}},
       {"gender", "female"},
       {"birthDate", "1980-05-17"}});
  for (int number = 0; number < 4; ++number) {
    add({{"resourceType", "Condition"},
         {"id", "condition-" + std::to_string(number)},
         {"clinicalStatus",
          {{"coding",
            {{{"system", "http://terminology.hl7.org/CodeSystem/condition-clinical"}, {"code", "active"}}}}}},
         {"code", {{"text", "Condition number " + std::to_string(number)}}},
         {"subject", {{"reference", "Patient/small"}}},
         {"onsetDateTime", "2020-01-0" + std::to_string(number + 1)}});
  }
  return {{"resourceType", "Bundle"}, {"type", "collection"}, {"entry", entries}};
}

// One line to the asking agent.
class Caller {
 public:
  Caller(test_support::AgentProcess& asking, const ledger::Address& peer)
      : channel_(edge::connect_control(asking.folder() / "control.sock")), peer_(peer.text()) {}

  // Bytes of the bundle that came back.
  std::size_t ask(const json& patient) {
    channel_.send('C', json{{"command", "request"}, {"peer", peer_}, {"purpose", "TREAT"}}.dump());
    channel_.send('D', patient.dump());
    std::size_t bytes = 0;
    while (const auto frame = channel_.receive()) {
      if (frame->kind == 'D') bytes += frame->payload.size();
      if (frame->kind == 'R') return bytes;
      if (frame->kind == 'E') throw std::runtime_error(frame->payload);
    }
    throw std::runtime_error("the agent hung up");
  }

 private:
  edge::ControlChannel channel_;
  std::string peer_;
};

// What a request leaves behind (receipt, ledger entry) is over before the next one.
constexpr std::chrono::milliseconds kPause{15};

double median(std::vector<double> times) {
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

// Both sides of a ratio, by turns: whatever else the machine does hits both. A processor that has rested is
// slow for a while, so both rest equally long before each turn, or neither does.
class Comparison {
 public:
  Comparison(Caller& caller, const json& patient, bench::BareRoundTrip& bare)
      : caller_(caller), patient_(patient), bare_(bare), bytes_(caller.ask(patient)) {}

  void report(const char* name, int repetitions, bool rested, const char* goal) {
    const auto rest = [&] {
      if (rested) std::this_thread::sleep_for(kPause);
    };
    const auto sizes = bench::BareRoundTrip::message_sizes(bytes_);
    std::vector<double> measured;
    std::vector<std::vector<double>> bare(sizes.size());
    for (int i = 0; i < repetitions; i += kTurn) {
      for (int n = 0; n < kTurn; ++n) {
        rest();
        measured.push_back(bench::seconds([&] { (void)caller_.ask(patient_); }));
      }
      std::this_thread::sleep_for(kPause);
      for (std::size_t size = 0; size < sizes.size(); ++size) {
        for (int n = 0; n < kTurn; ++n) {
          rest();
          bare[size].push_back(bare_.ask(bytes_, sizes[size]));
        }
      }
    }
    double fastest = median(bare.front());
    for (const auto& times : bare) fastest = std::min(fastest, median(times));
    const double p50 = median(measured);
    bench::report(std::string(name) + " (" + std::to_string(bytes_ / 1000) + " KB)", bench::milliseconds(p50),
                  bench::milliseconds(fastest), p50 / fastest, goal);
  }

 private:
  static constexpr int kTurn = 10;
  Caller& caller_;
  json patient_;
  bench::BareRoundTrip& bare_;
  std::size_t bytes_;
};

double sustained_rate(test_support::AgentProcess& asking, const ledger::Address& peer, const json& patient,
                      int callers, int requests) {
  std::atomic<int> left{requests};
  const double spent = bench::seconds([&] {
    std::vector<std::jthread> threads;
    for (int i = 0; i < callers; ++i) {
      threads.emplace_back([&] {
        Caller caller(asking, peer);
        while (left.fetch_sub(1) > 0) (void)caller.ask(patient);
      });
    }
  });
  return requests / spent;
}

json identifier(const std::string& text) {
  const auto bar = text.rfind('|');
  return {{"system", text.substr(0, bar)}, {"value", text.substr(bar + 1)}};
}

// What one durable write costs here: two lie on the way of a request, the answering side's commit and guard.
double sync_p50(const std::filesystem::path& folder) {
  const int file = ::open((folder / "sync").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  const std::string page(4096, 'x');
  std::vector<double> times;
  for (int i = 0; i < 101; ++i) {
    times.push_back(bench::seconds([&] {
      if (::pwrite(file, page.data(), page.size(), 0) < 0 || ::fdatasync(file) != 0)
        throw std::runtime_error("fdatasync failed");
    }));
  }
  ::close(file);
  return median(std::move(times));
}

void run() {
  test_support::FederationOptions options;
  options.agent_program = EHR_AGENT_PROGRAM;
  options.ledger_program = EHR_LEDGER_PROGRAM;
  test_support::Federation federation(options);
  auto& answering = federation[0];
  auto& asking = federation[1];
  const auto large =
      identifier(test_support::identifier_of(federation.give_patient(answering, 3, 4'300'000)));
  const json small{{"system", "urn:example:mrn"}, {"value", "SMALL-1"}};
  const auto file = federation.folder() / "small.json";
  std::ofstream(file) << small_patient().dump();
  answering.import(file);
  federation.start();
  bench::BareRoundTrip bare(federation.broker());
  Caller caller(asking, answering.address());
  Comparison small_record(caller, small, bare), large_record(caller, large, bare);
  for (int i = 0; i < 50; ++i) (void)caller.ask(small);  // caches, connections, arenas
  for (int i = 0; i < 10; ++i) (void)caller.ask(large);
  small_record.report("request to verified bundle", 300, true, "<= 6");
  small_record.report("one request after the other", 300, false, "<= 6");
  large_record.report("request to verified bundle", 60, true, "<= 6");
  large_record.report("one request after the other", 60, false, "<= 6");
  const double sync = sync_p50(federation.folder().path());
  bench::report("one durable write of 4 KiB", bench::milliseconds(sync), bench::milliseconds(sync), 1, "");
  const double rate = sustained_rate(asking, answering.address(), small, 16, 3000);
  bench::report("verified bundles a second, 16 callers", bench::per_second(rate), "300/s", rate / 300,
                ">= 1");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "respond") return bench::bare_responder(argc, argv);
  try {
    run();
    return 0;
  } catch (const std::exception& fault) {
    std::fprintf(stderr, "exchange: %s\n", fault.what());
    return 70;
  }
}
