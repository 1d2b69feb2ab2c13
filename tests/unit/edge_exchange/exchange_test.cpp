#include "agent/core/exchange.h"

#include <catch2/catch.hpp>

#include "agent/core/fhir/document_check.h"
#include "ledger-client/core/sha256.h"
#include "tests/support/two_agents.h"

using namespace edge;

namespace {

constexpr const char* kId = "0193a5d0-7c1e-7abc-8def-0123456789ab";
const ledger::TimePoint kNow = *ledger::parse_time("2026-11-22T08:00:00.000Z");

constexpr const char* kPatient =
    R"({"resourceType":"Patient","id":"p1","identifier":[{"system":"urn:x","value":"77"}],"name":[{"family":"Doe"}],"birthDate":"1970-01-01"})";
constexpr const char* kAllergy =
    R"({"resourceType":"AllergyIntolerance","id":"a1","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},"code":{"text":"Nuts"},"patient":{"reference":"Patient/p1"}})";

// Ports that keep what was asked of them, in order.
struct Ports : RecordSource, Spool, DisclosureLog {
  std::vector<std::string> calls;
  bool his_down = false, ambiguous = false, ledger_full = false;
  std::optional<KnownRequest> known_request;
  ledger::Bytes spooled;

  PatientLookup find(const fhir::Identifier& identifier) override {
    calls.emplace_back("find");
    if (his_down) throw Unavailable("HIS is down");
    if (ambiguous) return PatientAmbiguous{};
    if (identifier.value != "77") return PatientUnknown{};
    return PatientFound{"Patient/p1"};
  }
  void stream(const std::string& key, const std::function<bool(fhir::Prepared&&)>& take) override {
    stream_sections(key, take);
  }
  void stream_sections(const std::string&, const std::function<bool(fhir::Prepared&&)>& take) override {
    calls.emplace_back("stream");
    for (const char* text : {kPatient, kAllergy}) {
      auto prepared = fhir::prepare(text, "");
      REQUIRE(prepared);
      if (!take(std::move(*prepared))) return;
    }
  }
  std::vector<fhir::Prepared> fetch(const std::vector<std::string>&) override { return {}; }
  std::vector<std::string> unavailable_kinds() const override { return {}; }

  struct Writer : SpoolWriter {
    explicit Writer(Ports& owner) : ports(owner) {}
    void write(ledger::ByteView bytes) override {
      ports.spooled.insert(ports.spooled.end(), bytes.begin(), bytes.end());
    }
    void finish(StoredPayload& payload) override {
      ports.calls.emplace_back("spooled");
      payload.inline_bytes = ports.spooled;
    }
    void discard() override { ports.calls.emplace_back("discarded"); }
    Ports& ports;
  };
  std::unique_ptr<SpoolWriter> begin() override { return std::make_unique<Writer>(*this); }

  std::optional<KnownRequest> known(const ledger::Address&, const std::string&) override {
    calls.emplace_back("known");
    return known_request;
  }
  Outcome<Anchor> issue(const Disclosure& disclosure) override {
    calls.emplace_back("issue");
    if (ledger_full) return Refusal{Code::kFailed, "no room"};
    CHECK(disclosure.payload.seal.ciphertext.sha256 == ledger::sha256(spooled));
    return Anchor{"entry", 0, {}, "note"};
  }
};

struct Case {
  test_support::TwoAgents agents = test_support::make_two_agents();
  Ports ports;
  std::vector<Allowance> allowances{{agents.b.address, {"TREAT"}}};

  VerifiedRequest request(const std::string& patient = "77", Operation operation = Operation::kSummary) {
    const Request request{{kId, agents.b.address, agents.a.address, 1, kNow},
                          operation,
                          kNow + std::chrono::minutes(10),
                          "TREAT",
                          {{"urn:x", patient}, {}, ""}};
    const RequestArrival arrival{agents.b.address, kId, ""};
    return std::get<VerifiedRequest>(verify_request(sign_request(request, agents.b.identity()), arrival,
                                                    agents.federation, {agents.a.address}, kNow));
  }
  ExchangeOutcome handle(const VerifiedRequest& verified) {
    const Exchange exchange({agents.a.identity(), {}, allowances, {}, "Hospital A", "0", 1 << 24},
                            {&ports, &ports, &ports, [] { return kNow; },
                             [counter = std::uint8_t{0}](std::span<std::uint8_t> out) mutable {
                               std::fill(out.begin(), out.end(), ++counter);
                             }});
    return exchange.handle(verified);
  }
};

}  // namespace

