#include "tests/support/two_agents.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "ledger-client/core/base64.h"
#include "tests/support/signed_federation.h"

namespace test_support {

using nlohmann::json;

namespace {

TestAgent make_agent(const char* address, std::uint8_t seed) {
  const auto parsed = ledger::Address::parse(address);
  const auto key = [](std::uint8_t byte) {
    return edge::make_ed25519_signer(edge::Secret(std::vector<std::uint8_t>(32, byte)));
  };
  TestAgent agent{
      *parsed, key(seed), key(static_cast<std::uint8_t>(seed + 1)), {}, edge::age::Identity::generate()};
  agent.log_key = {parsed->origin(), ledger::NoteKeyType::kEd25519, agent.log->public_key()};
  return agent;
}

json member(const TestAgent& agent, const std::string& status) {
  const auto key = [](const char* id, const char* use, const std::string& text) {
    return json{{"id", id}, {"use", use}, {"public", text}, {"from", "2020-01-01T00:00:00.000Z"}};
  };
  return {
      {"address", agent.address.text()},
      {"name", "Hospital " + agent.address.text()},
      {"roles", {"hospital"}},
      {"status", status},
      {"keys",
       {key("sign-1", "sign", ledger::base64url_encode(agent.sign->public_key().bytes)),
        key("log-1", "log", agent.log_key.to_vkey()), key("age-1", "age", agent.age.recipient().to_text())}}};
}

}  // namespace

edge::LocalIdentity TestAgent::identity() const {
  return {address, sign.get(), edge::make_kid(address, "sign-1")};
}

TwoAgents make_two_agents(const std::string& status_b) {
  edge::initialise_cryptography();
  TwoAgents agents{make_agent("10.20.0.5", 1), make_agent("10.20.0.6", 11), {}};
  const json document =
      first_version({{"members", {member(agents.a, "active"), member(agents.b, status_b)}}});
  auto federation = ledger::parse_federation(document.dump());
  if (!federation) throw std::runtime_error(federation.error().reason);
  agents.federation = std::move(*federation);
  return agents;
}

}  // namespace test_support
