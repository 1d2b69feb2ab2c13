#include "ledger-client/core/sha256.h"

#include <catch2/catch.hpp>

using ledger::to_hex;

TEST_CASE("SHA-256 gives FIPS 180-4's values") {
  CHECK(to_hex(ledger::sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(to_hex(ledger::sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(to_hex(ledger::sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(to_hex(ledger::sha256(std::string(1'000'000, 'a'))) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("SHA-256 in parts is SHA-256 at once, and the object starts afresh") {
  const std::string text(200, 'x');
  ledger::Sha256 hash;
  for (std::size_t cut = 0; cut <= text.size(); cut += 13) {
    hash.update(std::string_view{text}.substr(0, cut)).update(std::string_view{text}.substr(cut));
    CHECK(hash.finish() == ledger::sha256(text));
  }
  CHECK(hash.finish() == ledger::sha256(""));
  CHECK(ledger::sha256_tagged('a', ledger::as_bytes("bc")) == ledger::sha256("abc"));
}
