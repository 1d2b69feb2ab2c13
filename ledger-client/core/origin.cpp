#include "ledger-client/core/origin.h"

#include <charconv>

namespace ledger {

namespace {

constexpr std::string_view kPrefix = "ehr/";
constexpr std::size_t kMaxOriginBytes = 64;
constexpr std::size_t kMaxGenerationDigits = 9;

struct Parts {
  std::string_view host;
  std::uint32_t generation = 1;
};

std::optional<std::uint32_t> parse_generation(std::string_view digits) {
  if (digits.empty() || digits.size() > kMaxGenerationDigits || digits.front() == '0') return std::nullopt;
  std::uint32_t generation = 0;
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, generation);
  if (error != std::errc{} || end != last || generation < 2) return std::nullopt;
  return generation;
}

std::optional<Parts> split(std::string_view origin) {
  if (origin.size() > kMaxOriginBytes || !origin.starts_with(kPrefix)) return std::nullopt;
  origin.remove_prefix(kPrefix.size());
  const std::string_view host = origin.substr(0, origin.find('/'));
  if (host.empty() || host.find_first_not_of("0123456789abcdef-") != host.npos) return std::nullopt;
  if (host.size() == origin.size()) return Parts{host, 1};
  const auto generation = parse_generation(origin.substr(host.size() + 1));
  if (!generation) return std::nullopt;
  return Parts{host, *generation};
}

}  // namespace

std::string Origin::text() const {
  return generation == 1 ? address.origin() : address.origin() + "/" + std::to_string(generation);
}

std::optional<Origin> parse_origin(std::string_view text) {
  const auto parts = split(text);
  auto address = parts ? Address::from_topic_form(parts->host) : std::nullopt;
  if (!address) return std::nullopt;
  return Origin{std::move(*address), parts->generation};
}

bool has_origin_form(std::string_view text) {
  return split(text).has_value();
}

bool is_later_origin(std::string_view later, std::string_view earlier) {
  const auto next = split(later), before = split(earlier);
  return next && before && next->host == before->host && next->generation > before->generation;
}

}  // namespace ledger
