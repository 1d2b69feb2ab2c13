#include "agent/core/request.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "ledger-client/core/canonical_json.h"
#include "tests/support/two_agents.h"

using namespace edge;
using nlohmann::json;

namespace {

constexpr const char* kId = "0193a5d0-7c1e-7abc-8def-0123456789ab";

ledger::TimePoint at(const char* text) {
  return *ledger::parse_time(text);
}
const ledger::TimePoint kNow = at("2026-11-22T08:00:00.000Z");

// A request of b to a, changed by the test before it is signed.
struct Case {
  test_support::TwoAgents agents = test_support::make_two_agents();
  RequestPolicy policy{agents.a.address};
  RequestArrival arrival{agents.b.address, kId, ""};
  ledger::TimePoint now = kNow;

  json payload() const {
    return {{"v", 1},
            {"id", kId},
            {"op", "summary"},
            {"from", "10.20.0.6"},
            {"to", "10.20.0.5"},
            {"fed", 1},
            {"issued", "2026-11-22T08:00:00.000Z"},
            {"expires", "2026-11-22T08:10:00.000Z"},
            {"purpose", "TREAT"},
            {"params", {{"patient", {{"system", "urn:x"}, {"value", "77"}}}}}};
  }
  std::string sign(const json& body, const std::string& typ = std::string(message_type::kRequest)) const {
    const auto self = agents.b.identity();
    return sign_jws(*self.signer, self.kid, typ, body.dump());
  }
  VerifyOutcome verify(const std::string& jws) const {
    return verify_request(jws, arrival, agents.federation, policy, now);
  }
};

bool dropped(const VerifyOutcome& outcome) {
  return std::holds_alternative<Dropped>(outcome);
}
std::optional<Code> refused(const VerifyOutcome& outcome) {
  const auto* refusal = std::get_if<RefusedRequest>(&outcome);
  return refusal == nullptr ? std::nullopt : std::optional(refusal->refusal.code);
}

}  // namespace

TEST_CASE("a request survives signing and verification") {
  Case c;
  const Request request{{kId, c.agents.b.address, c.agents.a.address, 1, kNow},
                        Operation::kSummary,
                        kNow + std::chrono::minutes(10),
                        "TREAT",
                        {{"urn:x", "77"}, {fhir::Section::kAllergies}, "emergency room"}};
  const auto outcome = c.verify(sign_request(request, c.agents.b.identity()));
  REQUIRE(std::holds_alternative<VerifiedRequest>(outcome));
  const auto& verified = std::get<VerifiedRequest>(outcome);
  CHECK(verified.sender().address == c.agents.b.address);
  CHECK(verified.request().query.patient.value == "77");
  CHECK(verified.request().query.sections == std::vector{fhir::Section::kAllergies});
  CHECK(verified.request().query.reason == "emergency room");
}

