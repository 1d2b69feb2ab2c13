// An exchange between two agents with ports that keep what was asked of them.
#pragma once

#include <catch2/catch.hpp>

#include "agent/core/exchange.h"
#include "ledger-client/core/sha256.h"
#include "tests/support/two_agents.h"

namespace test_exchange {

using namespace edge;

inline constexpr const char* kId = "0193a5d0-7c1e-7abc-8def-0123456789ab";
inline const ledger::TimePoint kNow = *ledger::parse_time("2026-11-22T08:00:00.000Z");

inline constexpr const char* kPatient =
    R"({"resourceType":"Patient","id":"p1","identifier":[{"system":"urn:x","value":"77"}],"name":[{"family":"Doe"}],"birthDate":"1970-01-01"})";
inline constexpr const char* kAllergy =
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
    disclosure.sealed({"entry", 0, {}, "note"});
    Issued issued;
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
  std::function<std::future<ledger::Bytes>(const Manifest&, ledger::ByteView)> seal;

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
    all.seal_manifest = seal;
    if (status) all.member_status = [this](const ledger::Address&) { return *status; };
    return Exchange(std::move(settings), std::move(all)).handle(verified);
  }
};

}  // namespace test_exchange
