#include "agent/cli/passphrase.h"

#include <fcntl.h>
#include <sodium.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>

#include "agent/cli/failure.h"

namespace edge::cli {
namespace {

constexpr std::size_t kMaxPassphrase = 1024;

// One line into locked memory, byte by byte: nothing after the line is taken from the descriptor.
Secret read_line(int descriptor) {
  Secret buffer(kMaxPassphrase);
  std::size_t size = 0;
  for (;;) {
    std::uint8_t byte = 0;
    const auto got = ::read(descriptor, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw Failure(EX_IOERR, "the passphrase can't be read: " + std::generic_category().message(errno));
    if (got == 0 || byte == '\n') break;
    if (size == kMaxPassphrase) throw Failure(EX_DATAERR, "the passphrase is longer than 1024 bytes");
    buffer.reveal()[size++] = byte;
  }
  return Secret(buffer.reveal().first(size));
}

// The terminal with its echo off; on again in the end, however it ends.
class QuietTerminal {
 public:
  QuietTerminal() : descriptor_(::open("/dev/tty", O_RDWR | O_CLOEXEC)) {
    if (descriptor_ < 0)
      throw Failure(EX_USAGE, "there is no terminal to type the passphrase at",
                    "give it on an open descriptor: --passphrase-fd 3 3<file");
    quiet_ = ::tcgetattr(descriptor_, &before_) == 0;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (quiet_) ::tcsetattr(descriptor_, TCSAFLUSH, &silent);
  }
  ~QuietTerminal() {
    if (quiet_) ::tcsetattr(descriptor_, TCSAFLUSH, &before_);
    ::close(descriptor_);
  }
  QuietTerminal(const QuietTerminal&) = delete;
  QuietTerminal& operator=(const QuietTerminal&) = delete;

  Secret ask(std::string_view prompt) const {
    say(prompt);
    Secret line = read_line(descriptor_);
    say("\n");
    return line;
  }

 private:
  void say(std::string_view text) const {
    if (::write(descriptor_, text.data(), text.size()) < 0)
      throw Failure(EX_IOERR, "the terminal can't be written");
  }
  int descriptor_;
  bool quiet_ = false;
  termios before_{};
};

Secret typed(bool fresh) {
  const QuietTerminal terminal;
  Secret passphrase = terminal.ask("Passphrase: ");
  if (fresh) {
    const Secret again = terminal.ask("Again: ");
    if (again.size() != passphrase.size() ||
        sodium_memcmp(again.reveal().data(), passphrase.reveal().data(), again.size()) != 0)
      throw Failure(EX_DATAERR, "the two are not the same");
  }
  return passphrase;
}

}  // namespace

Secret read_passphrase(const std::optional<int>& descriptor, bool fresh) {
  Secret passphrase = descriptor ? read_line(*descriptor) : typed(fresh);
  if (passphrase.size() == 0) throw Failure(EX_DATAERR, "the passphrase is empty");
  if (fresh && passphrase.size() < kMinPassphrase)
    throw Failure(EX_DATAERR,
                  "the passphrase is shorter than " + std::to_string(kMinPassphrase) + " characters",
                  "several random words are good ones");
  return passphrase;
}

}  // namespace edge::cli
