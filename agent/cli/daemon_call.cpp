#include "agent/cli/daemon_call.h"

#include <nlohmann/json.hpp>
#include <system_error>

#include "agent/cli/failure.h"
#include "agent/cli/output.h"

namespace edge::cli {
namespace {

using Clock = std::chrono::steady_clock;

ControlChannel connect(const Config& config) {
  try {
    return connect_control(config.control.socket);
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::permission_denied)
      throw Failure(
          EX_NOPERM,
          "the agent's control socket " + config.control.socket.string() + " does not admit this user",
          hint_of_code("noperm"));
    if (error.code() == std::errc::no_such_file_or_directory || error.code() == std::errc::connection_refused)
      throw Failure(EX_UNAVAILABLE, "no agent runs at " + config.control.socket.string(),
                    "`systemctl start ehr-agent`, or `ehr-agent serve`");
    throw;
  }
}

nlohmann::json parsed(const std::string& text) {
  auto value = nlohmann::json::parse(text, nullptr, false);
  if (!value.is_object())
    throw Failure(EX_PROTOCOL, "the agent's answer is not understood",
                  "is the running agent of another version?");
  return value;
}

[[noreturn]] void fail_as_told(const std::string& payload) {
  const auto error = parsed(payload);
  const std::string code = error.value("code", "");
  const std::string said = error.value("error", code);
  const std::string hint = error.value("hint", "");
  // What this machine's user gave needs no code to be understood; what a peer answers has its own.
  const bool plain = code.empty() || said == code || code == "usage" || code == "invalid";
  throw Failure(status_of_code(code), printable(plain ? said : code + ": " + said),
                printable(hint.empty() ? hint_of_code(code) : hint));
}

}  // namespace

Daemon::Daemon(const Config& config) : channel_(connect(config)) {}

nlohmann::json Daemon::call(const nlohmann::json& call, const std::optional<std::string>& input,
                            const CallHandlers& handlers, std::optional<std::chrono::milliseconds> timeout) {
  try {
    const auto end = Clock::now() + timeout.value_or(std::chrono::milliseconds(0));
    try {
      channel_.send('C', call.dump());
      if (input) channel_.send('D', *input);
    } catch (const std::system_error&) {
      // The agent may have said why before it closed the connection: read on.
    }
    for (;;) {
      if (timeout && !channel_.readable_within(
                         std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now())))
        throw Failure(EX_TEMPFAIL, "no answer within the time given", hint_of_code("timeout"));
      const auto frame = channel_.receive();
      if (!frame)
        throw Failure(EX_UNAVAILABLE, "the agent ended the connection",
                      "its log says why; `ehr-agent queue list` shows what is unfinished");
      if (frame->kind == 'R') return parsed(frame->payload);
      if (frame->kind == 'E') fail_as_told(frame->payload);
      if (frame->kind == 'D' && handlers.data) handlers.data(frame->payload);
      if (frame->kind == 'P' && handlers.progress) handlers.progress(parsed(frame->payload));
    }
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::connection_reset || error.code() == std::errc::broken_pipe)
      throw Failure(EX_UNAVAILABLE, "the connection to the agent broke",
                    "`ehr-agent queue list` shows what is unfinished");
    throw;
  }
}

}  // namespace edge::cli
