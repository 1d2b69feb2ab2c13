#include "agent/config/checks.h"

#include <algorithm>
#include <cctype>

namespace edge::config_detail {
namespace {

bool plain_host(std::string_view host) {
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

}  // namespace

std::optional<std::string> check_broker_url(std::string_view url) {
  constexpr std::string_view kTls = "mqtts://", kPlain = "mqtt://";
  const bool tls = url.starts_with(kTls);
  if (!tls && !url.starts_with(kPlain))
    return R"(must be mqtts://host:port, as "mqtts://broker.example:8883")";
  std::string_view rest = url.substr(tls ? kTls.size() : kPlain.size());
  if (rest.find('@') != std::string_view::npos)
    return "must not contain a user or password: the certificate names the agent";
  const auto end_of_host = rest.starts_with('[') ? rest.find(']') : rest.find(':');
  std::string_view host = rest, port;
  if (end_of_host != std::string_view::npos) {
    const auto length = rest.starts_with('[') ? end_of_host + 1 : end_of_host;
    host = rest.substr(0, length);
    port = rest.substr(length);
  }
  const bool name_ok = !host.empty() && std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '-' || c == '_' || c == '[' || c == ']' || c == ':';
  });
  if (!name_ok) return "must name a host after the scheme";
  if (!port.empty()) {
    const bool digits =
        port.size() >= 2 && port.size() <= 6 &&
        std::all_of(port.begin() + 1, port.end(), [](unsigned char c) { return std::isdigit(c); });
    if (port.front() != ':' || !digits || std::stoul(std::string(port.substr(1))) - 1 > 65'534)
      return "must have a port between 1 and 65535 after the host, and nothing else";
  }
  if (!tls && !plain_host(host)) return "must be mqtts:// for a broker that is not on this machine";
  return std::nullopt;
}

std::string closest(std::string_view wrong, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(wrong.size() / 3, 1) + 1;
  for (const auto& candidate : candidates) {
    std::vector<std::size_t> row(candidate.size() + 1);
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = i;
    for (std::size_t i = 0; i < wrong.size(); ++i) {
      std::size_t diagonal = row[0]++;
      for (std::size_t j = 0; j < candidate.size(); ++j) {
        const std::size_t change = diagonal + (wrong[i] != candidate[j]);
        diagonal = row[j + 1];
        row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
      }
    }
    if (row.back() < best_distance) best_distance = row.back(), best = candidate;
  }
  return best;
}

}  // namespace edge::config_detail
