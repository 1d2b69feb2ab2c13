// bundle verify and show, on a document that is assembled, signed and certified as an agent does it.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/adapters/certificates.h"
#include "agent/adapters/key_files.h"
#include "agent/cli/failure.h"
#include "agent/core/reply.h"
#include "ledger-client/core/entry_rules.h"
#include "ledger-client/core/sha256.h"
#include "ledger-client/store/journal.h"
#include "tests/support/process.h"
#include "tests/support/shared_data.h"
#include "tests/support/signed_federation.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/edge_cli/invoke.h"
#include "tests/unit/edge_fhir/sample_document.h"

namespace {

using Catch::Contains;
using nlohmann::json;

// Within the life of the certificates that a test makes a moment later.
const auto kNow =
    std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()) + std::chrono::minutes(1);
const auto kAddress = *ledger::Address::parse("127.0.10.1");

struct Signed {
  test_support::TempDir dir;
  std::string config = new_agent(dir.path());
  std::string file = (dir / "b.json").string(), ca = (dir / "ca/ca.crt").string(),
              federation = (dir / "f.json").string();
  std::string text;

  Signed() {
    const std::string pki = (test_support::source_root() / "deploy/pki").string();
    const std::string keys = (dir / "etc/keys").string();
    test_support::run({pki, "ca", (dir / "ca").string()});
    test_support::run({pki, "ca", (dir / "other").string()});
    test_support::run(
        {pki, "sign-cert", (dir / "ca").string(), "127.0.10.1", keys + "/sign-1.pem", keys + "/sign-1.crt"});
    write_federation();
    const auto ring = edge::load_keys(keys, kAddress);
    text = signed_by(*ring.sign.signer, ring.sign.x5c_der);
    save(text);
  }

  static std::string signed_by(const edge::Signer& signer, const std::vector<ledger::Bytes>& x5c) {
    const auto assembled = edge::fhir::assemble(test_support::golden_patient("patient-full"));
    REQUIRE(assembled);
    const auto signature = edge::fhir::make_signature(
        assembled->canonical, {&signer, edge::make_kid(kAddress, "sign-1"), x5c, "127.0.10.1", kNow});
    return edge::fhir::splice_signature(assembled->text, signature);
  }

  void write_federation() const {
    auto member = json::parse(invoke({"keys", "show", "--config", config}).out);
    for (auto& key : member["keys"]) key["from"] = "2026-01-01T00:00:00.000Z";
    std::ofstream(federation) << test_support::first_document({{"members", {member}}});
  }
  void save(const std::string& bundle) const { std::ofstream(file, std::ios::binary) << bundle; }
  void save_proof(const std::string& bundle) const {
    const auto ring = edge::load_keys(dir / "etc/keys", kAddress);
    const edge::Envelope envelope{"01932c07-8a5e-7cc1-9f0e-0123456789ab", kAddress,
                                  *ledger::Address::parse("127.0.10.2"), 1, kNow};
    const edge::Manifest manifest{envelope,
                                  {},
                                  "application/fhir+json",
                                  "zstd",
                                  bundle.size(),
                                  ledger::sha256(bundle),
                                  1000,
                                  {},
                                  262'144,
                                  0,
                                  {},
                                  {},
                                  {}};
    std::ofstream(file + ".proof") << edge::sign_manifest(manifest, {kAddress, ring.sign.signer.get(),
                                                                     edge::make_kid(kAddress, "sign-1")})
                                   << '\n';
  }
  Invoked verify(std::vector<std::string> trust) const {
    trust.insert(trust.begin(), {"bundle", "verify", file});
    return invoke(trust);
  }
};

}  // namespace