TEST_CASE("what is not authentic is dropped without an answer") {
  Case c;
  SECTION("signed by somebody else under the sender's name") {
    const auto self = c.agents.b.identity();
    CHECK(
        dropped(c.verify(sign_jws(*c.agents.a.sign, self.kid, message_type::kRequest, c.payload().dump()))));
  }
  SECTION("another kid") {
    CHECK(dropped(c.verify(
        sign_jws(*c.agents.b.sign, "10-20-0-5#sign-1", message_type::kRequest, c.payload().dump()))));
    CHECK(dropped(c.verify(
        sign_jws(*c.agents.b.sign, "10-20-0-6#sign-2", message_type::kRequest, c.payload().dump()))));
  }
  SECTION("another typ: a receipt is no request") {
    CHECK(dropped(c.verify(c.sign(c.payload(), "ehr-receipt+jws"))));
  }
  SECTION("topic and payload disagree") {
    auto body = c.payload();
    SECTION("from") {
      body["from"] = "10.20.0.7";
    }
    SECTION("to: forwarded to somebody else") {
      body["to"] = "10.20.0.9";
    }
    SECTION("id: moved to another topic") {
      body["id"] = "0193a5d0-7c1e-7abc-8def-0123456789ac";
    }
    SECTION("an address in another spelling") {
      body["to"] = "010.20.0.5";
    }
    CHECK(dropped(c.verify(c.sign(body))));
  }
  SECTION("unknown members, duplicate members, not an object") {
    auto body = c.payload();
    body["extra"] = 1;
    CHECK(dropped(c.verify(c.sign(body))));
    const auto self = c.agents.b.identity();
    CHECK(dropped(c.verify(sign_jws(*self.signer, self.kid, message_type::kRequest, R"({"v":1,"v":1})"))));
    CHECK(dropped(c.verify(sign_jws(*self.signer, self.kid, message_type::kRequest, "[]"))));
    CHECK(
        dropped(c.verify(sign_jws(*self.signer, self.kid, message_type::kRequest, std::string(5000, '[')))));
  }
  SECTION("larger than the limit") {
    c.policy.max_bytes = 100;
    CHECK(dropped(c.verify(c.sign(c.payload()))));
  }
}

TEST_CASE("a request out of its time, or of its key's, names both times, as a clock may be wrong") {
  Case c;
  const auto signed_request = c.sign(c.payload());
  const auto reason_at = [&](ledger::TimePoint now) {
    c.now = now;
    const auto outcome = c.verify(signed_request);
    if (const auto* dropped = std::get_if<Dropped>(&outcome)) {
      CHECK(dropped->unknown_key);  // a newer document may list it for longer
      return dropped->reason;
    }
    return std::get<RefusedRequest>(outcome).refusal.reason;
  };
  const auto late = kNow + std::chrono::hours(1), early = kNow - std::chrono::hours(1);
  CHECK(reason_at(late) == "expired at " + ledger::format_time(kNow + std::chrono::minutes(10)) +
                               ", and the clock here says " + ledger::format_time(late));
  CHECK(reason_at(early) == "issued in the future, at " + ledger::format_time(kNow) +
                                ", and the clock here says " + ledger::format_time(early));
  const auto before_key = kNow - std::chrono::hours(24 * 3650);
  const auto no_key = reason_at(before_key);
  CHECK(no_key.find(kUnknownKey) == 0);
  CHECK(no_key.find("it is listed from ") != std::string::npos);
  CHECK(no_key.find("the clock here says " + ledger::format_time(before_key)) != std::string::npos);
}

TEST_CASE("what is authentic but not acceptable has its code") {
  Case c;
  auto body = c.payload();
  std::optional<Code> expected;
  SECTION("expired") {
    c.now = kNow + std::chrono::minutes(12), expected = Code::kExpired;
  }
  SECTION("within the clock tolerance") {
    c.now = kNow + std::chrono::minutes(10) + std::chrono::seconds(59);
  }
  SECTION("issued in the future") {
    c.now = kNow - std::chrono::minutes(2), expected = Code::kExpired;
  }
  SECTION("lives too long") {
    body["expires"] = "2026-11-22T08:15:00.001Z", expected = Code::kExpired;
  }
  SECTION("ends before it begins") {
    body["expires"] = "2026-11-22T07:59:00.000Z", expected = Code::kExpired;
  }
  SECTION("behind the watermark, though the clock went back") {
    c.policy.watermark = at("2026-11-22T08:10:00.000Z"), expected = Code::kExpired;
  }
  SECTION("no time") {
    body["expires"] = "soon", expected = Code::kMalformed;
  }
  SECTION("another federation version") {
    body["fed"] = 2, expected = Code::kUnsupported;
  }
  SECTION("unknown operation") {
    body["op"] = "delete", expected = Code::kUnsupported;
  }
  SECTION("operation of another type") {
    body["op"] = 7, expected = Code::kUnsupported;
  }
  SECTION("purpose is no code") {
    body["purpose"] = "because I say so", expected = Code::kMalformed;
  }
  SECTION("no patient") {
    body["params"] = json::object(), expected = Code::kMalformed;
  }
  SECTION("empty value") {
    body["params"]["patient"]["value"] = "", expected = Code::kMalformed;
  }
  SECTION("unknown parameter") {
    body["params"]["limit"] = 3, expected = Code::kMalformed;
  }
  SECTION("unknown section") {
    body["params"]["sections"] = {"secrets"}, expected = Code::kMalformed;
  }
  SECTION("the same section twice") {
    body["params"]["sections"] = {"results", "results"}, expected = Code::kMalformed;
  }
  SECTION("ping with parameters") {
    body["op"] = "ping", expected = Code::kMalformed;
  }
  SECTION("a response topic of somebody else") {
    c.arrival.response_topic = "ehr/v1/10-20-0-7/response/10-20-0-5/" + std::string(kId),
    expected = Code::kMalformed;
  }
  SECTION("the right response topic") {
    c.arrival.response_topic = "ehr/v1/10-20-0-6/response/10-20-0-5/" + std::string(kId);
  }
  const auto code = refused(c.verify(c.sign(body)));
  CHECK((code ? code_text(*code) : "") == (expected ? code_text(*expected) : ""));
}

