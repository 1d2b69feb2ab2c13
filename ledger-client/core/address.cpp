#include "ledger-client/core/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace ledger {

namespace {

using Ipv4 = std::array<std::uint8_t, 4>;
using Ipv6 = std::array<std::uint8_t, 16>;
using Groups = std::array<unsigned, 8>;

template <int family, class Octets>
std::optional<Octets> read(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.find('\0') != text.npos) return std::nullopt;
  std::copy(text.begin(), text.end(), terminated.begin());
  Octets octets;
  if (inet_pton(family, terminated.data(), octets.data()) != 1) return std::nullopt;
  return octets;
}

std::string ipv4_text(const std::uint8_t* octets) {
  std::string text;
  for (int i = 0; i < 4; ++i) text += (i == 0 ? "" : ".") + std::to_string(octets[i]);
  return text;
}

struct Run {
  std::size_t begin = 0, length = 0;
};

Run longest_run_of_zeros(const Groups& groups) {
  Run best, run;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (groups[i] != 0) continue;
    run = i > 0 && groups[i - 1] == 0 && run.length > 0 ? Run{run.begin, run.length + 1} : Run{i, 1};
    if (run.length > best.length) best = run;
  }
  return best;
}

// RFC 5952, always in hexadecimal: with a dotted tail `::ffff:1.2.3.4` and `::ffff:1:2:3:4` would share a
// topic form.
std::string ipv6_text(const Ipv6& octets) {
  Groups groups;
  for (std::size_t i = 0; i < groups.size(); ++i) groups[i] = octets[2 * i] << 8U | octets[2 * i + 1];
  const Run zeros = longest_run_of_zeros(groups);
  std::string text;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (zeros.length > 1 && i == zeros.begin) {
      text += "::";
      i += zeros.length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    std::array<char, 4> digits;
    const auto end = std::to_chars(digits.begin(), digits.end(), groups[i], 16).ptr;
    text.append(digits.begin(), end);
  }
  return text;
}

// `::ffff:10.20.0.5` is the IPv4 host 10.20.0.5: one host must not have two names.
bool is_mapped_ipv4(const Ipv6& octets) {
  return octets[10] == 0xff && octets[11] == 0xff &&
         std::all_of(octets.begin(), octets.begin() + 10, [](auto o) { return o == 0; });
}

}  // namespace

std::optional<Address> Address::parse(std::string_view text) {
  if (const auto ipv4 = read<AF_INET, Ipv4>(text)) return Address(ipv4_text(ipv4->data()));
  const auto ipv6 = read<AF_INET6, Ipv6>(text);
  if (!ipv6) return std::nullopt;
  return Address(is_mapped_ipv4(*ipv6) ? ipv4_text(ipv6->data() + 12) : ipv6_text(*ipv6));
}

std::optional<Address> Address::from_topic_form(std::string_view text) {
  if (text.find_first_of(".:") != text.npos) return std::nullopt;
  const bool ipv4 = std::count(text.begin(), text.end(), '-') == 3 && text.find("--") == text.npos;
  std::string plain{text};
  std::replace(plain.begin(), plain.end(), '-', ipv4 ? '.' : ':');
  auto address = parse(plain);
  if (!address || address->text_ != plain) return std::nullopt;
  return address;
}

std::string Address::topic_form() const {
  std::string form = text_;
  for (char& c : form) {
    if (c == '.' || c == ':') c = '-';
  }
  return form;
}

}  // namespace ledger
