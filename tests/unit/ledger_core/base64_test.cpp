#include "ledger-client/core/base64.h"

#include <catch2/catch.hpp>

using ledger::as_bytes;
using ledger::as_text;

TEST_CASE("base64 gives RFC 4648's test vectors, both ways") {
  struct Row {
    std::string_view plain, padded, unpadded;
  };
  const auto row = GENERATE(Row{"", "", ""}, Row{"f", "Zg==", "Zg"}, Row{"fo", "Zm8=", "Zm8"},
                            Row{"foo", "Zm9v", "Zm9v"}, Row{"foob", "Zm9vYg==", "Zm9vYg"},
                            Row{"fooba", "Zm9vYmE=", "Zm9vYmE"}, Row{"foobar", "Zm9vYmFy", "Zm9vYmFy"});
  CHECK(ledger::base64_encode(as_bytes(row.plain)) == row.padded);
  CHECK(ledger::base64_encode_unpadded(as_bytes(row.plain)) == row.unpadded);
  CHECK(ledger::base64url_encode(as_bytes(row.plain)) == row.unpadded);
  REQUIRE(ledger::base64_decode(row.padded));
  CHECK(as_text(*ledger::base64_decode(row.padded)) == row.plain);
  CHECK(as_text(ledger::base64_decode_unpadded(row.unpadded).value()) == row.plain);
  CHECK(as_text(ledger::base64url_decode(row.unpadded).value()) == row.plain);
}

TEST_CASE("base64 knows its two alphabets apart") {
  const ledger::Bytes bytes{0xfb, 0xff, 0xbf};
  CHECK(ledger::base64_encode(bytes) == "+/+/");
  CHECK(ledger::base64url_encode(bytes) == "-_-_");
  CHECK_FALSE(ledger::base64_decode("-_-_"));
  CHECK_FALSE(ledger::base64url_decode("+/+/"));
  std::string text = "x.";
  ledger::base64url_append(text, bytes);
  CHECK(text == "x.-_-_");
}

TEST_CASE("base64 refuses every second spelling of a value") {
  for (const auto* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zg==\n", " Zg==", "Z===", "====", "=",
                           "Zg==Zg==", "Zm9v=", "Zm9v====", "Zm\n9v", "Zm9\xc3"}) {
    INFO(text);
    CHECK_FALSE(ledger::base64_decode(text));
  }
  for (const auto* text : {"Zg==", "Zh", "Zm9", "Z", "Zm9v ", "Z g"}) {
    INFO(text);
    CHECK_FALSE(ledger::base64url_decode(text));
    CHECK_FALSE(ledger::base64_decode_unpadded(text));
  }
}

TEST_CASE("base64 of every length comes back") {
  ledger::Bytes bytes;
  for (unsigned i = 0; i < 300; ++i) {
    CHECK(ledger::base64_decode(ledger::base64_encode(bytes)) == bytes);
    CHECK(ledger::base64url_decode(ledger::base64url_encode(bytes)) == bytes);
    bytes.push_back(static_cast<std::uint8_t>(i * 151 + 7));
  }
}
