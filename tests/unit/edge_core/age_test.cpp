#include "agent/core/age/age.h"

#include <catch2/catch.hpp>

#include "agent/core/age/x25519.h"
#include "ledger-client/core/bech32.h"

namespace {

namespace age = edge::age;

ledger::Bytes some_bytes(std::size_t size) {
  ledger::Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::uint8_t>(i * 31 + (i >> 8U));
  }
  return bytes;
}

std::string identity_text(const age::Identity& identity) {
  const edge::Secret file = identity.to_file();
  const std::string text(ledger::as_text(file.reveal()));
  return text.substr(text.find('\n') + 1);
}

ledger::Result<age::Identity> parse_identity(std::string_view text) {
  return age::Identity::parse(edge::Secret(ledger::as_bytes(text)));
}

constexpr const char* kIdentity42 =
    "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
constexpr const char* kRecipient42 = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

}  // namespace

TEST_CASE("a known identity has its known recipient, and both are written as they are read") {
  const auto identity = parse_identity(kIdentity42);
  REQUIRE(identity.ok());
  CHECK(identity->recipient().to_text() == kRecipient42);
  CHECK(identity_text(*identity) == std::string(kIdentity42) + "\n");
  const auto recipient = age::Recipient::parse(kRecipient42);
  REQUIRE(recipient.ok());
  CHECK(recipient->bytes() == identity->recipient().bytes());
}

TEST_CASE("an identity file may hold comments, empty lines and CRLF, its first identity counts") {
  const std::string second = identity_text(age::Identity::generate());
  const auto identity =
      parse_identity("# created: today\r\n\r\n#\n" + std::string(kIdentity42) + "\r\n" + second);
  REQUIRE(identity.ok());
  CHECK(identity->recipient().to_text() == kRecipient42);
  CHECK_FALSE(parse_identity("").ok());
  CHECK_FALSE(parse_identity("# nothing\n\n").ok());
  CHECK_FALSE(parse_identity("rubbish\n" + std::string(kIdentity42)).ok());
}

TEST_CASE("keys with any character changed, in the wrong case, cut or grown are refused") {
  const std::string good = kRecipient42;
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == 'q' ? 'p' : 'q';
    CHECK_FALSE(age::Recipient::parse(bad).ok());
    CHECK_FALSE(age::Recipient::parse(good.substr(0, i)).ok());
    bad = good;
    bad[i] = static_cast<char>(std::toupper(static_cast<unsigned char>(bad[i])));
    CHECK((bad == good || !age::Recipient::parse(bad).ok()));
  }
  CHECK_FALSE(age::Recipient::parse(good + "q").ok());
  CHECK_FALSE(age::Recipient::parse(" " + good).ok());
  CHECK_FALSE(age::Recipient::parse(kIdentity42).ok());
  std::string lower = kIdentity42;
  for (char& c : lower) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  CHECK_FALSE(parse_identity(lower).ok());
}

TEST_CASE("a recipient of low order is refused when it is read") {
  const auto refuses = [](const std::array<std::uint8_t, 32>& point) {
    std::string text(ledger::bech32_size(3, point.size()), '\0');
    ledger::bech32_encode("age", point, text);
    return !age::Recipient::parse(text).ok();
  };
  // What multiplication says is the authority, whatever the highest bit.
  const auto vanishes = [](const std::array<std::uint8_t, 32>& point) {
    constexpr std::array<std::uint8_t, 32> kAnyScalar{8};
    std::array<std::uint8_t, 32> product{};
    return !age::x25519(kAnyScalar, point, product);
  };
  std::vector<std::string> points{
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  };
  for (const char* first : {"00", "01", "02", "09"}) points.push_back(first + std::string(62, '0'));
  for (const char* first : {"eb", "ec", "ed", "ee", "ef", "f0", "ff"})
    points.push_back(first + std::string(60, 'f') + "7f");
  std::size_t refused = 0;
  for (const std::string& hex : points) {
    auto point = *ledger::hash_from_hex(hex);
    for (const std::uint8_t highest : {0x00, 0x80}) {
      point.back() = static_cast<std::uint8_t>((point.back() & 0x7fU) | highest);
      INFO(hex);
      CHECK(refuses(point) == vanishes(point));
      refused += refuses(point) ? 1 : 0;
    }
  }
  CHECK(refused == 14);
}