TEST_CASE("a signed bundle verifies against CA and federation, and says what was checked") {
  const Signed bundle;
  const auto both = bundle.verify({"--ca", bundle.ca, "--federation", bundle.federation});
  INFO(both.err);
  CHECK(both.status == 0);
  CHECK_THAT(both.out, Contains("signed by 127.0.10.1 (sign-1)") &&
                           Contains("its key by certificate and federation") &&
                           Contains("exact bytes  not checked: no proof file") &&
                           Contains("key          not checked: whether it had ended"));
  CHECK(bundle.verify({"--ca", bundle.ca}).status == 0);
  CHECK(bundle.verify({"--federation", bundle.federation}).status == 0);
  CHECK(json::parse(bundle.verify({"--ca", bundle.ca, "--json"}).out)["values"]["vouched_by"] ==
        json{"certificate"});
  const auto piped = invoke({"bundle", "verify", "-", "--ca", bundle.ca}, bundle.text);
  CHECK(piped.status == 0);
  CHECK_THAT(piped.out, Contains("exact bytes  not checked: no proof file"));
  CHECK(invoke({"bundle", "verify", "-", "--ca", bundle.ca}).status == EX_DATAERR);

  CHECK(bundle.verify({"--ca", (bundle.dir / "other/ca.crt").string()}).status == EX_DATAERR);
  CHECK(bundle.verify({"--ca", (bundle.dir / "none").string()}).status == EX_NOINPUT);
  std::ofstream(bundle.federation) << test_support::first_document({{"members", json::array()}});
  CHECK(bundle.verify({"--federation", bundle.federation}).status == EX_DATAERR);
}

TEST_CASE("a certificate of another key, or of another agent, vouches for nothing") {
  Signed bundle;
  // Another agent's folder: its own key, and certificates of the same authority for either address.
  const auto other = bundle.dir / "other-agent";
  REQUIRE(invoke({"init", "--address", "127.0.10.9", "--name", "Other", "--broker", "mqtts://127.0.0.1:1",
                  "--dir", other.string()})
              .status == 0);
  const std::string pki = (test_support::source_root() / "deploy/pki").string();
  const std::string key = (other / "keys/sign-1.pem").string(),
                    certificate = (other / "keys/sign-1.crt").string();
  const auto own = edge::load_keys(bundle.dir / "etc/keys", kAddress);
  const auto certified_for = [&](const std::string& address) {
    std::filesystem::remove(certificate);
    test_support::run({pki, "sign-cert", (bundle.dir / "ca").string(), address, key, certificate});
    return edge::read_certificates(certificate);
  };
  const auto foreign = edge::load_keys(other / "keys", *ledger::Address::parse("127.0.10.9"));
  const auto refused = [&](const std::vector<std::string>& trust, const char* why) {
    const auto result = bundle.verify(trust);
    INFO(result.out);
    CHECK(result.status == EX_DATAERR);
    CHECK_THAT(result.err, Contains(why));
  };
  const std::vector<std::string> by_ca{"--ca", bundle.ca}, by_document{"--federation", bundle.federation};

  // The federation's key has signed; the certificate is of another key.
  bundle.save(Signed::signed_by(*own.sign.signer, certified_for("127.0.10.1")));
  refused(by_ca, "key of the certificate");
  CHECK(bundle.verify(by_document).status == 0);  // by the key that the document lists, and no other
  refused({"--ca", bundle.ca, "--federation", bundle.federation}, "key of the certificate");
  // The certificate's key has signed; the federation lists another one.
  bundle.save(Signed::signed_by(*foreign.sign.signer, certified_for("127.0.10.1")));
  refused(by_document, "key of the federation");
  refused({"--ca", bundle.ca, "--federation", bundle.federation}, "key of the federation");
  // It is somebody else's, under this agent's kid.
  bundle.save(Signed::signed_by(*foreign.sign.signer, certified_for("127.0.10.9")));
  refused(by_ca, "another agent");
  refused(by_document, "key of the federation");
}

TEST_CASE("a bundle that was changed, cut or stripped does not verify") {
  const Signed bundle;
  const std::string family = "\"family\":\"";
  for (const auto& changed : {test_support::replaced(bundle.text, family, family + "X"),
                              bundle.text.substr(0, bundle.text.size() / 2), std::string(), std::string("{}"),
                              bundle.text.substr(0, bundle.text.rfind(",\"signature\"")) + "}"}) {
    bundle.save(changed);
    const auto refused = bundle.verify({"--ca", bundle.ca});
    CHECK(refused.status == EX_DATAERR);
    CHECK_THAT(refused.err, Contains("error: ") && Contains("hint: "));
    CHECK(refused.out.empty());
  }
}

