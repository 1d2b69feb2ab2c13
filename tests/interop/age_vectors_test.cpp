// The public age test vectors (C2SP/CCTV): every file of the core set, read in one piece, in many and as a
// message.
#include <zlib.h>

#include <catch2/catch.hpp>
#include <map>

#include "agent/core/age/passphrase.h"
#include "ledger-client/core/sha256.h"
#include "tests/support/shared_data.h"

namespace {

namespace age = edge::age;
namespace fs = std::filesystem;

struct Vector {
  std::string expect;
  std::string payload_sha256;  // of all plaintext that may be released
  std::vector<age::Identity> identities;
  std::vector<edge::Secret> passphrases;
  ledger::Bytes file;

  std::vector<const age::Identity*> borrowed() const {
    std::vector<const age::Identity*> out;
    for (const age::Identity& identity : identities) {
      out.push_back(&identity);
    }
    return out;
  }
};

ledger::Bytes inflate_all(std::string_view compressed) {
  ledger::Bytes out(32U << 20U);
  uLongf size = out.size();
  REQUIRE(uncompress(out.data(), &size, reinterpret_cast<const Bytef*>(compressed.data()),
                     compressed.size()) == Z_OK);
  out.resize(size);
  return out;
}

Vector read_vector(const fs::path& path) {
  const std::string content = test_support::read_file(path);
  const std::size_t end = content.find("\n\n");
  REQUIRE(end != std::string::npos);
  const std::string_view body = std::string_view(content).substr(end + 2);
  Vector vector;
  bool compressed = false;
  std::string_view head = std::string_view(content).substr(0, end + 1);
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find('\n'));
    head.remove_prefix(line.size() + 1);
    const std::string_view key = line.substr(0, line.find(": "));
    const std::string_view value = line.substr(key.size() + 2);
    if (key == "expect") {
      vector.expect = value;
    } else if (key == "payload") {
      vector.payload_sha256 = value;
    } else if (key == "compressed") {
      REQUIRE(value == "zlib");
      compressed = true;
    } else if (key == "identity") {
      auto identity = age::Identity::parse(edge::Secret(ledger::as_bytes(value)));
      REQUIRE(identity.ok());
      vector.identities.push_back(std::move(identity).value());
    } else if (key == "passphrase") {
      vector.passphrases.emplace_back(ledger::as_bytes(value));
    } else {
      REQUIRE((key == "file key" || key == "comment"));
    }
  }
  vector.file = compressed ? inflate_all(body) : ledger::to_bytes(ledger::as_bytes(body));
  return vector;
}

struct Outcome {
  std::string verdict;
  std::string released_sha256;
};

Outcome read_in_pieces(const Vector& vector, std::size_t piece) {
  ledger::Sha256 released;
  const auto identities = vector.borrowed();
  age::Reader reader(identities, [&](ledger::ByteView plaintext) { released.update(plaintext); });
  ledger::ByteView rest = vector.file;
  std::string verdict;
  while (!rest.empty() && verdict.empty()) {
    const ledger::ByteView now = rest.first(std::min(piece, rest.size()));
    rest = rest.subspan(now.size());
    if (const auto done = reader.write(now); !done) {
      verdict = done.error().reason;
    }
  }
  const auto done = reader.finish();
  if (!verdict.empty()) {
    CHECK((!done && done.error().reason == verdict));  // a refusal is for good
  }
  return {done ? "success" : done.error().reason, ledger::to_hex(released.finish())};
}

void check_vector(const fs::path& path) {
  INFO(path.filename().string());
  const Vector vector = read_vector(path);
  std::vector<std::size_t> pieces{vector.file.size() + 1, 65552, 100000};
  if (vector.file.size() < 300000) {
    pieces.insert(pieces.end(), {1, 17});
  }
  for (const std::size_t piece : pieces) {
    INFO("pieces of " << piece);
    const Outcome outcome = read_in_pieces(vector, piece);
    CHECK(outcome.verdict == vector.expect);
    if (!vector.payload_sha256.empty()) {
      CHECK(outcome.released_sha256 == vector.payload_sha256);
    }
  }
  const auto identities = vector.borrowed();
  const auto opened = age::open(identities, vector.file, false);
  CHECK((opened ? "success" : opened.error().reason) == vector.expect);
  if (opened) {
    CHECK(ledger::to_hex(ledger::sha256(*opened)) == vector.payload_sha256);
  }
}

}  // namespace

TEST_CASE("all core vectors of the age test suite") {
  const auto folder = test_support::shared_data("testkit/age/core");
  if (!folder) {
    return;
  }
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(*folder)) {
    check_vector(entry.path());
    ++count;
  }
  CHECK(count >= 67);
}

TEST_CASE("all scrypt vectors of the age test suite") {
  const auto folder = test_support::shared_data("testkit/age/scrypt");
  if (!folder) {
    return;
  }
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(*folder)) {
    INFO(entry.path().filename().string());
    const Vector vector = read_vector(entry.path());
    REQUIRE_FALSE(vector.passphrases.empty());
    for (const edge::Secret& passphrase : vector.passphrases) {
      const auto opened = age::open_with_passphrase(passphrase, vector.file);
      CHECK((opened ? "success" : opened.error().reason) == vector.expect);
      if (opened) {
        CHECK(ledger::to_hex(ledger::sha256(ledger::as_text(opened->reveal()))) == vector.payload_sha256);
      }
    }
    ++count;
  }
  CHECK(count >= 25);
}

// A file to identities is none for a passphrase; its plaintext in locked memory is the same.
TEST_CASE("core vectors, opened into locked memory") {
  const auto folder = test_support::shared_data("testkit/age/core");
  if (!folder) {
    return;
  }
  for (const auto& entry : fs::directory_iterator(*folder)) {
    INFO(entry.path().filename().string());
    const Vector vector = read_vector(entry.path());
    const auto identities = vector.borrowed();
    const auto opened = age::open_secret(identities, vector.file);
    CHECK((opened ? "success" : opened.error().reason) == vector.expect);
    CHECK_FALSE(age::open_with_passphrase(edge::Secret(ledger::as_bytes("password")), vector.file).ok());
  }
}
