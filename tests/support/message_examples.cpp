#include "tests/support/message_examples.h"

#include "agent/core/federation_query.h"
#include "agent/core/ledger_query.h"
#include "agent/core/reply.h"
#include "agent/core/request.h"
#include "agent/core/transfer/ciphertext_hasher.h"
#include "ledger-client/core/base64.h"
#include "ledger-client/core/sha256.h"

namespace test_support {

using namespace edge;

namespace {

constexpr const char* kId = "0193a5d0-7c1e-7abc-8def-0123456789ab";

// Requests go from b to a, so answers go from a to b.
struct Conversation {
  explicit Conversation(const TwoAgents& two) : agents(two) {}

  const TwoAgents& agents;
  ledger::TimePoint now = *ledger::parse_time("2026-11-22T08:00:00.000Z");
  ledger::Hash request_sha256 = ledger::sha256("request");
  ledger::Hash plaintext_sha256 = ledger::sha256("plaintext");

  Envelope from_b() const { return {kId, agents.b.address, agents.a.address, 1, now}; }
  Envelope from_a() const { return {kId, agents.a.address, agents.b.address, 1, now}; }

  std::string request(Operation operation, RecordQuery query) const {
    return sign_request({from_b(), operation, now + std::chrono::minutes(10), "TREAT", std::move(query)},
                        agents.b.identity());
  }

  std::string ledger_request(Operation operation, std::string params) const {
    return sign_request({from_b(),
                         operation,
                         now + std::chrono::minutes(10),
                         std::string(kOperationsPurpose),
                         {},
                         std::move(params)},
                        agents.b.identity());
  }

  Manifest manifest(std::size_t size) const {
    CiphertextHasher hasher;
    hasher.update(ledger::Bytes(size, 7));
    const auto digests = hasher.finish();
    Manifest manifest{from_a()};
    manifest.request_sha256 = request_sha256;
    manifest.content_type = "application/fhir+json";
    manifest.encoding = "zstd";
    manifest.plaintext_size = 5 * size;
    manifest.plaintext_sha256 = plaintext_sha256;
    manifest.ciphertext_size = size;
    manifest.ciphertext_sha256 = digests.sha256;
    manifest.chunk_size = 262'144;
    manifest.chunk_count = size > 65'536 ? digests.chunk_roots.size() : 0;
    manifest.merkle_root = digests.merkle_root;
    return manifest;
  }

  void anchor(Manifest& manifest) const {
    const std::string origin = agents.a.address.origin();
    manifest.salt = ledger::Salt{1, 2, 3};
    const ledger::BundleIssued issued{
        kId,
        agents.b.address.text(),
        "TREAT",
        manifest.ciphertext_sha256,
        manifest.merkle_root,
        manifest.ciphertext_size,
        ledger::commitment(*manifest.salt, ledger::kCommitPlaintext, manifest.plaintext_sha256),
        ledger::sha256("patient")};
    const auto line = ledger::encode_entry(
        {2, origin, ledger::sha256("the line before"), now, "bundle.issued", ledger::encode_body(issued)});
    const ledger::Hash before = ledger::sha256("the tree before");
    const ledger::Checkpoint checkpoint{origin, 3,
                                        ledger::node_hash(before, ledger::leaf_hash(ledger::as_bytes(line)))};
    const std::string text = checkpoint.to_text();
    manifest.anchor =
        Anchor{line, 2, {before}, text + "\n" + sign_note(*agents.a.log, agents.a.log_key, text)};
  }
};

}  // namespace

std::vector<MessageExample> message_examples(const TwoAgents& agents) {
  const Conversation c(agents);
  const LocalIdentity a = agents.a.identity(), b = agents.b.identity();
  Manifest anchored = c.manifest(600'000);
  c.anchor(anchored);
  return {
      {"request", "ping", c.request(Operation::kPing, {})},
      {"request", "summary",
       c.request(Operation::kSummary, {{"urn:oid:1.2.276.0.76.4.8", "77"},
                                       {fhir::Section::kAllergies, fhir::Section::kMedications},
                                       "emergency room"})},
      {"request", "everything", c.request(Operation::kEverything, {{"", "77"}, {}, ""})},
      {"request", "ledger-range",
       c.ledger_request(Operation::kLedgerRange,
                        encode_params(LedgerRangeQuery{"ehr/10-20-0-5", 41, kMaxRangeEntries}))},
      {"request", "ledger-proof",
       c.ledger_request(Operation::kLedgerProof, encode_params(LedgerProofQuery{"ehr/10-20-0-5/2", 3, 7}))},
      {"request", "federation-range",
       c.ledger_request(Operation::kFederationRange, encode_params(FederationRangeQuery{2, 100}))},
      {"request", "cosign",
       c.ledger_request(Operation::kCosign,
                        encode_params(CosignQuery{"old 0\n\nehr/10-20-0-6\n1\n"
                                                  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"
                                                  "\u2014 ehr/10-20-0-6 AAAA\n"}))},
      {"manifest", "anchored", sign_manifest(anchored, a)},
      {"manifest", "inline-without-anchor", sign_manifest(c.manifest(1'000), a)},
      {"error", "not-available", sign_error({c.from_a(), c.request_sha256, Code::kNotAvailable}, a)},
      {"error", "busy", sign_error({c.from_a(), c.request_sha256, Code::kBusy}, a)},
      {"ack", "on-the-way", sign_ack({c.from_b(), 9, {3, 7}}, b)},
      {"ack", "nothing-missing", sign_ack({c.from_b(), 3, {}}, b)},
      {"receipt", "example",
       sign_receipt({c.from_b(), c.request_sha256, anchored.ciphertext_sha256, c.plaintext_sha256}, b)},
  };
}

std::string payload_of(const std::string& jws) {
  const auto first = jws.find('.'), second = jws.find('.', first + 1);
  const auto bytes = ledger::base64url_decode(std::string_view(jws).substr(first + 1, second - first - 1));
  return bytes ? std::string(ledger::as_text(*bytes)) : std::string();
}

}  // namespace test_support
