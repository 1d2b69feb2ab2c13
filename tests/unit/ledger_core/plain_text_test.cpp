#include "ledger-client/core/plain_text.h"

#include <catch2/catch.hpp>

using ledger::printable;
using ledger::says_something;

TEST_CASE("what acts on a terminal or turns the order of text is not printed, all else is") {
  CHECK(printable("Hôpital – 病院 😀") == "Hôpital – 病院 😀");
  CHECK(printable("a\nb\x1b[31m\x7f") == "a?b?[31m?");
  CHECK(printable("a\xc2\x9b"
                  "1m") == "a?1m");                                  // C1
  CHECK(printable("a \xe2\x80\xaetxet\xe2\x80\xac") == "a ?txet?");  // U+202E … U+202C
  CHECK(printable("\xe2\x81\xa6x\xe2\x81\xa9") == "?x?");            // U+2066 … U+2069
  CHECK(printable("\xff\xe2\x80") == "\xff\xe2\x80");                // no UTF-8
  CHECK(printable("").empty());
}

TEST_CASE("blanks and what can't be seen say nothing") {
  for (const char* nothing : {"", " ", " \t\r\n", "\x1b\x07", "\xc2\xa0", "\xe2\x80\x8b\xe2\x80\xae",
                              "\xe3\x80\x80", "\xef\xbb\xbf", "\xc2\xad"})
    CHECK_FALSE(says_something(nothing));
  for (const char* something : {"x", "  x  ", ".", "ü", "病", "😀", "\xff"}) CHECK(says_something(something));
}
