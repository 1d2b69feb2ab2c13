#include "agent/core/secret.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "agent/core/outcome.h"

TEST_CASE("a secret moves and is never copied") {
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<edge::Secret>);
  STATIC_REQUIRE_FALSE(std::is_copy_assignable_v<edge::Secret>);
  const std::vector<std::uint8_t> bytes{1, 2, 3};
  edge::Secret first(bytes);
  const std::uint8_t* const where = first.reveal().data();
  edge::Secret second(std::move(first));
  CHECK(second.reveal().data() == where);
  CHECK(std::ranges::equal(second.reveal(), bytes));
  edge::Secret third;
  third = std::move(second);
  CHECK(std::ranges::equal(third.reveal(), bytes));
  CHECK(edge::Secret().reveal().empty());
  CHECK(edge::Secret(std::size_t{0}).size() == 0);
}

TEST_CASE("secrets begin as zeros, random ones differ") {
  const edge::Secret zeros(100);
  CHECK(std::ranges::all_of(zeros.reveal(), [](std::uint8_t byte) { return byte == 0; }));
  CHECK_FALSE(std::ranges::equal(edge::random_secret(32).reveal(), edge::random_secret(32).reveal()));
}

TEST_CASE("cryptography may be initialised again") {
  CHECK_NOTHROW(edge::initialise_cryptography());
  CHECK_NOTHROW(edge::initialise_cryptography());
}

TEST_CASE("the codes of an answer are the nine of the protocol, both ways") {
  for (const std::string_view text : {"not-available", "not-a-member", "expired", "replayed", "busy",
                                      "too-large", "malformed", "unsupported", "failed"}) {
    const auto code = edge::code_from_text(text);
    REQUIRE(code);
    CHECK(edge::code_text(*code) == text);
  }
  CHECK_FALSE(edge::code_from_text("denied"));
  CHECK_FALSE(edge::code_from_text(""));
}
