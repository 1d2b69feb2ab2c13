// What runs out or is pulled while agents run: certificates renewed under SIGHUP, a signing key's token.
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/federation.h"
#include "tests/support/require_command.h"
#include "tests/support/shared_data.h"

using namespace test_support;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

void pki(const std::vector<std::string>& arguments) {
  std::vector<std::string> line{source_root() / "deploy/pki"};
  line.insert(line.end(), arguments.begin(), arguments.end());
  run(line);
}

std::int64_t days_of(const AgentProcess& agent, const std::string& file) {
  const json status = agent.command_json({"status"});
  for (const auto& one : status.at("certificates")) {
    if (one.at("file") == file) return one.at("days").get<std::int64_t>();
  }
  return -1000;
}

bool connected(const AgentProcess& agent) {
  return agent.command_json({"status"}).at("broker").at("connected").get<bool>();
}

bool says(const AgentProcess& agent, const std::string& text) {
  return eventually([&] { return agent.log().find(text) != std::string::npos; }, 15);
}

}  // namespace

TEST_CASE("a renewed certificate is taken over by SIGHUP, and a transfer goes on") {
  Federation federation({EHR_AGENT, EHR_LEDGER, 2, {{"transfer.window", "\"512KiB\""}}, false});
  auto &answering = federation[0], &asking = federation[1];
  const auto authority = federation.broker().authority();
  const auto certificate = answering.keys() / "tls.crt";
  pki({"--days", "10", "renew", authority, certificate});
  federation.start();
  CHECK(says(answering, "a certificate has to be renewed"));
  CHECK(days_of(answering, "tls.crt") <= 10);
  CHECK(days_of(answering, "ca.crt") > 30);
  CHECK(days_of(answering, "sign-1.crt") > 30);
  const auto check = answering.command({"config", "check"});
  CHECK(check.status == 0);
  CHECK(check.output.find("tls.crt expires in") != std::string::npos);

  const auto patient = identifier_of(federation.give_heavy_patient(answering, 0, 24U << 20U));
  const auto file = federation.folder() / "bundle.json";
  auto request =
      asking.command_beside({"request", answering.address().text(), patient, "--everything", "-o", file});
  REQUIRE(eventually([&] { return answering.counter("chunks_sent") > 4; }));
  pki({"renew", authority, certificate});
  answering.signal(SIGHUP);
  require(request.wait());
  CHECK(says(answering, "connecting anew"));
  CHECK(eventually([&] { return connected(answering); }));
  CHECK(answering.command_json({"status"}).at("broker").at("reconnects") == 1);
  CHECK(days_of(answering, "tls.crt") > 300);
  CHECK(answering.counter("transfers_failed") == 0);
  // Without a change nothing happens.
  answering.signal(SIGHUP);
  require(asking.command({"ping", answering.address().text()}));
  CHECK(answering.command_json({"status"}).at("broker").at("reconnects") == 1);
}

TEST_CASE("files that no broker would take are told on SIGHUP, and the connection is kept") {
  Federation federation({EHR_AGENT, EHR_LEDGER, 2, {}, false});
  federation.start();
  auto &answering = federation[0], &asking = federation[1];
  const auto authority = federation.broker().authority();
  const auto certificate = answering.keys() / "tls.crt", key = answering.keys() / "tls.key";
  const auto kept = federation.folder() / "kept", foreign = federation.folder() / "foreign";
  const auto over = fs::copy_options::overwrite_existing;
  fs::create_directory(kept);
  fs::copy_file(certificate, kept / "tls.crt");
  fs::copy_file(key, kept / "tls.key");
  const auto refused = [&](const std::string& reason) {
    answering.signal(SIGHUP);
    INFO(answering.log());
    CHECK(says(answering, reason));
    CHECK(answering.log().find("connecting anew") == std::string::npos);
    require(asking.command({"ping", answering.address().text()}));
  };
  pki({"ca", federation.folder() / "other-ca"});
  pki({"agent", federation.folder() / "other-ca", answering.address().text(), foreign});
  fs::copy_file(foreign / "tls.crt", certificate, over);
  refused("tls.crt is not the certificate of");
  fs::copy_file(foreign / "tls.key", key, over);
  refused("was not issued by the authority of");
  fs::copy_file(asking.keys() / "tls.crt", certificate, over);
  fs::copy_file(asking.keys() / "tls.key", key, over);
  refused("and this agent is");
  fs::copy_file(kept / "tls.key", key, over);
  const auto subject = "/CN=" + answering.address().topic_form();
  run({"openssl", "x509", "-in", kept / "tls.crt", "-noout", "-pubkey", "-out", kept / "public"});
  run({"openssl", "x509", "-new", "-force_pubkey", kept / "public", "-subj", subject, "-CA",
       authority / "ca.crt", "-CAkey", authority / "ca.key", "-days", "-1", "-out", certificate});
  refused("tls.crt has expired");
  CHECK(answering.command_json({"status"}).at("broker").at("reconnects") == 0);

  fs::copy_file(kept / "tls.crt", certificate, over);
  pki({"renew", authority, certificate});
  answering.signal(SIGHUP);
  CHECK(says(answering, "connecting anew"));
  CHECK(eventually([&] { return connected(answering); }));
  require(asking.command({"ping", answering.address().text()}));
}

