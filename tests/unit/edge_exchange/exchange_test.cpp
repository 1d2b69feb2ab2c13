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
struct Ports : RecordSource, Spool, DisclosureLog, LedgerAnswers, ConsentBook {
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

  Outcome<std::string> range(const LedgerRangeQuery& query) override {
    calls.emplace_back("range");
    if (query.origin != "ehr/10-20-0-5") return Refusal{Code::kNotAvailable, "not held"};
    std::string text;
    for (std::size_t i = 0; text.size() < ledger_bytes; ++i)
      text += ledger::to_hex(ledger::sha256(std::to_string(i)));
    return text;
  }
  Outcome<std::string> proof(const LedgerProofQuery&) override {
    calls.emplace_back("proof");
    throw Unavailable("the disk is away");
  }
  Outcome<std::string> cosign(const ledger::Member& asker, const CosignQuery& query) override {
    calls.emplace_back("cosign");
    return asker.address.text() + " " + query.body;
  }
  std::size_t ledger_bytes = 1'000;

  struct Writer : SpoolWriter {
    explicit Writer(Ports& owner) : ports(owner) {}
    void write(ledger::ByteView bytes) override {
      ports.spooled.insert(ports.spooled.end(), bytes.begin(), bytes.end());
    }
    void finish(StoredPayload& payload) override {
      ports.calls.emplace_back("spooled");
      payload.inline_bytes = ports.spooled;
    }
    void discard() override {
      ports.calls.emplace_back("discarded");
      ports.spooled.clear();
    }
    Ports& ports;
  };
  std::unique_ptr<SpoolWriter> begin() override { return std::make_unique<Writer>(*this); }

  std::optional<KnownRequest> known(const ledger::Address&, const std::string&) override {
    calls.emplace_back("known");
    return known_request;
  }
  IssueOutcome issue(const Disclosure& disclosure) override {
    calls.emplace_back("issue");
    if (ledger_full) return Refusal{Code::kFailed, "no room"};
    CHECK(disclosure.payload.seal.ciphertext.sha256 == ledger::sha256(spooled));
    if (meanwhile) std::exchange(meanwhile, {})();
    const auto again = disclosure.decide_again(consents);
    if (!(again.permitted == disclosure.decision.permitted)) return ConsentChanged{};
    signed_by.push_back(disclosure.signer_kid);
    if (disclosure.signer_kid == ended_kid) return SignerChanged{};
    Issued issued{Anchor{"entry", 0, {}, "note"}, std::nullopt};
    if (disclosure.decision.break_glass) issued.break_glass_entry = 1;
    return issued;
  }
  std::vector<std::string> signed_by;
  std::string ended_kid;            // nothing of it is anchored
  std::function<void()> meanwhile;  // between the decision and the entry
  std::vector<Consent> consents;
  std::string asked_about;
  std::vector<Consent> consents_of(const std::string& key) override {
    calls.emplace_back("consents");
    asked_about = key;
    return consents;
  }
};

struct Case {
  test_support::TwoAgents agents = test_support::make_two_agents();
  Ports ports;
  bool shows_ledgers = true;
  bool break_glass = false;
  std::string purpose = "TREAT", reason;
  std::optional<ledger::MemberStatus> status;
  std::vector<LocalIdentity> signers;  // one bundle after another; none: the agent's own

  Case() { ports.consents = {policy()}; }
  Consent policy() const {
    return {"policy",
            {},
            true,
            {{Effect::kPermit, {agents.b.address}, {}, {"TREAT"}, SectionSet::all(), {}, {}}}};
  }
  static Consent denial() { return {"own", "Patient/p1", true, {ConsentRule{}}}; }

  VerifiedRequest request(const std::string& patient = "77", Operation operation = Operation::kSummary) {
    const Request request{{kId, agents.b.address, agents.a.address, 1, kNow},
                          operation,
                          kNow + std::chrono::minutes(10),
                          purpose,
                          {{"urn:x", patient}, {}, reason}};
    const RequestArrival arrival{agents.b.address, kId, ""};
    return std::get<VerifiedRequest>(verify_request(sign_request(request, agents.b.identity()), arrival,
                                                    agents.federation, {agents.a.address}, kNow));
  }
  VerifiedRequest ledger_request(Operation operation, const std::string& params) {
    const Request request{{kId, agents.b.address, agents.a.address, 1, kNow},
                          operation,
                          kNow + std::chrono::minutes(10),
                          std::string(kOperationsPurpose),
                          {},
                          params};
    return std::get<VerifiedRequest>(verify_request(sign_request(request, agents.b.identity()),
                                                    {agents.b.address, kId, ""}, agents.federation,
                                                    {agents.a.address}, kNow));
  }
  ExchangeOutcome handle(const VerifiedRequest& verified) {
    ExchangeSettings settings{agents.a.identity(), {}, {}, "Hospital A", "0", 1 << 24, {}, false,
                              break_glass};
    ExchangePorts all{&ports,
                      &ports,
                      &ports,
                      &ports,
                      [] { return kNow; },
                      [counter = std::uint8_t{0}](std::span<std::uint8_t> out) mutable {
                        std::fill(out.begin(), out.end(), ++counter);
                      },
                      shows_ledgers ? &ports : nullptr,
                      {}};
    if (!signers.empty())
      all.bundle_signer = [this] {
        const LocalIdentity next = signers.front();
        if (signers.size() > 1) signers.erase(signers.begin());
        return BundleSigner{next, {}};
      };
    if (status) all.member_status = [this](const ledger::Address&) { return *status; };
    return Exchange(std::move(settings), std::move(all)).handle(verified);
  }
};

}  // namespace

