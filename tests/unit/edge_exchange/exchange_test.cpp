#include "agent/core/exchange.h"

#include "agent/core/fhir/document_check.h"
#include "tests/unit/edge_exchange/exchange_case.h"

using namespace edge;
using test_exchange::Case;

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

TEST_CASE(
    "the manifest's message is made of the entry's place and the payload, before the entry is durable") {
  Case c;
  c.seal = [](const Manifest& manifest, ledger::ByteView inline_bytes) {
    ledger::Bytes message = ledger::to_bytes(ledger::as_bytes(manifest.anchor->entry));
    message.insert(message.end(), inline_bytes.begin(), inline_bytes.end());
    std::promise<ledger::Bytes> made;
    made.set_value(std::move(message));
    return made.get_future();
  };
  auto outcome = c.handle(c.request());
  REQUIRE(std::holds_alternative<Answer>(outcome));
  auto& answer = std::get<Answer>(outcome);
  REQUIRE(answer.message.valid());
  ledger::Bytes expected = ledger::to_bytes(ledger::as_bytes(answer.manifest.anchor->entry));
  expected.insert(expected.end(), answer.payload.inline_bytes.begin(), answer.payload.inline_bytes.end());
  CHECK(answer.message.get() == expected);
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
