// The control socket: how the command line talks to the running daemon. A Unix stream socket; peer
// credentials (SO_PEERCRED) admit root, the service's own user and members of group `ehr-agent`, nobody else.
//
// One connection carries calls one after another. A frame is u32 big endian length || u8 kind || payload,
// length ≤ 1 MiB + 1:
//   'C' call    JSON {"command": "...", …}                     client → daemon
//   'D' data    bytes: input of the call (the patient identifier) or output (the bundle)   both ways
//   'P' progress JSON                                           daemon → client
//   'R' result  JSON, ends the call                             daemon → client
//   'E' error   JSON {"code": …, "error": …, "hint": …}, ends the call     daemon → client
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "ledger-client/core/bytes.h"

namespace edge {

struct Frame {
  char kind = 0;
  std::string payload;
};

// One end of a connection. One thread at a time. Throws std::system_error when the connection is broken.
class ControlChannel {
 public:
  explicit ControlChannel(int descriptor);  // takes ownership
  ~ControlChannel();
  ControlChannel(ControlChannel&&) noexcept;
  void send(char kind, std::string_view payload);
  void send_data(std::string_view bytes);  // as 'D' frames, however many it takes
  // Nothing at the end of the stream. Throws std::runtime_error for a frame over the limit.
  std::optional<Frame> receive();
  // Whether receive() would find something (or the end of the stream) within `limit`; a limit below zero is
  // zero.
  bool readable_within(std::chrono::milliseconds limit) const;
  // Whether the other side hung up (poll, no waiting).
  bool closed() const;

 private:
  int descriptor_ = -1;
};

// Connects to a daemon. Throws std::system_error (with a hint-worthy message) if there is none or it does not
// admit us.
ControlChannel connect_control(const std::filesystem::path& socket);

// Serves calls: `handle` runs on a thread of its own per connection (at most `max_connections`; more wait in
// the backlog). `uid` is the caller's. The destructor stops accepting, shuts the connections down and joins.
class ControlServer {
 public:
  using Handler = std::function<void(const Frame& call, ControlChannel& channel, unsigned uid)>;
  ControlServer(const std::filesystem::path& socket, Handler handle, std::size_t max_connections = 32);
  ~ControlServer();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace edge
