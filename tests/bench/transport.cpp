// What the broker, TLS and our connection alone cost. For information: the goals of the transfer are ratios
// to these numbers.
#include <cstdio>
#include <string>

#include "tests/bench/bare_round_trip.h"
#include "tests/bench/report.h"

namespace {

constexpr std::size_t kMegabyte = 1'000'000, kChunk = 256 * 1024;

void compare(const std::string& name, double measured, double baseline) {
  bench::report(name, bench::milliseconds(measured), bench::milliseconds(baseline), measured / baseline, "");
}

std::string megabytes_a_second(double bytes) {
  return std::to_string(static_cast<int>(bytes / 1e6)) + " MB/s";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "respond") return bench::bare_responder(argc, argv);
  test_support::Broker broker;
  bench::BareRoundTrip bare(broker);
  const double small = bare.p50(512, 512, 500);
  compare("bare round trip, 512 B", small, small);
  compare("bare round trip, 10 KB", bare.p50(10'000, 10'000, 300), small);
  compare("bare round trip, 1 MB as one message", bare.p50(kMegabyte, kMegabyte, 100), small);
  compare("bare round trip, 1 MB in 256 KiB", bare.p50(kMegabyte, kChunk, 100), small);
  const double single = bare.throughput(512, 20'000);
  const double rate = bare.throughput(kChunk, 1'000);
  bench::report("bare throughput, 256 KiB messages", megabytes_a_second(rate), megabytes_a_second(single),
                rate / single, "");
}
