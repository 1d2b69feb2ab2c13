#include "tests/support/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>

#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace test_support {
namespace {

// PATH of an ordinary user lacks the folder mosquitto is in.
std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  for (const char* folder : {"/usr/local/bin/", "/usr/bin/", "/bin/", "/usr/local/sbin/", "/usr/sbin/"}) {
    if (access((folder + name).c_str(), X_OK) == 0) return folder + name;
  }
  throw std::runtime_error("not installed: " + name);
}

// Between fork and exec only what is safe after a fork of a program with threads.
[[noreturn]] void become(const char* program, char* const* arguments, int output, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(126);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, 0);
  dup2(output, 1);
  dup2(output, 2);
  execv(program, arguments);
  _exit(127);
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const std::filesystem::path& log) {
  const std::string program = find_program(command.at(0));
  std::vector<char*> arguments;
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (output < 0) throw std::runtime_error("can't write " + log.string());
  const pid_t parent = getpid();
  id_ = fork();
  if (id_ == 0) become(program.c_str(), arguments.data(), output, parent);
  close(output);
  if (id_ < 0) throw std::runtime_error("fork failed");
}

Process::~Process() {
  if (!running()) return;
  signal(SIGKILL);
  wait();
}

Process::Process(Process&& other) noexcept
    : id_(std::exchange(other.id_, -1)), status_(std::exchange(other.status_, -1)) {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(id_, other.id_);
  std::swap(status_, other.status_);
  return *this;
}

bool Process::reap() {
  if (id_ <= 0) return true;
  int status = 0;
  if (waitpid(id_, &status, WNOHANG) != id_) return false;
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  id_ = -1;
  return true;
}

bool Process::running() {
  return id_ > 0 && !reap();
}

void Process::signal(int number) const {
  if (id_ > 0) kill(id_, number);
}

int Process::wait(int timeout_ms) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (!reap()) {
    if (std::chrono::steady_clock::now() > end) return -1;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return status_;
}

std::string run(const std::vector<std::string>& command) {
  const TempDir folder;
  Process process(command, folder / "output");
  const int status = process.wait();
  std::string output = read_file(folder / "output");
  if (status != 0)
    throw std::runtime_error(command.at(0) + " ended with " + std::to_string(status) + ": " + output);
  return output;
}

}  // namespace test_support