TEST_CASE("requests about ledgers carry canonical params and one purpose") {
  Case c;
  auto body = c.payload();
  body["purpose"] = "HOPERAT";
  body["op"] = "ledger-range";
  body["params"] = {{"origin", "ehr/10-20-0-7"}, {"from", 5}, {"count", 10}};
  const auto outcome = c.verify(c.sign(body));
  REQUIRE(std::holds_alternative<VerifiedRequest>(outcome));
  const Request& request = std::get<VerifiedRequest>(outcome).request();
  CHECK(request.operation == Operation::kLedgerRange);
  CHECK(request.params == R"({"count":10,"from":5,"origin":"ehr/10-20-0-7"})");
  CHECK(std::holds_alternative<VerifiedRequest>(c.verify(sign_request(request, c.agents.b.identity()))));

  std::optional<Code> expected = Code::kMalformed;
  SECTION("another purpose") {
    body["purpose"] = "TREAT";
  }
  SECTION("params of another operation") {
    body["op"] = "cosign";
  }
  SECTION("params of a patient") {
    body["params"] = c.payload()["params"];
  }
  SECTION("no params") {
    body["params"] = json::object();
  }
  SECTION("params that are no object") {
    body["params"] = json::array({1});
  }
  SECTION("one param too many") {
    body["params"]["more"] = 1;
  }
  SECTION("a proof") {
    body["op"] = "ledger-proof";
    body["params"] = {{"origin", "ehr/10-20-0-7"}, {"old_size", 5}, {"size", 10}};
    expected.reset();
  }
  SECTION("a proof backwards") {
    body["op"] = "ledger-proof";
    body["params"] = {{"origin", "ehr/10-20-0-7"}, {"old_size", 5}, {"size", 4}};
  }
  SECTION("a cosignature") {
    body["op"] = "cosign";
    body["params"] = {{"body", "old 0\n"}};
    expected.reset();
  }
  CHECK(refused(c.verify(c.sign(body))) == expected);
}

TEST_CASE("operations have one name each") {
  for (const Operation operation : {Operation::kPing, Operation::kSummary, Operation::kEverything,
                                    Operation::kLedgerRange, Operation::kLedgerProof, Operation::kCosign}) {
    CHECK(operation_from_text(operation_text(operation)) == operation);
    CHECK_FALSE((about_patient(operation) && about_ledger(operation)));
  }
  CHECK_FALSE(operation_from_text("delete"));
}

TEST_CASE("a revoked member is told so, and nothing else") {
  Case c;
  c.agents = test_support::make_two_agents("revoked");
  CHECK(refused(c.verify(c.sign(c.payload()))) == Code::kNotAMember);
}
