// Debian's `age` and `age-keygen`, both ways. Sizes stand on every edge of the chunk format.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "agent/core/age/age.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace {

namespace age = edge::age;
using test_support::read_file;
using test_support::TempDir;

const std::vector<std::size_t> kSizes = {0, 1, 65535, 65536, 65537, 131071, 131072, 131073, 1000000};

std::string some_text(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    text[i] = static_cast<char>((i * 2654435761U) >> 13U);
  }
  return text;
}

// Paths are our own and hold nothing a shell would read otherwise.
bool succeeds(const std::string& command) {
  return std::system(command.c_str()) == 0;
}  // NOLINT(concurrency-mt-unsafe)

void write_file(const std::filesystem::path& path, std::string_view content) {
  std::ofstream(path, std::ios::binary) << content;
}

age::Identity identity_of(const std::filesystem::path& file) {
  const std::string text = read_file(file);
  auto identity = age::Identity::parse(edge::Secret(ledger::as_bytes(text)));
  REQUIRE(identity.ok());
  return std::move(identity).value();
}

std::string stream_encrypt(const age::Recipient& recipient, std::string_view plaintext, std::size_t piece) {
  std::string file;
  age::Writer writer(recipient, [&](ledger::ByteView bytes) { file += ledger::as_text(bytes); });
  for (std::size_t at = 0; at < plaintext.size(); at += piece) {
    writer.write(ledger::as_bytes(plaintext.substr(at, piece)));
  }
  writer.finish();
  return file;
}

}  // namespace

TEST_CASE("age-keygen and our identities read each other's files") {
  const TempDir dir;
  REQUIRE(succeeds("age-keygen -o " + (dir / "theirs.txt").string() + " 2>/dev/null"));
  const age::Identity theirs = identity_of(dir / "theirs.txt");
  CHECK(read_file(dir / "theirs.txt").find(theirs.recipient().to_text()) != std::string::npos);

  const age::Identity ours = age::Identity::generate();
  const edge::Secret file = ours.to_file("2026-11-22T08:00:00.000Z");
  write_file(dir / "ours.txt", ledger::as_text(file.reveal()));
  REQUIRE(succeeds("age-keygen -y " + (dir / "ours.txt").string() + " > " + (dir / "public.txt").string()));
  CHECK(read_file(dir / "public.txt") == ours.recipient().to_text() + "\n");
}

TEST_CASE("age decrypts what we encrypt") {
  const TempDir dir;
  const age::Identity identity = age::Identity::generate();
  write_file(dir / "key.txt", ledger::as_text(identity.to_file().reveal()));
  const auto decrypts_to = [&](std::string_view file, const std::string& plaintext) {
    write_file(dir / "in.age", file);
    // Not -o: for an empty plaintext the tool then makes no file.
    const std::string command = "age -d -i " + (dir / "key.txt").string() + " " + (dir / "in.age").string() +
                                " > " + (dir / "out").string();
    return succeeds(command) && read_file(dir / "out") == plaintext;
  };
  for (const std::size_t size : kSizes) {
    INFO("plaintext of " << size);
    const std::string plaintext = some_text(size);
    const ledger::Bytes sealed = age::seal(identity.recipient(), ledger::as_bytes(plaintext));
    const std::string streamed = stream_encrypt(identity.recipient(), plaintext, 4099);
    CHECK(sealed.size() == streamed.size());
    CHECK(decrypts_to(ledger::as_text(sealed), plaintext));
    CHECK(decrypts_to(streamed, plaintext));
  }
}

TEST_CASE("we decrypt what age encrypts, to one recipient and to several") {
  const TempDir dir;
  const age::Identity first = age::Identity::generate();
  const age::Identity second = age::Identity::generate();
  const age::Identity stranger = age::Identity::generate();
  const std::string both = " -r " + first.recipient().to_text() + " -r " + second.recipient().to_text();
  for (const std::size_t size : kSizes) {
    INFO("plaintext of " << size);
    const std::string plaintext = some_text(size);
    write_file(dir / "in", plaintext);
    REQUIRE(succeeds("age" + both + " -o " + (dir / "out.age").string() + " " + (dir / "in").string()));
    const std::string file = read_file(dir / "out.age");
    for (const age::Identity* identity : {&first, &second}) {
      std::string opened;
      age::Reader reader({&identity, 1}, [&](ledger::ByteView bytes) { opened += ledger::as_text(bytes); });
      REQUIRE(reader.write(ledger::as_bytes(file)).ok());
      CHECK(reader.finish().ok());
      CHECK(opened == plaintext);
      CHECK(age::open({&identity, 1}, ledger::as_bytes(file), false).ok());
      CHECK_FALSE(
          age::open({&identity, 1}, ledger::as_bytes(file)).ok());  // two stanzas are no message of ours
    }
    const age::Identity* const nobody = &stranger;
    const auto refused = age::open({&nobody, 1}, ledger::as_bytes(file), false);
    CHECK((!refused && refused.error().reason == age::kNoMatch));
  }
}
