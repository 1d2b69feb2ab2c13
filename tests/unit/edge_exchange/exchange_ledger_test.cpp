// The operations that need no patient: ping, and what is asked about ledgers.
#include "tests/unit/edge_exchange/exchange_case.h"

using namespace edge;
using test_exchange::Case;

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
