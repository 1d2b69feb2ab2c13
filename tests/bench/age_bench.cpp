// Encryption of 1 GB as a whole process, beside Debian's `age`; with the hashes of a transfer on one thread
// and on two; and the sealing and opening of a message beside the X25519 operations they can't do without.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "agent/core/age/age.h"
#include "agent/core/age/x25519.h"
#include "agent/core/transfer/ciphertext_hasher.h"
#include "tests/bench/report.h"

namespace {

namespace age = edge::age;
namespace fs = std::filesystem;

constexpr std::uint64_t kPlaintextBytes = 1'000'000'000;
constexpr int kRounds = 3;

void must(bool ok, const char* what) {
  if (!ok) {
    throw std::runtime_error(what);
  }
}

// The measured process: `encrypt plain|one|two RECIPIENT FILE`, to /dev/null.
int encrypt(const std::string& hashing, const char* recipient, const char* file) {
  const int in = ::open(file, O_RDONLY | O_CLOEXEC);
  const int out = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  must(in >= 0 && out >= 0, "can't open the files");
  edge::initialise_cryptography();
  using Threads = edge::CiphertextHasher::Threads;
  edge::CiphertextHasher hasher(hashing == "two" ? Threads::kTwo : Threads::kOne);
  age::Writer writer(age::Recipient::parse(recipient).value(), [&](ledger::ByteView bytes) {
    if (hashing != "plain") {
      hasher.update(bytes);
    }
    must(::write(out, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "can't write");
  });
  std::vector<std::uint8_t> buffer(256 * 1024);
  for (ssize_t got = 0; (got = ::read(in, buffer.data(), buffer.size())) != 0;) {
    must(got > 0, "can't read");
    writer.write({buffer.data(), static_cast<std::size_t>(got)});
  }
  writer.finish();
  hasher.finish();
  return 0;
}

struct Cost {
  double seconds = 0;
  double mebibytes = 0;  // peak resident memory
};

Cost run(std::vector<std::string> command) {
  std::vector<char*> arguments;
  for (std::string& argument : command) {
    arguments.push_back(argument.data());
  }
  arguments.push_back(nullptr);
  rusage usage{};
  int status = 0;
  const double seconds = bench::seconds([&] {
    const pid_t child = ::fork();
    must(child >= 0, "can't fork");
    if (child == 0) {
      ::execvp(arguments[0], arguments.data());
      ::_exit(127);
    }
    must(::wait4(child, &status, 0, &usage) == child, "can't wait");
  });
  must(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the measured process failed");
  return {seconds, static_cast<double>(usage.ru_maxrss) / 1024};
}

std::string text(double value, const char* unit) {
  char out[32];
  std::snprintf(out, sizeof out, "%.0f %s", value, unit);
  return out;
}

// Rounds of all alternate, so that a busy moment of the machine hits each alike; the best of each counts.
void measure_processes(const std::string& self, const fs::path& file) {
  const std::string recipient = age::Identity::generate().recipient().to_text();
  const std::vector<std::vector<std::string>> commands = {
      {"age", "-r", recipient, "-o", "/dev/null", file.string()},
      {self, "encrypt", "plain", recipient, file.string()},
      {self, "encrypt", "two", recipient, file.string()},
      {self, "encrypt", "one", recipient, file.string()},
  };
  std::vector<Cost> best(commands.size());
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < commands.size(); ++i) {
      const Cost cost = run(commands[i]);
      best[i].seconds = round == 0 ? cost.seconds : std::min(best[i].seconds, cost.seconds);
      best[i].mebibytes = std::max(best[i].mebibytes, cost.mebibytes);
    }
  }
  const auto rate = [&](std::size_t i) { return kPlaintextBytes / 1e6 / best[i].seconds; };
  const auto line = [&](const char* name, std::size_t i, const char* goal) {
    bench::report(name, text(rate(i), "MB/s"), text(rate(0), "MB/s"), rate(i) / rate(0), goal);
  };
  line("age, encrypt 1 GB, beside Debian's age", 1, ">= 1");
  line("age, encrypt 1 GB and hash on a second thread", 2, "");
  line("age, encrypt 1 GB and hash on the same thread", 3, "");
  const double peak = std::max({best[1].mebibytes, best[2].mebibytes, best[3].mebibytes});
  bench::report("age, peak memory, beside 64 MiB", text(peak, "MiB"), "64 MiB", peak / 64, "<= 1");
}

void measure_messages() {
  constexpr int kMessages = 3000;
  const age::Identity identity = age::Identity::generate();
  const age::Identity* const keys[] = {&identity};
  const ledger::Bytes message(1000, 0x5a);
  ledger::Bytes sealed;
  const double seal = bench::seconds([&] {
    for (int i = 0; i < kMessages; ++i) {
      sealed = age::seal(identity.recipient(), message);
    }
  });
  const double open = bench::seconds([&] {
    for (int i = 0; i < kMessages; ++i) {
      must(age::open(keys, sealed).ok(), "can't open");
    }
  });
  std::array<std::uint8_t, 32> out{};
  const double multiply = bench::seconds([&] {
    for (int i = 0; i < kMessages; ++i) {
      must(age::x25519(identity.secret().reveal().first<32>(), identity.recipient().bytes(), out),
           "X25519 failed");
    }
  });
  const auto each = [&](double seconds) { return text(seconds / kMessages * 1e6, "us"); };
  bench::report("age, seal a message of 1 KB, beside two X25519", each(seal), each(2 * multiply),
                seal / (2 * multiply), "<= 1.5");
  bench::report("age, open a message of 1 KB, beside one X25519", each(open), each(multiply), open / multiply,
                "<= 1.5");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 5) {
    return encrypt(argv[2], argv[3], argv[4]);
  }
  const fs::path file = fs::temp_directory_path() / ("ehr-bench-age-" + std::to_string(::getpid()));
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  must(descriptor >= 0 && ::ftruncate(descriptor, kPlaintextBytes) == 0,
       "can't make the plaintext");  // a hole: no disk is measured
  ::close(descriptor);
  try {
    edge::initialise_cryptography();
    measure_processes(fs::read_symlink("/proc/self/exe"), file);
    measure_messages();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    fs::remove(file);
    return 1;
  }
  fs::remove(file);
  return 0;
}