TEST_CASE("the proof binds the exact bytes") {
  const Signed bundle;
  bundle.save_proof(bundle.text);
  const auto good = bundle.verify({"--ca", bundle.ca});
  INFO(good.err);
  CHECK(good.status == 0);
  CHECK_THAT(good.out, Contains("exact bytes  good: the " + std::to_string(bundle.text.size()) +
                                " bytes 127.0.10.1 sent to 127.0.10.2") &&
                           Contains("anchor       not checked"));
  bundle.save(bundle.text + "\n");  // the same values, other bytes
  const auto other = bundle.verify({"--ca", bundle.ca});
  CHECK(other.status == EX_DATAERR);
  CHECK_THAT(other.err, Contains("other bytes"));
  std::filesystem::remove(bundle.file + ".proof");
  CHECK(bundle.verify({"--ca", bundle.ca}).status == 0);
}

TEST_CASE("a proof that names no ledger entry is refused where the ledger can be checked") {
  const Signed bundle;
  bundle.save_proof(bundle.text);
  const auto refused = bundle.verify({"--federation", bundle.federation});
  CHECK(refused.status == EX_DATAERR);
  CHECK_THAT(refused.err, Contains("proof: "));
}

TEST_CASE("a bundle without an anchor is refused where the federation has revoked its signer") {
  const Signed bundle;
  auto member = json::parse(invoke({"keys", "show", "--config", bundle.config}).out);
  for (auto& key : member["keys"]) key["from"] = "2026-01-01T00:00:00.000Z";
  member["status"] = "revoked";
  member["revocation"] = {
      {"cutoff", {{"origin", kAddress.origin()}, {"size", 7}, {"root", std::string(64, 'a')}}}};
  std::ofstream(bundle.federation) << test_support::first_document({{"members", {member}}});
  const auto refused = bundle.verify({"--federation", bundle.federation});
  CHECK(refused.status == EX_DATAERR);
  CHECK_THAT(refused.err, Contains("sign-1: not anchored, and the key has ended"));
}

TEST_CASE("a bundle is shown as text and as a page") {
  const Signed bundle;
  const auto text = invoke({"bundle", "show", bundle.file});
  CHECK(text.status == 0);
  CHECK(text.out.size() > 100);
  CHECK(json::parse(invoke({"bundle", "show", bundle.file, "--json"}).out)["text"] == text.out);
  CHECK(invoke({"bundle", "show", "-", "-o", "-"}, bundle.text).out == text.out);
  const auto page = bundle.dir / "b.html";
  CHECK(invoke({"bundle", "show", bundle.file, "--html", "-o", page.string()}).status == 0);
  CHECK_THAT(test_support::read_file(page), Catch::StartsWith("<!DOCTYPE html>") || Contains("<html"));
  CHECK(invoke({"bundle", "show", bundle.config}).status == EX_DATAERR);
}

// The bundle has no anchor here, so it counts as later than every end; ledger_core's tests walk along the
// places.
TEST_CASE("the signer's own log says whether the key still counts") {
  const Signed bundle;
  const auto ring = edge::load_keys(bundle.dir / "etc/keys", kAddress);
  const auto log = (bundle.dir / "log").string();
  const auto append = [&](const std::string& body) {
    ledger::JournalOptions options;
    std::filesystem::create_directories(log);
    options.database = log + "/agent.db";
    options.guard = log + "/guard";
    options.origin = kAddress.origin();
    options.sign = [&](const std::string& text) {
      return edge::sign_note(*ring.log.signer, ring.log.key, text);
    };
    options.now = [] { return kNow; };
    ledger::Journal journal(options);
    REQUIRE(journal.append({{"key.revoked", body, ""}}).ok());
  };
  const std::string database = log + "/agent.db";
  const auto verify = [&](const std::string& file) {
    return bundle.verify({"--federation", bundle.federation, "--log", file});
  };
  CHECK(verify(database).status == EX_NOINPUT);
  append(ledger::encode_body(ledger::KeyRevoked{"sign-7", "retired", 0}));
  const auto good = verify(database);
  INFO(good.err);
  CHECK(good.status == 0);
  CHECK_THAT(good.out, Contains("key          good: sign-1 counted then (the signer's log up to entry 1)"));
  CHECK(bundle.verify({"--ca", bundle.ca, "--log", database}).status == EX_USAGE);

  append(ledger::encode_body(ledger::KeyRevoked{"sign-1", "compromised", 9}));
  const auto refused = verify(database);
  CHECK(refused.status == EX_DATAERR);
  CHECK_THAT(refused.err, Contains("sign-1: not anchored, and the key has ended"));
}
