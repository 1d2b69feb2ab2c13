// Agent addresses: ordinary IP text everywhere, the "topic form" in topics, certificate names and log origins
// (wire.md, Addresses). `10.20.0.5` is `10-20-0-5`, `fd00::5` is `fd00--5`. Pure and thread-safe.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace ledger {

// A canonical IPv4 or IPv6 address (RFC 5952, lower case). Only parse() and from_topic_form() make one.
class Address {
 public:
  static std::optional<Address> parse(
      std::string_view text);  // canonicalises; no zone, no port, no prefix length
  static std::optional<Address> from_topic_form(
      std::string_view text);  // exact topic form of a canonical address only

  const std::string& text() const { return text_; }
  std::string topic_form() const;
  std::string origin() const { return "ehr/" + topic_form(); }
  std::string witness_name() const { return origin() + "/witness"; }
  // clang-tidy 14 takes the comparison with 0 the compiler makes for a null pointer.
  // NOLINTNEXTLINE(modernize-use-nullptr)
  auto operator<=>(const Address&) const = default;

 private:
  explicit Address(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace ledger
