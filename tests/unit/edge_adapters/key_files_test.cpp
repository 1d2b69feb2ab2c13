#include "agent/adapters/key_files.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/adapters/key_formats.h"
#include "agent/adapters/secret_file.h"
#include "ledger-client/core/base64.h"
#include "ledger-client/core/federation.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace {

namespace fs = std::filesystem;
using test_support::TempDir;

const ledger::Address kAddress = ledger::Address::parse("10.20.0.5").value();
const ledger::Address kOther = ledger::Address::parse("fd00::5").value();

// Paths are our own and hold nothing a shell would read otherwise.
bool succeeds(const std::string& command) {
  return std::system(command.c_str()) == 0;
}  // NOLINT(concurrency-mt-unsafe)

void write_file(const fs::path& path, std::string_view content, unsigned mode = 0600) {
  std::ofstream(path, std::ios::binary) << content;
  fs::permissions(path, static_cast<fs::perms>(mode));
}

edge::Secret secret_of(std::string_view text) {
  return edge::Secret(ledger::as_bytes(text));
}

std::string load_error(const fs::path& directory, const ledger::Address& address = kAddress) {
  try {
    edge::load_keys(directory, address);
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("keys are generated once, closed to others, and load as what they are") {
  const TempDir dir;
  const fs::path keys = dir / "keys";
  CHECK(edge::generate_keys(keys, kAddress) ==
        std::vector<std::string>{"sign-1.pem", "log-1.skey", "witness-1.skey", "age-1.txt"});
  CHECK(fs::status(keys).permissions() == fs::perms::owner_all);
  for (const auto& entry : fs::directory_iterator(keys)) {
    CHECK(fs::status(entry).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  }
  const std::string before = test_support::read_file(keys / "sign-1.pem");
  CHECK(edge::generate_keys(keys, kAddress).empty());
  CHECK(test_support::read_file(keys / "sign-1.pem") == before);

  const edge::KeyRing ring = edge::load_keys(keys, kAddress);
  CHECK(ring.sign.id == "sign-1");
  CHECK(ring.sign.x5c_der.empty());
  CHECK(ring.log.key.name == "ehr/10-20-0-5");
  CHECK(ring.log.key.type == ledger::NoteKeyType::kEd25519);
  CHECK(ring.witness.key.name == "ehr/10-20-0-5/witness");
  CHECK(ring.witness.key.type == ledger::NoteKeyType::kCosignatureV1);
  CHECK(ring.log.key.key == ring.log.signer->public_key());
  CHECK(ring.age.size() == 1);
}

TEST_CASE("a missing kind of key is made beside those that exist") {
  const TempDir dir;
  edge::generate_keys(dir.path(), kAddress);
  fs::rename(dir / "log-1.skey", dir / "log-7.skey");
  fs::remove(dir / "age-1.txt");
  CHECK(contains(load_error(dir.path()), "no key age-N.txt"));
  CHECK(edge::generate_keys(dir.path(), kAddress) == std::vector<std::string>{"age-1.txt"});
  CHECK(edge::load_keys(dir.path(), kAddress).log.id == "log-7");
}

TEST_CASE("the highest number signs, every age identity decrypts") {
  const TempDir dir;
  edge::generate_keys(dir.path(), kAddress);
  for (const std::string number : {"2", "10"}) {
    edge::create_secret_file(dir / ("sign-" + number + ".pem"), edge::pem_from_seed(edge::random_secret(32)));
    edge::create_secret_file(dir / ("age-" + number + ".txt"), edge::age::Identity::generate().to_file());
  }
  write_file(dir / "sign-011.pem", "not a key's name");
  write_file(dir / "sign-x.pem", "not a key's name");
  const edge::KeyRing ring = edge::load_keys(dir.path(), kAddress);
  CHECK(ring.sign.id == "sign-10");
  CHECK(ring.age.size() == 3);
}

TEST_CASE("a key that others can read is refused, by its name and without its content") {
  const TempDir dir;
  edge::generate_keys(dir.path(), kAddress);
  for (const char* name : {"sign-1.pem", "log-1.skey", "witness-1.skey", "age-1.txt"}) {
    for (const unsigned mode : {0640U, 0604U, 0620U}) {
      fs::permissions(dir / name, static_cast<fs::perms>(mode));
      const std::string error = load_error(dir.path());
      CHECK(contains(error, name));
      CHECK(contains(error, "open to group or others, mode 06"));
    }
    fs::permissions(dir / name, static_cast<fs::perms>(0600));
  }
  CHECK(load_error(dir.path()).empty());
}

TEST_CASE("malformed key files are refused by name, their content never quoted") {
  const TempDir dir;
  edge::generate_keys(dir.path(), kAddress);
  for (const char* name : {"sign-1.pem", "log-1.skey", "witness-1.skey", "age-1.txt"}) {
    const std::string good = test_support::read_file(dir / name);
    for (const std::string& bad :
         {good.substr(0, good.size() / 2), std::string("hunter2"), std::string(70000, 'x'), std::string()}) {
      write_file(dir / name, bad);
      const std::string error = load_error(dir.path());
      CHECK(contains(error, name));
      CHECK_FALSE(contains(error, "hunter2"));
      CHECK_FALSE(contains(error, good.substr(60, 10)));
    }
    write_file(dir / name, good);
  }
  fs::remove(dir / "log-1.skey");
  fs::create_directory(dir / "log-1.skey");
  CHECK(contains(load_error(dir.path()), "log-1.skey: not a regular file"));
}

TEST_CASE("the keys of another agent are refused") {
  const TempDir dir;
  edge::generate_keys(dir.path(), kAddress);
  CHECK(contains(load_error(dir.path(), kOther), "log-1.skey"));
}

TEST_CASE("a file is created whole and never replaced") {
  const TempDir dir;
  write_file(dir / ".key.new", "left by a crash");
  CHECK(edge::create_secret_file(dir / "key", secret_of("first")));
  CHECK_FALSE(edge::create_secret_file(dir / "key", secret_of("second")));
  CHECK(test_support::read_file(dir / "key") == "first");
  CHECK_FALSE(fs::exists(dir / ".key.new"));
  CHECK_THROWS_AS(edge::create_secret_file(dir / "nowhere/key", secret_of("x")), std::system_error);

  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir.path());
  CHECK(edge::create_secret_file("bare-name", secret_of("third")));
  std::filesystem::current_path(before);
  CHECK(std::filesystem::exists(dir / "bare-name"));
}

TEST_CASE("OpenSSL reads our PEM, and we read OpenSSL's") {
  const TempDir dir;
  const edge::Secret seed = edge::random_secret(32);
  edge::create_secret_file(dir / "ours.pem", edge::pem_from_seed(seed));
  REQUIRE(succeeds("openssl pkey -in " + (dir / "ours.pem").string() +
                   " -pubout -outform DER | tail -c 32 > " + (dir / "pub").string()));
  const ledger::PublicKey key = edge::make_ed25519_signer(seed)->public_key();
  CHECK(test_support::read_file(dir / "pub") == ledger::as_text(key.bytes));

  REQUIRE(succeeds("openssl genpkey -algorithm ed25519 -out " + (dir / "theirs.pem").string()));
  REQUIRE(succeeds("openssl pkey -in " + (dir / "theirs.pem").string() +
                   " -pubout -outform DER | tail -c 32 > " + (dir / "pub").string()));
  const auto theirs = edge::seed_from_pem(secret_of(test_support::read_file(dir / "theirs.pem")));
  REQUIRE(theirs);
  CHECK(ledger::as_text(edge::make_ed25519_signer(*theirs)->public_key().bytes) ==
        test_support::read_file(dir / "pub"));
  CHECK_FALSE(edge::seed_from_pem(
      secret_of(test_support::read_file(dir / "theirs.pem") + test_support::read_file(dir / "ours.pem"))));

  REQUIRE(succeeds("openssl genpkey -algorithm x25519 -out " + (dir / "other.pem").string()));
  CHECK_FALSE(edge::seed_from_pem(secret_of(test_support::read_file(dir / "other.pem"))));
}

TEST_CASE("a note signer's text binds name and key") {
  // The example in the documentation of Go's golang.org/x/mod/sumdb/note.
  const std::string known = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
  const auto key = edge::seed_from_skey(secret_of(known));
  REQUIRE(key);
  CHECK(key->name == "PeterNeumann");
  const ledger::NoteKey note{key->name, ledger::NoteKeyType::kEd25519,
                             edge::make_ed25519_signer(key->seed)->public_key()};
  CHECK(note.to_vkey() == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  CHECK(ledger::as_text(edge::skey_from_seed(key->name, key->seed).reveal()) == known + "\n");

  for (std::size_t i = 0; i < known.size(); ++i) {
    std::string bad = known;
    bad[i] = bad[i] == 'a' ? 'b' : 'a';
    CHECK_FALSE(edge::seed_from_skey(secret_of(bad)));
    CHECK_FALSE(edge::seed_from_skey(secret_of(known.substr(0, i))));
  }
  CHECK_FALSE(edge::seed_from_skey(secret_of(known + "A")));
}

TEST_CASE("a member object holds the public halves and is what a federation document takes") {
  const TempDir dir;
  edge::generate_keys(dir.path(), kAddress);
  const std::string text = edge::member_json(dir.path(), kAddress, "Saint Anne's");
  const auto member = nlohmann::json::parse(text);
  CHECK(member.at("address") == "10.20.0.5");
  CHECK(member.at("roles") == nlohmann::json({"hospital"}));
  REQUIRE(member.at("keys").size() == 4);

  const nlohmann::json document = {{"v", 1},
                                   {"version", 1},
                                   {"threshold", 1},
                                   {"admins", {{{"id", "a"}, {"key", std::string(43, 'A')}}}},
                                   {"witness_quorum", 0},
                                   {"ca_spki_sha256", std::string(64, '0')},
                                   {"members", {member}}};
  const auto federation = ledger::parse_federation(document.dump());
  INFO((federation ? std::string() : federation.error().reason));
  REQUIRE(federation.ok());
  const edge::KeyRing ring = edge::load_keys(dir.path(), kAddress);
  const ledger::Member* parsed = federation->find(kAddress);
  REQUIRE(parsed != nullptr);
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  CHECK(parsed->sign_key("sign-1", now) == ring.sign.signer->public_key());
  CHECK(parsed->log_key()->to_vkey() == ring.log.key.to_vkey());
  CHECK(parsed->witness_key()->to_vkey() == ring.witness.key.to_vkey());
  CHECK(parsed->age_recipient() == ring.age.front().recipient().to_text());
}

// $CREDENTIALS_DIRECTORY is a plain folder here; systemd's own has files of mode 0440 with an access list.
TEST_CASE("keys that come as credentials of systemd come first") {
  const TempDir dir;
  const fs::path credentials = dir / "credentials", keys = dir / "keys";
  edge::generate_keys(keys, kAddress);
  edge::generate_keys(credentials, kAddress);
  const auto files = edge::load_keys(keys, kAddress);
  fs::rename(credentials / "log-1.skey", dir / "log-1.skey");
  fs::rename(keys / "age-1.txt", dir / "age-1.txt");
  fs::permissions(credentials / "sign-1.pem", fs::perms::owner_read | fs::perms::group_read);
  ::setenv("CREDENTIALS_DIRECTORY", (credentials.string() + "/").c_str(),
           1);  // NOLINT(concurrency-mt-unsafe)
  const auto both = edge::load_keys(keys, kAddress);
  CHECK(both.sign.signer->public_key() != files.sign.signer->public_key());
  CHECK(both.log.key.key == files.log.key.key);  // only in the folder
  CHECK(both.age.size() == 1);                   // only among the credentials
  CHECK(edge::key_path(keys, "sign-1.pem") == credentials / "sign-1.pem");
  CHECK(edge::key_path(keys, "log-1.skey") == keys / "log-1.skey");
  CHECK(edge::key_path(keys, "tls.key") == keys / "tls.key");
  CHECK(edge::generate_keys(keys, kAddress).empty());
  fs::permissions(credentials / "sign-1.pem", fs::perms::owner_read | fs::perms::group_write);
  CHECK(contains(load_error(keys), "open to group or others"));
  ::unsetenv("CREDENTIALS_DIRECTORY");  // NOLINT(concurrency-mt-unsafe)
  fs::rename(dir / "age-1.txt", keys / "age-1.txt");
  fs::permissions(keys / "sign-1.pem", fs::perms::owner_read | fs::perms::group_read);
  CHECK(contains(load_error(keys), "open to group or others"));  // only credentials may be
}