TEST_CASE("a verified request becomes a signed bundle that only its receiver can open") {
  Case c;
  const auto outcome = c.handle(c.request());
  REQUIRE(std::holds_alternative<Answer>(outcome));
  CHECK(c.ports.calls == std::vector<std::string>{"known", "find", "consents", "stream", "spooled", "issue"});
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
    c.ports.consents.clear();
  }
  SECTION("forbidden and unknown") {
    c.ports.consents.clear(), patient = "78";
  }
  const auto outcome = c.handle(c.request(patient));
  REQUIRE(std::holds_alternative<Refusal>(outcome));
  CHECK(std::get<Refusal>(outcome).code == Code::kNotAvailable);
  CHECK(c.ports.calls == std::vector<std::string>{"known", "find", "consents"});
}

TEST_CASE("a consent that is revoked while the bundle is made counts") {
  Case c;
  c.ports.meanwhile = [&] { c.ports.consents.push_back(Case::denial()); };
  const auto outcome = c.handle(c.request());
  REQUIRE(std::holds_alternative<Refusal>(outcome));
  CHECK(std::get<Refusal>(outcome).code == Code::kNotAvailable);
  CHECK(std::get<Refusal>(outcome).reason == "denied by consent own");
  CHECK(c.ports.calls == std::vector<std::string>{"known", "find", "consents", "stream", "spooled", "issue",
                                                  "discarded", "consents"});
}

TEST_CASE("a consent that is narrowed while the bundle is made gives a narrower bundle") {
  Case c;
  Consent narrow = Case::denial();
  narrow.rules[0].sections = {fhir::Section::kAllergies};
  c.ports.meanwhile = [&] { c.ports.consents.push_back(narrow); };
  const auto outcome = c.handle(c.request());
  REQUIRE(std::holds_alternative<Answer>(outcome));
  const auto& answer = std::get<Answer>(outcome);
  const auto identities = c.agents.b.identities();
  PayloadOpener opener(identities, answer.manifest.encoding, answer.manifest.plaintext_size);
  REQUIRE(opener.write(answer.payload.inline_bytes));
  const auto text = opener.finish(answer.manifest.plaintext_sha256);
  REQUIRE(text);
  CHECK(text->find("Nuts") == std::string::npos);
  CHECK(fhir::check_bundle(*text).ok());
}

TEST_CASE("consents are looked up for the patient's key of the HIS, and for nobody's where there is none") {
  Case c;
  (void)c.handle(c.request());
  CHECK(c.ports.asked_about == "Patient/p1");
  (void)c.handle(c.request("78"));
  CHECK(c.ports.asked_about.empty());
}

TEST_CASE("a member who is not active any more gets nothing, whatever was verified before") {
  Case c;
  c.status = ledger::MemberStatus::kRevoked;
  const auto outcome = c.handle(c.request());
  REQUIRE(std::holds_alternative<Refusal>(outcome));
  CHECK(std::get<Refusal>(outcome).code == Code::kNotAMember);
}

TEST_CASE("breaking the glass: only with a reason, where the hospital allows it, and past no denial") {
  Case c;
  c.purpose = "ETREAT";
  c.reason = "found unconscious";
  c.break_glass = true;
  bool given = false;
  SECTION("it opens") {
    given = true;
  }
  SECTION("no reason") {
    c.reason.clear();
  }
  SECTION("not allowed here") {
    c.break_glass = false;
  }
  SECTION("another purpose") {
    c.purpose = "HRESCH";
  }
  SECTION("denied") {
    c.ports.consents.push_back(Case::denial());
  }
  SECTION("denied meanwhile") {
    c.ports.meanwhile = [&] { c.ports.consents.push_back(Case::denial()); };
  }
  const auto outcome = c.handle(c.request());
  CHECK(std::holds_alternative<Answer>(outcome) == given);
  if (given) {
    CHECK(std::get<Answer>(outcome).break_glass_entry == 1);
  } else {
    CHECK(std::get<Refusal>(outcome).code == Code::kNotAvailable);
  }
}

