// deploy/pki, and what the agent takes of its certificates.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "agent/adapters/certificates.h"
#include "agent/adapters/key_files.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_dir.h"

namespace {

namespace fs = std::filesystem;
using test_support::TempDir;

const ledger::Address kAddress = ledger::Address::parse("10.20.0.5").value();
const ledger::Address kSix = ledger::Address::parse("fd00::5").value();

// Paths are our own and hold nothing a shell would read otherwise.
bool succeeds(const std::string& command) {
  return std::system(command.c_str()) == 0;
}  // NOLINT(concurrency-mt-unsafe)

bool pki(const std::string& arguments) {
  return succeeds((test_support::source_root() / "deploy/pki").string() + " " + arguments);
}
bool pki_refuses(const std::string& arguments) {
  return !pki(arguments + " 2>/dev/null");
}

std::string text_of(const fs::path& certificate, const TempDir& dir) {
  REQUIRE(
      succeeds("openssl x509 -in " + certificate.string() + " -noout -text > " + (dir / "text").string()));
  return test_support::read_file(dir / "text");
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_closed(const fs::path& file) {
  return fs::status(file).permissions() == (fs::perms::owner_read | fs::perms::owner_write);
}

ledger::TimePoint now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace

TEST_CASE("TLS keys and certificates for agents, brokers and monitors") {
  const TempDir dir;
  const std::string ca = (dir / "ca").string();
  REQUIRE(pki("ca " + ca));
  REQUIRE(pki("agent " + ca + " 10.20.0.5"));
  REQUIRE(pki("agent " + ca + " FD00:0::0005 " + (dir / "six").string()));
  REQUIRE(pki("broker " + ca + " broker.example.org " + (dir / "broker").string()));
  REQUIRE(pki("broker " + ca + " 127.0.0.1 " + ca));
  REQUIRE(pki("monitor " + ca + " wall " + (dir / "monitor").string()));

  const fs::path keys[] = {dir / "ca/ca.key", dir / "ca/10-20-0-5/tls.key", dir / "six/tls.key",
                           dir / "broker/broker.key", dir / "monitor/wall.key"};
  for (const fs::path& key : keys) {
    INFO(key);
    CHECK(is_closed(key));
  }
  const fs::path certificates[] = {dir / "ca/10-20-0-5/tls.crt", dir / "six/tls.crt",
                                   dir / "broker/broker.crt", dir / "monitor/wall.crt"};
  for (const fs::path& certificate : certificates) {
    INFO(certificate);
    CHECK(succeeds("openssl verify -x509_strict -CAfile " + ca + "/ca.crt " + certificate.string() +
                   " > /dev/null"));
    CHECK(fs::exists(certificate.parent_path() / "ca.crt"));
  }
  const std::string agent = text_of(dir / "ca/10-20-0-5/tls.crt", dir);
  CHECK(contains(agent, "Subject: CN = 10-20-0-5\n"));
  CHECK(contains(agent, "IP Address:10.20.0.5\n"));
  CHECK(contains(agent, "TLS Web Client Authentication, TLS Web Server Authentication"));
  CHECK(contains(text_of(dir / "six/tls.crt", dir), "Subject: CN = fd00--5\n"));
  CHECK(contains(text_of(dir / "broker/broker.crt", dir), "DNS:broker.example.org"));
  CHECK(contains(text_of(dir / "ca/broker.crt", dir), "IP Address:127.0.0.1"));
  CHECK(contains(text_of(dir / "monitor/wall.crt", dir), "Subject: CN = monitor-wall\n"));
}

TEST_CASE("the PKI helper refuses what is no address, no name, no authority or there already") {
  const TempDir dir;
  const std::string ca = (dir / "ca").string();
  CHECK(pki_refuses("agent " + ca + " 10.20.0.5"));
  REQUIRE(pki("ca " + ca));
  CHECK(pki_refuses("ca " + ca));
  for (const char* address : {"10.20.0.05", "10.20.0", "10.20.0.256", "host.example.org", "10.20.0.5/24",
                              "fd00::5%eth0", "cafe", "::g"}) {
    INFO(address);
    CHECK(pki_refuses("agent " + ca + " '" + address + "'"));
  }
  REQUIRE(pki("agent " + ca + " 10.20.0.5"));
  CHECK(pki_refuses("agent " + ca + " 10.20.0.5"));
  CHECK(pki_refuses("monitor " + ca + " 'a/b' " + ca));
  CHECK(pki_refuses("broker " + ca + " 'a b' " + ca));
  CHECK(pki_refuses("nonsense " + ca));
}

TEST_CASE("why no broker would take a certificate: its authority, its name, and its dates where asked") {
  const TempDir dir;
  const fs::path own = dir / "own", foreign = dir / "foreign";
  REQUIRE(pki("ca " + (dir / "ca").string()));
  REQUIRE(pki("ca " + (dir / "rogue").string()));
  REQUIRE(pki("agent " + (dir / "ca").string() + " 10.20.0.5 " + own.string()));
  REQUIRE(pki("agent " + (dir / "rogue").string() + " 10.20.0.5 " + foreign.string()));
  const fs::path ca = dir / "ca/ca.crt", certificate = own / "tls.crt", key = own / "tls.key";
  const auto faults = [&](std::optional<ledger::TimePoint> at = {}, const ledger::Address& self = kAddress) {
    return edge::tls_faults(certificate, key, ca, self, at);
  };
  const auto only = [](const std::string& fault) { return std::vector<std::string>{fault}; };
  using std::chrono::hours;
  CHECK(faults().empty());
  CHECK(faults(now()).empty());
  CHECK(faults(now() + hours(24 * 500)) == only(certificate.string() + " has expired"));
  CHECK(faults(now() + hours(24 * 4000)) == only(ca.string() + " has expired"));
  CHECK(faults(now() - hours(24 * 30)) == only(ca.string() + " is not valid yet"));
  CHECK(faults(now(), kSix).size() == 1);
  CHECK(edge::tls_faults(foreign / "tls.crt", foreign / "tls.key", ca, kAddress, now()) ==
        only((foreign / "tls.crt").string() + " was not issued by the authority of " + ca.string()));
  CHECK(edge::tls_faults(foreign / "tls.crt", key, ca, kAddress) ==
        only((foreign / "tls.crt").string() + " is not the certificate of " + key.string()));
  CHECK(edge::tls_faults(certificate, key, key, kAddress) == only(key.string() + " is no certificate"));
  CHECK(edge::tls_faults(certificate, key, dir / "none", kAddress) ==
        only((dir / "none").string() + " is not there"));
}

TEST_CASE("a signing key is certified without leaving the agent, and its certificate verifies") {
  const TempDir dir;
  const std::string ca = (dir / "ca").string();
  const fs::path keys = dir / "keys";
  const fs::path ca_file = dir / "ca/ca.crt";
  edge::generate_keys(keys, kSix);
  REQUIRE(pki("ca " + ca));
  // The authority needs the public half only.
  REQUIRE(succeeds("openssl pkey -in " + (keys / "sign-1.pem").string() + " -pubout -out " +
                   (dir / "public.pem").string()));
  REQUIRE(pki("sign-cert " + ca + " fd00::5 " + (dir / "public.pem").string() + " " +
              (keys / "sign-1.crt").string()));

  const edge::KeyRing ring = edge::load_keys(keys, kSix);
  REQUIRE(ring.sign.x5c_der.size() == 1);
  const auto certified = edge::verify_certificate(ring.sign.x5c_der, ca_file, now());
  REQUIRE(certified.ok());
  CHECK(certified->key == ring.sign.signer->public_key());
  CHECK(certified->address == "fd00::5");

  SECTION("it vouches for what was signed while it was valid, whatever the time is now") {
    using std::chrono::hours;
    CHECK(edge::verify_certificate(ring.sign.x5c_der, ca_file, now() + hours(24)).ok());
    const auto later = edge::verify_certificate(ring.sign.x5c_der, ca_file, now() + hours(24 * 500));
    REQUIRE_FALSE(later.ok());
    CHECK(later.error().reason == "x5c: certificate has expired");
    CHECK_FALSE(edge::verify_certificate(ring.sign.x5c_der, ca_file, now() - hours(24)).ok());
  }
  SECTION("another authority does not vouch for it") {
    REQUIRE(pki("ca " + (dir / "rogue").string()));
    CHECK_FALSE(edge::verify_certificate(ring.sign.x5c_der, dir / "rogue/ca.crt", now()).ok());
  }
  SECTION("a changed or continued certificate, none, or a TLS certificate is refused") {
    std::vector<ledger::Bytes> changed = ring.sign.x5c_der;
    changed.front()[changed.front().size() - 3] ^= 1;
    CHECK_FALSE(edge::verify_certificate(changed, ca_file, now()).ok());
    changed = ring.sign.x5c_der;
    changed.front().push_back(0);
    CHECK_FALSE(edge::verify_certificate(changed, ca_file, now()).ok());
    CHECK_FALSE(edge::verify_certificate({}, ca_file, now()).ok());
    REQUIRE(pki("agent " + ca + " fd00::5"));
    CHECK_FALSE(
        edge::verify_certificate(edge::read_certificates(dir / "ca/fd00--5/tls.crt"), ca_file, now()).ok());
  }
  SECTION("renewed, it is the same but for its dates and serial number") {
    REQUIRE(pki("--days 3 renew " + ca + " " + (keys / "sign-1.crt").string()));
    const edge::KeyRing renewed = edge::load_keys(keys, kSix);
    CHECK(renewed.sign.x5c_der != ring.sign.x5c_der);
    CHECK(edge::verify_certificate(renewed.sign.x5c_der, ca_file, now())->key == certified->key);
  }
  SECTION("the authority renewed, what it has issued stays good") {
    const auto before = edge::read_certificates(ca_file);
    REQUIRE(pki("renew " + ca + " " + ca + "/ca.crt"));
    CHECK(edge::read_certificates(ca_file) != before);
    CHECK(edge::verify_certificate(ring.sign.x5c_der, ca_file, now())->key == certified->key);
  }
  SECTION("revoked, it is on the list") {
    REQUIRE(pki("crl " + ca));
    const std::string check = "openssl verify -crl_check -CAfile " + ca + "/ca.crt -CRLfile " + ca +
                              "/ca.crl " + (keys / "sign-1.crt").string() + " > /dev/null 2>&1";
    CHECK(succeeds(check));
    REQUIRE(pki("revoke " + ca + " " + (keys / "sign-1.crt").string()));
    CHECK_FALSE(succeeds(check));
  }
  SECTION("the certificate of another key or address beside a key is refused") {
    fs::rename(keys / "sign-1.crt", keys / "sign-2.crt");
    fs::copy(keys / "sign-1.pem", keys / "sign-2.pem");
    CHECK(edge::load_keys(keys, kSix).sign.id == "sign-2");
    fs::remove(keys / "sign-2.pem");
    edge::generate_keys(dir / "more", kSix);
    fs::copy(dir / "more/sign-1.pem", keys / "sign-2.pem");
    CHECK_THROWS_WITH(edge::load_keys(keys, kSix), Catch::Contains("sign-2.crt"));
    REQUIRE(pki("sign-cert " + ca + " 10.20.0.5 " + (keys / "sign-2.pem").string() + " " +
                (keys / "sign-2.crt").string()));
    CHECK_THROWS_WITH(edge::load_keys(keys, kSix), Catch::Contains("sign-2.crt"));
  }
}

TEST_CASE("the authority's public key is printed as a federation document names it") {
  const TempDir dir;
  REQUIRE(pki("ca " + (dir / "ca").string()));
  REQUIRE(pki("spki " + (dir / "ca").string() + " > " + (dir / "spki").string()));
  const std::string printed = test_support::read_file(dir / "spki");
  CHECK(printed.size() == 65);
  CHECK(ledger::hash_from_hex(printed.substr(0, 64)).has_value());
}
