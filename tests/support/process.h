// A child process that can't outlive the test: ended by its id on destruction, and by the kernel if the test
// itself dies.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace test_support {

class Process {
 public:
  Process() = default;
  // Starts `command` (found on PATH, /usr/sbin included). Standard output and error are appended to `log`;
  // standard input is empty.
  Process(const std::vector<std::string>& command, const std::filesystem::path& log);
  ~Process();  // kill -9
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;

  bool running();
  void signal(int number) const;
  // Waits for the end; the exit status, or 128 + the signal that ended it. -1 if it still runs after
  // `timeout_ms` or never started.
  int wait(int timeout_ms = 30'000);
  pid_t id() const { return id_; }

 private:
  bool reap();

  pid_t id_ = -1;
  int status_ = -1;
};

// Runs a command to its end. Throws with its output unless it ends with 0. Gives back its output.
std::string run(const std::vector<std::string>& command);

}  // namespace test_support