TEST_CASE("a HIS that is down is `failed`, for everybody") {
  Case c;
  c.ports.his_down = true;
  SECTION("allowed") {}
  SECTION("not allowed") {
    c.ports.consents.clear();
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
        std::vector<std::string>{"known", "find", "consents", "stream", "spooled", "issue", "discarded"});
}

TEST_CASE("a bundle whose signing key ended while it was made is made anew under the next key") {
  Case c;
  const auto old_key = c.agents.a.identity();
  auto new_key = old_key;
  new_key.kid = make_kid(old_key.address, "sign-2");
  c.ports.ended_kid = old_key.kid;
  SECTION("there is a next one") {
    c.signers = {old_key, new_key};
    CHECK(std::holds_alternative<Answer>(c.handle(c.request())));
    CHECK(c.ports.signed_by == std::vector<std::string>{old_key.kid, new_key.kid});
    CHECK(std::count(c.ports.calls.begin(), c.ports.calls.end(), "discarded") == 1);
  }
  SECTION("there is none") {
    c.signers = {old_key};
    const auto outcome = c.handle(c.request());
    REQUIRE(std::holds_alternative<Refusal>(outcome));
    CHECK(std::get<Refusal>(outcome).code == Code::kFailed);
  }
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

TEST_CASE("requests about ledgers are answered from memory, whatever the consents say") {
  Case c;
  c.ports.consents.clear();
  const auto open = [&](const ExchangeOutcome& outcome, const ledger::Bytes& ciphertext) {
    const auto& manifest = std::get<Answer>(outcome).manifest;
    CHECK_FALSE((manifest.anchor || manifest.salt));
    const auto identities = c.agents.b.identities();
    PayloadOpener opener(identities, manifest.encoding, manifest.plaintext_size);
    REQUIRE(opener.write(ciphertext));
    return opener.finish(manifest.plaintext_sha256).value();
  };
  const auto params = encode_params(LedgerRangeQuery{"ehr/10-20-0-5", 0, 10});
  auto outcome = c.handle(c.ledger_request(Operation::kLedgerRange, params));
  REQUIRE(std::holds_alternative<Answer>(outcome));
  CHECK(std::get<Answer>(outcome).manifest.content_type == "text/plain");
  CHECK(std::get<Answer>(outcome).payload.memory.empty());
  CHECK(open(outcome, std::get<Answer>(outcome).payload.inline_bytes).size() >= 1'000);

  // What does not fit into the manifest has chunks, and stays in memory.
  c.ports.ledger_bytes = 600'000;
  outcome = c.handle(c.ledger_request(Operation::kLedgerRange, params));
  const auto& answer = std::get<Answer>(outcome);
  CHECK(answer.payload.inline_bytes.empty());
  CHECK(answer.payload.file.empty());
  CHECK(answer.manifest.chunk_count == 2);
  CHECK(answer.payload.memory.size() == answer.manifest.ciphertext_size);
  CHECK(open(outcome, answer.payload.memory).size() >= 600'000);

  outcome = c.handle(c.ledger_request(Operation::kCosign, encode_params(CosignQuery{"old 0"})));
  CHECK(std::get<Answer>(outcome).manifest.content_type == "application/json");
  CHECK(open(outcome, std::get<Answer>(outcome).payload.inline_bytes) == "10.20.0.6 old 0");
  CHECK(c.ports.calls == std::vector<std::string>{"known", "range", "known", "range", "known", "cosign"});
}

TEST_CASE("requests about ledgers are refused with their code") {
  Case c;
  Operation operation = Operation::kLedgerRange;
  std::string params = encode_params(LedgerRangeQuery{"ehr/10-20-0-9", 0, 10});
  Code expected = Code::kNotAvailable;
  SECTION("unknown origin") {}
  SECTION("the log can't be read") {
    operation = Operation::kLedgerProof, expected = Code::kFailed;
    params = encode_params(LedgerProofQuery{"ehr/10-20-0-5", 1, 2});
  }
  SECTION("no ledgers are shown") {
    c.shows_ledgers = false, expected = Code::kUnsupported;
  }
  SECTION("the id was used for something else") {
    c.ports.known_request = KnownRequest{ledger::sha256("another"), true, Code::kFailed};
    expected = Code::kReplayed;
  }
  const auto outcome = c.handle(c.ledger_request(operation, params));
  REQUIRE(std::holds_alternative<Refusal>(outcome));
  CHECK(std::get<Refusal>(outcome).code == expected);
}
