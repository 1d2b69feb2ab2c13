// The signing key in a token: SoftHSM2 really, and a module that lies.
#include "agent/adapters/token_signer.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <functional>

#include "agent/adapters/key_formats.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace {

using Catch::Contains;
namespace fs = std::filesystem;

constexpr const char* kSoftHsm = "/usr/lib/softhsm/libsofthsm2.so";
const std::string kMessage = "what is signed";

// An environment variable for the length of a scope.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) { set(value); }
  ~Environment() { ::unsetenv(name_); }  // NOLINT(concurrency-mt-unsafe)
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  void set(const std::string& value) const {
    ::setenv(name_, value.c_str(), 1);
  }  // NOLINT(concurrency-mt-unsafe)

 private:
  const char* name_;
};

fs::path secret_file(const fs::path& file, const std::string& text) {
  std::ofstream(file) << text;
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  return file;
}

std::string failure(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return {};
}

// A SoftHSM2 token with one Ed25519 key.
struct SoftHsm {
  test_support::TempDir dir;
  Environment config{"SOFTHSM2_CONF", (dir / "softhsm2.conf").string()};
  fs::path tokens = dir / "tokens";
  edge::TokenKey key{"pkcs11:token=hospital;object=sign-2?module-path=" + std::string(kSoftHsm),
                     secret_file(dir / "pin", "4711\n")};

  SoftHsm() {
    fs::create_directory(tokens);
    std::ofstream(dir / "softhsm2.conf")
        << "directories.tokendir = " << tokens.string() << "\nlog.level = ERROR\n";
    test_support::run({"softhsm2-util", "--init-token", "--free", "--label", "hospital", "--pin", "4711",
                       "--so-pin", "1234"});
    tool({"--keypairgen", "--key-type", "EC:edwards25519", "--label", "sign-2", "--id", "02"});
  }
  static void tool(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"pkcs11-tool", "--module", kSoftHsm, "--token-label", "hospital",
                                         "--login", "--pin", "4711"});
    test_support::run(arguments);
  }
};

bool verifies(const edge::Signer& signer) {
  const auto signature = signer.sign(ledger::as_bytes(kMessage));
  return ledger::verify_ed25519(signer.public_key(), ledger::as_bytes(kMessage), signature);
}

}  // namespace

TEST_CASE("a key in SoftHSM2 signs what libsodium verifies") {
  const SoftHsm token;
  const auto signer = edge::open_token_signer(token.key);
  CHECK(verifies(*signer));
  CHECK(signer->sign(ledger::as_bytes("")) != signer->sign(ledger::as_bytes(kMessage)));
  CHECK(verifies(*edge::open_token_signer(token.key)));  // a second one beside it
}

TEST_CASE("no token, no key, a wrong PIN: a clear failure that does not tell the PIN") {
  const SoftHsm token;
  const auto error = [&](const std::string& from, const std::string& to, const std::string& pin = "4711") {
    edge::TokenKey key{token.key.uri, secret_file(token.dir / "other-pin", pin)};
    if (!from.empty()) key.uri.replace(key.uri.find(from), from.size(), to);
    const auto why = failure([&] { (void)edge::open_token_signer(key); });
    CHECK(why.find(pin) == std::string::npos);
    return why;
  };
  CHECK_THAT(error("token=hospital", "token=other"), Contains("the token is not there"));
  CHECK_THAT(error("object=sign-2", "object=sign-3"), Contains("does not hold the key"));
  CHECK_THAT(error("", "", "9999"), Contains("refuses the PIN"));
  CHECK_THAT(error(kSoftHsm, "/nonexistent.so"), Contains("can't be loaded"));
}

