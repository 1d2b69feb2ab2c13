#include "tests/support/signed_federation.h"

#include "agent/core/federation_signing.h"
#include "ledger-client/core/base64.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/sha256.h"

namespace test_support {

using nlohmann::json;

json TestAdmin::listed() const {
  return {{"id", id}, {"key", ledger::base64url_encode(signer->public_key().bytes)}};
}

TestAdmin test_admin(const std::string& id, std::uint8_t number) {
  edge::initialise_cryptography();
  auto seed = ledger::sha256(id);
  seed[0] = static_cast<std::uint8_t>(seed[0] + number);
  return {id, edge::make_ed25519_signer(edge::Secret(std::span<const std::uint8_t>(seed)))};
}

json first_version(json payload) {
  if (!payload.contains("v")) payload["v"] = 1;
  if (!payload.contains("version")) payload["version"] = 1;
  if (!payload.contains("threshold")) payload["threshold"] = 1;
  if (!payload.contains("admins")) payload["admins"] = json::array({test_admin("alice").listed()});
  return payload;
}

std::string signed_by(const json& payload, const std::vector<TestAdmin>& admins) {
  std::string document = edge::unsigned_federation(payload.dump());
  for (const TestAdmin& admin : admins) document = edge::add_vote(document, admin.id, *admin.signer);
  return document;
}

std::string first_document(const json& payload) {
  return signed_by(first_version(payload), {test_admin("alice")});
}

std::string payload_sha256(const json& payload) {
  return ledger::to_hex(ledger::sha256(ledger::canonical_json(payload)));
}

json next_version(json payload) {
  payload["prev"] = payload_sha256(payload);
  payload["version"] = payload["version"].get<std::uint64_t>() + 1;
  return payload;
}

}  // namespace test_support
