// A member's announcement of new keys, from its signature to the federation's next version.
#include "agent/core/key_change.h"

#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>

#include "agent/core/federation_changes.h"
#include "ledger-client/core/base64.h"
#include "ledger-client/core/key_validity.h"
#include "tests/support/two_agents.h"
#include "tests/unit/ledger_core/schema_support.h"

using namespace edge;
using nlohmann::json;

namespace {

const ledger::TimePoint kNow = *ledger::parse_time("2026-11-22T08:00:00.000Z");
const ledger::TimePoint kUntil = *ledger::parse_time("2026-11-30T08:00:00.000Z");

struct Case {
  test_support::TwoAgents agents = test_support::make_two_agents();
  std::unique_ptr<Signer> next = make_ed25519_signer(Secret(std::vector<std::uint8_t>(32, 77)));

  NewKey sign_key() const {
    NewKey key;
    key.key.id = "sign-2";
    key.key.public_text = ledger::base64url_encode(next->public_key().bytes);
    key.key.from = kNow;
    key.replaces = "sign-1";
    key.until = kUntil;
    key.possession = prove_possession(*next, agents.a.address.origin(), rotation_of(key, "sign-1"));
    return key;
  }
  NewKey age_key() const {
    NewKey key;
    key.key.id = "age-2";
    key.key.use = ledger::KeyUse::kAge;
    key.key.public_text = age::Identity::generate().recipient().to_text();
    key.key.from = kNow;
    key.replaces = "age-1";
    key.until = kUntil;
    return key;
  }
  ledger::Result<KeyChange> verified(const KeyChange& change) const {
    return verify_key_change(sign_key_change(change, agents.a.identity()), agents.federation, kNow);
  }
};

}  // namespace

TEST_CASE("an announcement under the signing key in force is what admins can propose") {
  const Case c;
  const KeyChange change{c.agents.a.address, {c.sign_key(), c.age_key()}};
  const std::string jws = sign_key_change(change, c.agents.a.identity());
  const auto payload = ledger::parse_jws(jws, kMaxKeyChangeBytes);
  REQUIRE(payload);
  const auto read = verify_key_change(jws, c.agents.federation, kNow);
  INFO((read ? std::string() : read.error().reason));
  REQUIRE(read);
  CHECK(read->keys.size() == 2);
  CHECK(read->keys[0].key.public_text == change.keys[0].key.public_text);
  CHECK(read->keys[1].until == kUntil);
  const auto opened = ledger::verify_jws(*payload, c.agents.a.sign->public_key());
  REQUIRE(opened);
  CHECK(test_support::SchemaCheck(test_support::read_schema("key-change"))
            .accepts(json::parse(opened->payload)));

  // The entry it leads to, by both keys' signatures.
  const auto rotation = announce_rotation(c.agents.a.address.origin(), rotation_of(change.keys[0], "sign-1"),
                                          *c.agents.a.sign, c.next.get());
  CHECK(ledger::check_rotation(c.agents.a.address.origin(), rotation, c.agents.a.sign->public_key(),
                               c.next->public_key())
            .ok());
}

TEST_CASE("an announcement that is not the member's, or not of its keys, is refused") {
  const Case c;
  const auto refused = [&](const std::function<void(KeyChange&)>& damage) {
    KeyChange change{c.agents.a.address, {c.sign_key()}};
    damage(change);
    return !c.verified(change).ok();
  };
  CHECK_FALSE(refused([](KeyChange&) {}));
  CHECK(refused([](KeyChange& change) { change.keys.clear(); }));
  CHECK(refused([&](KeyChange& change) { change.address = c.agents.b.address; }));
  CHECK(refused([](KeyChange& change) { change.keys[0].key.id = "sign-1"; }));  // there already
  CHECK(refused([](KeyChange& change) { change.keys[0].key.id = "sign-3"; }));  // not what was shown
  CHECK(refused([](KeyChange& change) { change.keys[0].replaces = "sign-7"; }));
  CHECK(refused([](KeyChange& change) { change.keys[0].replaces = "age-1"; }));
  CHECK(refused([](KeyChange& change) { change.keys[0].possession.clear(); }));
  CHECK(refused([&](KeyChange& change) {  // a key somebody else holds
    change.keys[0].key.public_text = ledger::base64url_encode(c.agents.b.sign->public_key().bytes);
  }));
  CHECK(refused([](KeyChange& change) { change.keys[0].until = ledger::TimePoint{}; }));
  CHECK(refused([&](KeyChange& change) { change.keys.push_back(change.keys[0]); }));
  CHECK(refused([&](KeyChange& change) {
    change.keys[0] = c.age_key();
    change.keys[0].key.use = ledger::KeyUse::kLog;
  }));
  const KeyChange change{c.agents.a.address, {c.sign_key()}};
  CHECK_FALSE(
      verify_key_change(sign_key_change(change, c.agents.b.identity()), c.agents.federation, kNow).ok());
  auto self = c.agents.a.identity();
  self.signer = c.next.get();  // by the new key alone
  CHECK_FALSE(verify_key_change(sign_key_change(change, self), c.agents.federation, kNow).ok());
}

TEST_CASE("no message of a revoked key is authentic") {
  const Case c;
  const auto a = c.agents.a.identity();
  const std::string jws = sign_jws(*a.signer, a.kid, message_type::kAck, "{}");
  const auto heard = [&](const RevokedKeys& revoked) {
    return authenticate(jws, message_type::kAck, a.address, c.agents.federation, kNow, 1 << 20, revoked).ok();
  };
  CHECK(heard({}));
  CHECK(heard(std::make_shared<const std::set<std::string>>(std::set<std::string>{a.kid + "1"})));
  CHECK_FALSE(heard(std::make_shared<const std::set<std::string>>(std::set<std::string>{a.kid})));
}

TEST_CASE("a message that is kept stays that of its sender, whatever became of the key") {
  const Case c;
  const auto a = c.agents.a.identity(), b = c.agents.b.identity();
  const auto kept = [&](const std::string& jws, const ledger::Address& from) {
    return authenticate_kept(jws, message_type::kAck, from, c.agents.federation, 1 << 20).ok();
  };
  CHECK(kept(sign_jws(*a.signer, a.kid, message_type::kAck, "{}"), a.address));
  CHECK_FALSE(kept(sign_jws(*a.signer, a.kid, message_type::kAck, "{}"), b.address));
  CHECK_FALSE(kept(sign_jws(*b.signer, a.kid, message_type::kAck, "{}"), a.address));
  CHECK_FALSE(kept(sign_jws(*a.signer, a.kid, message_type::kError, "{}"), a.address));
  CHECK_FALSE(kept(sign_jws(*a.signer, make_kid(a.address, "age-1"), message_type::kAck, "{}"), a.address));
  CHECK_FALSE(kept(sign_jws(*a.signer, a.kid + "1", message_type::kAck, "{}"), a.address));
}