TEST_CASE(
    "a token pulled from a running agent: nothing is signed, not with a file either, until it is back") {
  constexpr const char* kSoftHsm = "/usr/lib/softhsm/libsofthsm2.so";
  const TempDir folder;
  const fs::path tokens = folder / "tokens";
  fs::create_directory(tokens);
  std::ofstream(folder / "softhsm2.conf")
      << "directories.tokendir = " << tokens.string() << "\nlog.level = ERROR\n";
  std::ofstream(folder / "pin") << "4711\n";
  fs::permissions(folder / "pin", fs::perms::owner_read | fs::perms::owner_write);
  ::setenv("SOFTHSM2_CONF", (folder / "softhsm2.conf").c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  run({"softhsm2-util", "--init-token", "--free", "--label", "hospital", "--pin", "4711", "--so-pin",
       "1234"});
  run({"pkcs11-tool", "--module", kSoftHsm, "--token-label", "hospital", "--login", "--pin", "4711",
       "--keypairgen", "--key-type", "EC:edwards25519", "--label", "sign-2", "--id", "02"});

  Federation federation({EHR_AGENT, EHR_LEDGER, 2, {}, false});
  federation.start();
  auto &answering = federation[0], &asking = federation[1];
  const std::string address = answering.address().text();
  const auto patient = identifier_of(federation.give_patient(answering, 0));
  federation.configure(0, {{"keys.sign_token", "\"pkcs11:token=hospital;object=sign-2?module-path=" +
                                                   std::string(kSoftHsm) + "\""},
                           {"keys.sign_pin", '"' + (folder / "pin").string() + '"'}});
  const json member = answering.command_json({"keys", "show"});
  for (const auto& key : member.at("keys")) {
    if (key.at("id") == "sign-2") std::ofstream(folder / "key.json") << key;
  }
  const auto draft =
      federation.draft(federation.first_version(),
                       {"--add-key", address + "=" + (folder / "key.json").string()}, {"alice", "bob"});
  require(asking.command({"federation", "publish", draft}));
  REQUIRE(eventually([&] { return answering.command_json({"status"}).at("federation").at("version") == 2; }));
  REQUIRE(answering.stop() == 0);
  answering.start();
  const auto file = folder / "bundle.json";
  require(asking.request(answering.address(), patient, file));
  // The file's key can't announce its successor, as it is not looked at any more.
  REQUIRE(answering.entries("key.revoked").size() == 1);
  CHECK(answering.entries("key.revoked")[0].at("reason") == "replaced");

  fs::rename(tokens, folder / "pulled");
  fs::create_directory(tokens);
  REQUIRE(fs::exists(answering.keys() / "sign-1.pem"));
  auto waiting = asking.command_beside({"request", address, patient, "-o", folder / "late.json"});
  CHECK(says(answering, "pkcs11:token=hospital"));
  CHECK(answering.log().find("4711") == std::string::npos);
  CHECK(answering.entries("bundle.issued").size() == 1);
  CHECK(waiting.wait(500).status == -1);
  const auto pinged = answering.command({"ping", asking.address().text(), "--timeout", "2s"});
  INFO(pinged.output);
  CHECK(pinged.status != 0);
  CHECK(answering.running());
  const auto fault = [&] {
    return answering.command_json({"status"}).at("signing").at("fault").get<std::string>();
  };
  CHECK(fault().find("pkcs11:token=hospital;object=sign-2: ") == 0);
  const auto own = answering.command({"request", asking.address().text(), patient});
  CHECK(own.status == 69);
  CHECK(own.output.find("the signing key can't be used: pkcs11:") != std::string::npos);
  const auto shown = answering.command({"keys", "show"});
  CHECK(shown.status == 69);
  CHECK(shown.output.find("hint: is the token there") != std::string::npos);

  fs::remove_all(tokens);
  fs::rename(folder / "pulled", tokens);
  require(waiting.wait());  // what was asked meanwhile is answered now
  require(answering.command({"ping", asking.address().text()}));
  CHECK(fault() == "none");
  ::unsetenv("SOFTHSM2_CONF");  // NOLINT(concurrency-mt-unsafe)
}