TEST_CASE("a verified request becomes a signed bundle that only its receiver can open") {
  Case c;
  const auto outcome = c.handle(c.request());
  REQUIRE(std::holds_alternative<Answer>(outcome));
  CHECK(c.ports.calls == std::vector<std::string>{"known", "find", "stream", "spooled", "issue"});
  const auto& answer = std::get<Answer>(outcome);
  const auto identities = c.agents.b.identities();
  PayloadOpener opener(identities, answer.manifest.encoding, answer.manifest.plaintext_size);
  REQUIRE(opener.write(answer.payload.inline_bytes));
  const auto text = opener.finish(answer.manifest.plaintext_sha256);
  REQUIRE(text);
  const auto bundle = fhir::check_bundle(*text);
  INFO((bundle ? std::string() : bundle.error().reason) << "\n" << *text);
  REQUIRE(bundle);
  CHECK(fhir::verify_signature(*bundle, c.agents.a.sign->public_key()));
  CHECK_FALSE(fhir::verify_signature(*bundle, c.agents.b.sign->public_key()));
  CHECK(fhir::has_identifier(*bundle, {"urn:x", "77"}));
  CHECK_FALSE(fhir::has_identifier(*bundle, {"urn:x", "78"}));
}

TEST_CASE("unknown, ambiguous and forbidden are one refusal after the same look-up") {
  Case c;
  std::string patient = "77";
  SECTION("unknown") {
    patient = "78";
  }
  SECTION("ambiguous") {
    c.ports.ambiguous = true;
  }
  SECTION("forbidden") {
    c.allowances.clear();
  }
  SECTION("forbidden and unknown") {
    c.allowances.clear(), patient = "78";
  }
  const auto outcome = c.handle(c.request(patient));
  REQUIRE(std::holds_alternative<Refusal>(outcome));
  CHECK(std::get<Refusal>(outcome).code == Code::kNotAvailable);
  CHECK(c.ports.calls == std::vector<std::string>{"known", "find"});
}

TEST_CASE("a HIS that is down is `failed`, for everybody") {
  Case c;
  c.ports.his_down = true;
  SECTION("allowed") {}
  SECTION("not allowed") {
    c.allowances.clear();
  }
  const auto outcome = c.handle(c.request());
  REQUIRE(std::holds_alternative<Refusal>(outcome));
  CHECK(std::get<Refusal>(outcome).code == Code::kFailed);
}

TEST_CASE("nothing leaves when the ledger does not take the entry") {
  Case c;
  c.ports.ledger_full = true;
  const auto outcome = c.handle(c.request());
  REQUIRE(std::holds_alternative<Refusal>(outcome));
  CHECK(c.ports.calls ==
        std::vector<std::string>{"known", "find", "stream", "spooled", "issue", "discarded"});
}

TEST_CASE("a used id: the same request is repeated, another one is replayed, and the HIS is not asked") {
  Case c;
  const auto request = c.request();
  c.ports.known_request = KnownRequest{request.sha256(), true, Code::kFailed};
  CHECK(std::holds_alternative<Repeated>(c.handle(request)));
  c.ports.known_request->sha256[0] ^= 1U;
  const auto outcome = c.handle(request);
  REQUIRE(std::holds_alternative<Refusal>(outcome));
  CHECK(std::get<Refusal>(outcome).code == Code::kReplayed);
  CHECK(c.ports.calls == std::vector<std::string>{"known", "known"});
}

TEST_CASE("ping is answered without the ledger") {
  Case c;
  const auto outcome = c.handle(c.request("", Operation::kPing));
  REQUIRE(std::holds_alternative<Answer>(outcome));
  CHECK_FALSE(std::get<Answer>(outcome).manifest.anchor);
  CHECK(c.ports.calls == std::vector<std::string>{"known"});
}