TEST_CASE("a pulled token fails clearly, and serves again when it is back") {
  const SoftHsm token;
  const auto signer = edge::open_token_signer(token.key);
  REQUIRE(verifies(*signer));
  fs::rename(token.tokens, token.dir / "pulled");
  fs::create_directory(token.tokens);
  for (int i = 0; i < 2; ++i) {
    const auto why = failure([&] { (void)signer->sign(ledger::as_bytes(kMessage)); });
    CHECK_THAT(why, Contains("pkcs11:token=hospital"));
    CHECK(why.find("4711") == std::string::npos);
  }
  fs::remove(token.tokens);
  fs::rename(token.dir / "pulled", token.tokens);
  CHECK(verifies(*signer));

  // Another token of the same name is not ours.
  fs::rename(token.tokens, token.dir / "pulled");
  fs::create_directory(token.tokens);
  test_support::run({"softhsm2-util", "--init-token", "--free", "--label", "hospital", "--pin", "4711",
                     "--so-pin", "1234"});
  SoftHsm::tool({"--keypairgen", "--key-type", "EC:edwards25519", "--label", "sign-2", "--id", "02"});
  CHECK_THAT(failure([&] { (void)signer->sign(ledger::as_bytes(kMessage)); }),
             Contains("another key than before"));
}

TEST_CASE("nothing a lying module says is used") {
  const Environment said("EHR_TEST_TOKEN", "");
  const test_support::TempDir dir;
  const edge::TokenKey key{"pkcs11:token=lying;object=sign-1?module-path=" EHR_LYING_TOKEN,
                           secret_file(dir / "pin", "4711")};
  const auto open_error = [&](const char* lie) {
    INFO(lie);
    said.set(lie);
    const auto why = failure([&] { (void)edge::open_token_signer(key); });
    CHECK_THAT(why, Contains("pkcs11:token=lying"));
    CHECK(why.find("4711") == std::string::npos);
  };
  for (const auto* lie : {"init-error", "slots-huge", "slots-grow", "no-token", "token-error",
                          "session-error", "pin-refused", "find-error", "nothing-found", "many-found",
                          "point-unavailable", "point-error", "point-short", "point-p256"}) {
    open_error(lie);
  }
  said.set("point-der");
  CHECK(verifies(*edge::open_token_signer(key)));
  said.set("honest");
  const auto signer = edge::open_token_signer(key);
  REQUIRE(verifies(*signer));
  for (const auto* lie : {"removed", "sign-error", "signs-less", "short", "long", "empty", "huge", "flipped",
                          "zeros", "another-key"}) {
    INFO(lie);
    said.set(lie);
    CHECK_THAT(failure([&] { (void)signer->sign(ledger::as_bytes(kMessage)); }),
               Contains("pkcs11:token=lying"));
    said.set("honest");
    CHECK(verifies(*signer));  // and it recovers
  }
}

TEST_CASE("a URI names a signing key, and no PIN") {
  CHECK(edge::token_key_id("pkcs11:token=hospital;object=sign-2?module-path=/x.so").value() == "sign-2");
  CHECK(edge::token_key_id("pkcs11:object=sign-17").value() == "sign-17");
  for (const auto* text :
       {"", "pkcs11:", "pkcs11:token=hospital", "pkcs11:object=log-1", "pkcs11:object=sign-",
        "pkcs11:object=sign-01", "pkcs11:object=sign-1x", "http:object=sign-1",
        "pkcs11:token=x?object=sign-1", "pkcs11:object=sign-1?pin-value=4711"}) {
    INFO(text);
    CHECK_FALSE(edge::token_key_id(text).ok());
  }
}

TEST_CASE("a token's point is 32 bytes, raw or in an octet string") {
  const std::vector<std::uint8_t> raw(32, 7);
  std::vector<std::uint8_t> der(34, 7);  // not grown: GCC 12 warns of that at -O2
  der[0] = 0x04;
  der[1] = 0x20;
  REQUIRE(edge::key_from_ec_point(raw));
  CHECK(edge::key_from_ec_point(der) == edge::key_from_ec_point(raw));
  der[1] = 0x21;
  CHECK_FALSE(edge::key_from_ec_point(der));
  for (const std::size_t size : {0U, 1U, 31U, 33U, 35U, 65U})
    CHECK_FALSE(edge::key_from_ec_point(std::vector<std::uint8_t>(size)));
}
