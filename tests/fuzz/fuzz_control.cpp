#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

#include "agent/adapters/control_socket.h"
#include "tests/fuzz/require.h"

using namespace edge;

// Bytes on the control socket: whole frames or an exception, never more than a frame may hold, and the frames
// written again are the bytes they came from.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 64 * 1024) return 0;  // fits into the socket's buffer, so one thread can write, then read
  int ends[2];
  FUZZ_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  FUZZ_REQUIRE(::send(ends[0], data, size, 0) == static_cast<ssize_t>(size));
  ::close(ends[0]);
  ControlChannel channel(ends[1]);
  std::size_t taken = 0;
  try {
    while (const auto frame = channel.receive()) {
      FUZZ_REQUIRE(frame->payload.size() <= 1U << 20U && taken + 5 + frame->payload.size() <= size);
      FUZZ_REQUIRE(frame->kind == static_cast<char>(data[taken + 4]));
      taken += 5 + frame->payload.size();
    }
    FUZZ_REQUIRE(taken == size);
  } catch (const std::runtime_error&) {
    FUZZ_REQUIRE(taken < size);
  }
  return 0;
}
