#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include "agent/adapters/control_socket.h"
#include "agent/adapters/unix_socket.h"

namespace edge {
namespace {

constexpr std::size_t kMaxPayload = 1u << 20;  // the length counts the kind too: at most 1 MiB + 1

// Both parts in one call: a reader woken by the first five bytes would only sleep again.
void write_all(int descriptor, std::string_view head, std::string_view payload) {
  std::array<iovec, 2> parts{iovec{const_cast<char*>(head.data()), head.size()},
                             iovec{const_cast<char*>(payload.data()), payload.size()}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  std::size_t left = head.size() + payload.size();
  while (left > 0) {
    // MSG_NOSIGNAL: the other side may be gone, which is an error of this call and not of the process.
    const auto result = ::sendmsg(descriptor, &message, MSG_NOSIGNAL);
    if (result < 0 && errno == EINTR) continue;
    if (result < 0) fail_with_errno("control connection");
    auto sent = static_cast<std::size_t>(result);
    left -= sent;
    for (iovec& part : parts) {
      const std::size_t taken = std::min(sent, part.iov_len);
      part.iov_base = static_cast<char*>(part.iov_base) + taken;
      part.iov_len -= taken;
      sent -= taken;
    }
  }
}

// How many of `size` bytes came before the end of the stream.
std::size_t read_all(int descriptor, char* bytes, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const auto got = ::recv(descriptor, bytes + done, size - done, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_with_errno("control connection");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

}  // namespace

ControlChannel::ControlChannel(int descriptor) : descriptor_(descriptor) {}
ControlChannel::~ControlChannel() {
  if (descriptor_ >= 0) ::close(descriptor_);
}
ControlChannel::ControlChannel(ControlChannel&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

void ControlChannel::send(char kind, std::string_view payload) {
  if (payload.size() > kMaxPayload) throw std::runtime_error("control frame larger than 1 MiB");
  const auto length = static_cast<std::uint32_t>(payload.size() + 1);
  const std::array<char, 5> head{static_cast<char>(length >> 24), static_cast<char>(length >> 16),
                                 static_cast<char>(length >> 8), static_cast<char>(length), kind};
  write_all(descriptor_, {head.data(), head.size()}, payload);
}

void ControlChannel::send_data(std::string_view bytes) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kMaxPayload)))
    send('D', bytes.substr(0, kMaxPayload));
}

std::optional<Frame> ControlChannel::receive() {
  std::array<char, 5> head{};
  const auto got = read_all(descriptor_, head.data(), head.size());
  if (got == 0) return std::nullopt;
  if (got < head.size()) fail_with(ECONNRESET, "control connection ended within a frame");
  std::uint32_t length = 0;
  for (int i = 0; i < 4; ++i)
    length = length << 8 | static_cast<unsigned char>(head[static_cast<std::size_t>(i)]);
  if (length == 0 || length > kMaxPayload + 1) throw std::runtime_error("control frame of a wrong length");
  Frame frame{head[4], std::string(length - 1, '\0')};
  if (read_all(descriptor_, frame.payload.data(), frame.payload.size()) < frame.payload.size())
    fail_with(ECONNRESET, "control connection ended within a frame");
  return frame;
}

bool ControlChannel::readable_within(std::chrono::milliseconds limit) const {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    pollfd poll_for{descriptor_, POLLIN, 0};
    const int ready = ::poll(&poll_for, 1, static_cast<int>(std::clamp<long long>(left, 0, 3'600'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) fail_with_errno("control connection");
    if (ready == 0 && left <= 3'600'000) return false;
  }
}

bool ControlChannel::closed() const {
  pollfd poll_for{descriptor_, POLLRDHUP, 0};
  return ::poll(&poll_for, 1, 0) > 0 && (poll_for.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

ControlChannel connect_control(const std::filesystem::path& socket) {
  const auto address = socket_address(socket);
  Descriptor descriptor = open_stream_socket();
  if (::connect(descriptor.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail_with_errno("control socket " + socket.string());
  return ControlChannel(descriptor.release());
}

}  // namespace edge