TEST_CASE("what is sealed opens, for sizes around every chunk boundary") {
  const age::Identity identity = age::Identity::generate();
  const age::Identity* const keys[] = {&identity};
  for (const std::size_t size : {0, 1, 300, 65535, 65536, 65537, 131072, 200000}) {
    const ledger::Bytes plaintext = some_bytes(size);
    const ledger::Bytes file = age::seal(identity.recipient(), plaintext);
    // Version line, one X25519 stanza, MAC line, nonce; a tag for each chunk, of which there is one at least.
    const std::size_t chunks = std::max<std::size_t>((size + 65535) / 65536, 1);
    CHECK(file.size() == 22 + (54 + 44) + 48 + 16 + size + 16 * chunks);
    const auto opened = age::open(keys, file);
    REQUIRE(opened.ok());
    CHECK(*opened == plaintext);
  }
}

TEST_CASE("two files of one plaintext share nothing but the version line") {
  const age::Identity identity = age::Identity::generate();
  const ledger::Bytes plaintext = some_bytes(100);
  const ledger::Bytes first = age::seal(identity.recipient(), plaintext);
  const ledger::Bytes second = age::seal(identity.recipient(), plaintext);
  CHECK(ledger::Bytes(first.end() - 100, first.end()) != ledger::Bytes(second.end() - 100, second.end()));
  CHECK(ledger::Bytes(first.begin() + 30, first.begin() + 73) !=
        ledger::Bytes(second.begin() + 30, second.begin() + 73));
}

TEST_CASE("every single changed, missing or added byte of a message is noticed") {
  const age::Identity identity = age::Identity::generate();
  const age::Identity* const keys[] = {&identity};
  const ledger::Bytes file = age::seal(identity.recipient(), some_bytes(40));
  for (std::size_t i = 0; i < file.size(); ++i) {
    ledger::Bytes changed = file;
    changed[i] ^= 0x20;
    CHECK_FALSE(age::open(keys, changed).ok());
    CHECK_FALSE(age::open(keys, ledger::ByteView(file).first(i)).ok());
  }
  ledger::Bytes longer = file;
  longer.push_back(0);
  CHECK_FALSE(age::open(keys, longer).ok());
}

TEST_CASE("all identities are tried, newest first") {
  const age::Identity old_key = age::Identity::generate();
  const age::Identity new_key = age::Identity::generate();
  const age::Identity* const keys[] = {&new_key, &old_key};
  CHECK(age::open(keys, age::seal(old_key.recipient(), some_bytes(10))).ok());
  CHECK(age::open(keys, age::seal(new_key.recipient(), some_bytes(10))).ok());
  const auto refused = age::open(std::span(keys).first(1), age::seal(old_key.recipient(), some_bytes(10)));
  CHECK((!refused && refused.error().reason == age::kNoMatch));
  const auto nobody = age::open({}, age::seal(old_key.recipient(), some_bytes(10)));
  CHECK((!nobody && nobody.error().reason == age::kNoMatch));
}

TEST_CASE("a stream of rubbish is given up at once, an endless header at the limit") {
  const age::Identity identity = age::Identity::generate();
  const age::Identity* const keys[] = {&identity};
  age::Reader rubbish(keys, [](ledger::ByteView) { FAIL("nothing may be released"); });
  CHECK_FALSE(rubbish.write(ledger::as_bytes("age-encryption.org/v2\n")).ok());

  age::Reader endless(keys, [](ledger::ByteView) { FAIL("nothing may be released"); });
  REQUIRE(endless.write(ledger::as_bytes("age-encryption.org/v1\n-> ")).ok());
  const std::string kibibyte(1024, 'a');
  std::size_t taken = 0;
  while (endless.write(ledger::as_bytes(kibibyte)).ok()) {
    REQUIRE((taken += kibibyte.size()) <= age::kMaxHeaderBytes);
  }
  const auto again = endless.finish();
  CHECK((!again && again.error().reason == age::kHeaderFailure));
}

TEST_CASE("a sink that throws stops the reader without harm") {
  const age::Identity identity = age::Identity::generate();
  const age::Identity* const keys[] = {&identity};
  const ledger::Bytes file = age::seal(identity.recipient(), some_bytes(200000));
  age::Reader reader(keys, [](ledger::ByteView) { throw std::runtime_error("disk full"); });
  CHECK_THROWS_AS(reader.write(file), std::runtime_error);
}
