// What a foreign JOSE library is tried against: this project's messages and federation documents, and its
// verdicts on somebody else's. A verdict is the status: 0 accepted, 1 refused with the reason on standard
// output.
//   jose_peer make DIR                        message.jws federation.json detached.jws document.json
//   jose_peer federation FILE                 open_first
//   jose_peer successor OLD NEW               verify_successor
//   jose_peer draft OLD NEW                   who has approved a draft, one id a line
//   jose_peer message FEDERATION FROM FILE    a request of that member, by the keys of that document
//   jose_peer detached KEY FILE DOCUMENT      KEY: base64url
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/core/envelope.h"
#include "ledger-client/core/base64.h"
#include "ledger-client/core/federation_draft.h"
#include "tests/support/signed_federation.h"
#include "tests/support/two_agents.h"

namespace {

using nlohmann::json;
using Arguments = std::vector<std::string>;

constexpr std::size_t kMaxMessage = 1 << 20;
const auto kNow = *ledger::parse_time("2026-11-22T08:00:00.000Z");

std::string read(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error("can't read " + file);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

template <class Value>
int verdict(const ledger::Result<Value>& result) {
  if (!result) std::cout << result.error().reason << '\n';
  return result ? 0 : 1;
}

json federation_of(const test_support::TwoAgents& agents) {
  json members = json::array();
  for (const ledger::Member& member : agents.federation.members) {
    json keys = json::array();
    for (const auto& key : member.keys)
      keys.push_back({{"id", key.id},
                      {"use", std::string(ledger::use_text(key.use))},
                      {"public", key.public_text},
                      {"from", "2020-01-01T00:00:00.000Z"}});
    members.push_back({{"address", member.address.text()},
                       {"name", member.name},
                       {"roles", {"hospital"}},
                       {"status", "active"},
                       {"keys", keys}});
  }
  return {{"v", 1},
          {"version", 1},
          {"threshold", 2},
          {"admins", {test_support::test_admin("alice").listed(), test_support::test_admin("bob").listed()}},
          {"members", members}};
}

int make(const std::string& folder) {
  const auto agents = test_support::make_two_agents();
  const auto self = agents.a.identity();
  write(folder + "/message.jws", edge::sign_jws(*self.signer, self.kid, edge::message_type::kRequest,
                                                R"({"v":1,"text":"not only ASCII: ä"})"));
  write(folder + "/federation.json",
        test_support::signed_by(federation_of(agents),
                                {test_support::test_admin("alice"), test_support::test_admin("bob")}));
  const std::string document = R"({"resourceType":"Bundle"})";
  write(folder + "/document.json", document);
  write(folder + "/detached.jws",
        edge::sign_detached_jws(*self.signer, self.kid, "2026-11-22T08:00:00.000Z", {}, document));
  return 0;
}

int successor(const std::string& old_file, const std::string& new_file) {
  const auto old = ledger::open_first(read(old_file), std::nullopt);
  return old ? verdict(ledger::verify_successor(*old, read(new_file))) : 2;
}

int draft(const std::string& old_file, const std::string& new_file) {
  const auto old = ledger::open_first(read(old_file), std::nullopt);
  if (!old) return 2;
  const auto state = ledger::judge_draft(&*old, {read(new_file), kNow + std::chrono::hours(1), "", {}}, kNow);
  if (state)
    for (const auto& id : state->votes.previous) std::cout << id << '\n';
  return verdict(state);
}

int message(const std::string& federation_file, const std::string& from, const std::string& file) {
  const auto federation = ledger::open_first(read(federation_file), std::nullopt);
  const auto address = ledger::Address::parse(from);
  if (!federation || !address) return 2;
  return verdict(edge::authenticate(read(file), edge::message_type::kRequest, *address,
                                    federation->federation(), kNow, kMaxMessage));
}

int detached(const std::string& key_text, const std::string& file, const std::string& document) {
  const auto bytes = ledger::base64url_decode(key_text);
  ledger::PublicKey key;
  if (!bytes || bytes->size() != key.bytes.size()) return 2;
  std::copy(bytes->begin(), bytes->end(), key.bytes.begin());
  const auto jws = ledger::parse_detached_jws(read(file), kMaxMessage);
  if (!jws) return verdict(jws);
  return ledger::verify_detached_jws(*jws, read(document), key) ? 0 : 1;
}

int run(const Arguments& given) {
  if (given.size() == 2 && given[0] == "make") return make(given[1]);
  if (given.size() == 2 && given[0] == "federation")
    return verdict(ledger::open_first(read(given[1]), std::nullopt));
  if (given.size() == 3 && given[0] == "successor") return successor(given[1], given[2]);
  if (given.size() == 3 && given[0] == "draft") return draft(given[1], given[2]);
  if (given.size() == 4 && given[0] == "message") return message(given[1], given[2], given[3]);
  if (given.size() == 4 && given[0] == "detached") return detached(given[1], given[2], given[3]);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    edge::initialise_cryptography();
    return run(Arguments(argv + 1, argv + argc));
  } catch (const std::exception& fault) {
    std::cerr << fault.what() << '\n';
    return 2;
  }
}
