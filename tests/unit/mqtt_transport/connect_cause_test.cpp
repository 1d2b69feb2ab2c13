// Why a connection can't be made: each cause has its own words, which name the file or the place, and a hint.
#include <catch2/catch.hpp>
#include <fstream>

#include "ledger-client/mqtt/tls_files.h"
#include "tests/support/broker.h"
#include "tests/support/shared_data.h"
#include "tests/unit/mqtt_transport/peer.h"

using namespace mqtt_transport;
using Catch::Contains;
using test_support::Broker;
using test_support::Peer;
namespace fs = std::filesystem;

namespace {

constexpr const char* kAlice = "127.0.10.1";

Loss loss_of(const ConnectionOptions& options) {
  Peer peer(options);
  REQUIRE(peer.wait_lost());
  return peer.loss();
}

void pki(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), test_support::source_root() / "deploy/pki");
  test_support::run(arguments);
}

// Neither keys nor anything but the one line; and something to do about it.
void check_form(const Loss& loss) {
  INFO(loss.cause << " / " << loss.hint);
  CHECK(loss.cause.find_first_of("\n\r\x1b") == std::string::npos);
  CHECK_THAT(loss.cause, !Contains("TCP/TLS connect failure") && !Contains("MII"));
  CHECK_FALSE(loss.hint.empty());
}

// The same certificate of the same authority, which ended yesterday.
void over(const Broker& broker, const std::string& certificate, const std::string& to) {
  const auto key = to + ".public";
  test_support::run({"openssl", "x509", "-in", certificate, "-noout", "-pubkey", "-out", key});
  test_support::run({"openssl", "x509", "-new", "-force_pubkey", key, "-subj", "/CN=127-0-10-1", "-CA",
                     broker.ca(), "-CAkey", broker.authority() / "ca.key", "-days", "-1", "-out", to});
}

}  // namespace

TEST_CASE("why a broker is not reached is said") {
  Broker broker;
  auto options = broker.agent_options(kAlice);
  const auto place = "127.0.0.1:" + std::to_string(broker.agents_port());
  const test_support::TempDir other;
  pki({"ca", other / "pki"});
  const auto expect = [&](const auto& cause, bool lasting) {
    const auto loss = loss_of(options);
    check_form(loss);
    CHECK_THAT(loss.cause, cause);
    CHECK(loss.lasting == lasting);
  };

  SECTION("nobody listens") {
    broker.stop();
    expect(Contains("nobody listens at " + place), false);
  }
  SECTION("no certificate") {
    options.certificate_file = options.key_file = "";
    expect(Contains("the broker at " + place + " wants a client certificate, and none is given"), true);
  }
  SECTION("a foreign certificate") {
    pki({"agent", other / "pki", kAlice, other / "own"});
    options.certificate_file = other / "own/tls.crt";
    options.key_file = other / "own/tls.key";
    expect(Contains("does not accept the certificate " + options.certificate_file) &&
               Contains("an authority the broker does not know"),
           true);
  }
  SECTION("a certificate that is over") {
    const auto own = options.certificate_file;
    options.certificate_file = other / "over.crt";
    over(broker, own, options.certificate_file);
    expect(Contains("does not accept the certificate " + options.certificate_file + ": it has expired"),
           true);
  }
  SECTION("a wrong CA") {
    options.ca_file = other / "pki/ca.crt";
    expect(Contains("the certificate of the broker at " + place +
                    " is from another authority than that of the CA file " + options.ca_file),
           true);
  }
  SECTION("another name") {
    options.url = "mqtts://localhost:" + std::to_string(broker.agents_port());
    expect(Contains("is not for localhost, but for 127.0.0.1"), true);
  }
  SECTION("a name nobody knows") {
    options.url = "mqtts://no-such-host.invalid:8883";
    expect(Contains("no address is known for the host no-such-host.invalid"), false);
  }
  SECTION("TLS there") {
    options.url = "mqtt" + options.url.substr(5);
    expect(Contains("does not answer in MQTT 5 without TLS"), false);
  }
  SECTION("no TLS there") {
    Broker plain(true);
    auto without = plain.eavesdropper_options();
    options.url = "mqtts" + without.url.substr(4);
    expect(Contains("does not answer in TLS"), false);
  }
}

TEST_CASE("files that can't be used are named before anything is sent") {
  Broker broker;
  const auto good = broker.agent_options(kAlice);
  const test_support::TempDir dir;
  const auto text = dir / "text.pem";
  std::ofstream(text) << "no PEM at all\n";
  auto options = good;
  const auto expect = [&](TlsFileFault::Kind kind, const auto& cause) {
    const auto fault = check_tls_files(options);
    REQUIRE(fault);
    check_form(fault->loss);
    CHECK(fault->kind == kind);
    CHECK_THAT(fault->loss.cause, cause);
    CHECK(fault->loss.lasting);
    if (kind != TlsFileFault::Kind::kOutOfTime) CHECK(loss_of(options).cause == fault->loss.cause);
  };
  CHECK_FALSE(check_tls_files(good));
  using Kind = TlsFileFault::Kind;
  SECTION("a missing CA file") {
    options.ca_file = dir / "none.crt";
    expect(Kind::kUnreadable, Contains("cannot read the CA file " + options.ca_file + ": No such file"));
  }
  SECTION("a CA file that is none") {
    options.ca_file = text;
    expect(Kind::kMalformed, Contains("there is no certificate in the CA file " + options.ca_file));
  }
  SECTION("a folder for a certificate") {
    options.certificate_file = dir.path();
    expect(Kind::kUnreadable, Contains("cannot read the certificate file") && Contains("Is a directory"));
  }
  SECTION("a missing key") {
    options.key_file = dir / "none.key";
    expect(Kind::kUnreadable, Contains("cannot read the key file " + options.key_file));
  }
  SECTION("a key that is none") {
    options.key_file = text;
    expect(Kind::kMalformed, Contains("there is no private key in the key file " + options.key_file));
  }
  SECTION("a key with a passphrase") {
    options.key_file = dir / "locked.key";
    test_support::run({"openssl", "pkey", "-in", good.key_file, "-aes256", "-passout", "pass:secret", "-out",
                       options.key_file});
    expect(Kind::kMalformed, Contains("the key in " + options.key_file + " is protected by a passphrase"));
  }
  SECTION("another's key") {
    options.key_file = broker.agent("127.0.10.2").key;
    expect(Kind::kMalformed, Contains("the key in " + options.key_file +
                                      " does not belong to the certificate " + options.certificate_file));
  }
  SECTION("a certificate that is over") {
    options.certificate_file = dir / "over.crt";
    over(broker, good.certificate_file, options.certificate_file);
    expect(Kind::kOutOfTime, Contains("the certificate " + options.certificate_file + " expired at 20"));
  }
}
