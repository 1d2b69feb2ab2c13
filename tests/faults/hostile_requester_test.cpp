// Requests of a hostile member to a real agent: each gets its code, or silence where nothing authentic was
// said.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "ledger-client/core/canonical_json.h"
#include "ledger-client/store/sqlite.h"
#include "tests/support/federation.h"
#include "tests/support/shared_data.h"
#include "tests/support/test_peer.h"

using namespace test_support;
using edge::Operation;
using ledger::as_bytes;
using ledger::topics::Kind;
using nlohmann::json;

namespace {

const std::string kHostile = "127.0.10.3";

class Attack {
 public:
  Attack()
      : federation({EHR_AGENT, EHR_LEDGER, 3, {{"metrics.interval", "\"100ms\""}}, false}),
        agent(federation[0]),
        peer(federation.broker(), federation.document(), kHostile, federation[2].keys()) {
    patient = federation.give_patient(agent, 0);
    agent.start();
  }

  edge::RecordQuery query() const { return {{patient.identifier_system, patient.identifier_value}, {}, ""}; }
  edge::Request request(Operation operation = Operation::kSummary) const {
    return make_request(peer.address(), agent.address(), operation,
                        operation == Operation::kPing ? edge::RecordQuery{} : query());
  }
  // The payload of an honest request, to be spoiled.
  json payload(const edge::Request& request) const {
    const auto jws = sign_request(request, peer.identity());
    const auto parsed = ledger::parse_jws(jws, 1 << 20);
    return json::parse(ledger::verify_jws(*parsed, peer.identity().signer->public_key())->payload);
  }
  std::string sign(const std::string& text) const {
    const auto self = peer.identity();
    return sign_jws(*self.signer, self.kid, edge::message_type::kRequest, text);
  }
  void send(const edge::Request& request, const std::string& jws, const std::string& response_topic = {}) {
    CHECK(peer.send_request(agent.address(), request.envelope.id, jws, response_topic) == 0);
  }
  // The code of the answer, or "" if none came.
  std::string code_of_answer(const std::string& id) {
    const std::string error = peer.next_error(agent.address(), id);
    return error.empty() ? "" : std::string(code_text(edge::parse_error(error).value().code));
  }
  // An honest ping is answered: everything sent before it was looked at or is on another worker.
  void expect_alive() {
    const auto ping = request(Operation::kPing);
    send(ping, sign_request(ping, peer.identity()));
    REQUIRE(peer.next(Kind::kManifest, ping.envelope.id));
  }
  std::vector<std::string> audit(const std::string& id, const std::string& column) const {
    ledger::sqlite::Database database(agent.database(), ledger::sqlite::Mode::kReadOnly);
    ledger::sqlite::Statement select(database,
                                     "SELECT " + column + " FROM audit WHERE request = ?1 ORDER BY number");
    select.bind(1, id);
    std::vector<std::string> found;
    while (select.step()) found.emplace_back(select.column_text(0));
    return found;
  }

  Federation federation;
  AgentProcess& agent;
  TestPeer peer;
  sample::SamplePatient patient;
};

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']');
}

std::string with_duplicate_key(std::string text) {
  return text.insert(1, "\"purpose\":\"HRESCH\",");
}

}  // namespace

TEST_CASE("what is not authentic gets no answer and leaves no trace") {
  Attack attack;
  const auto& self = attack.peer.identity();
  const std::uint64_t dropped = attack.agent.counter("requests_dropped");
  std::vector<std::string> ids;
  const auto send = [&](const edge::Request& request, const std::string& jws) {
    ids.push_back(request.envelope.id);
    attack.send(request, jws);
  };
  const auto send_bytes = [&](ledger::ByteView bytes) {
    ids.push_back(new_request_id());
    CHECK(attack.peer.publish(
              ledger::topics::request(attack.agent.address(), attack.peer.address(), ids.back()), bytes) ==
          0);
  };
  send_bytes({});
  send_bytes(as_bytes("no age file"));
  send_bytes(ledger::Bytes((1u << 20) + 1, 0x41));
  auto cut = attack.peer.seal(attack.agent.address(), as_bytes(sign_request(attack.request(), self)));
  cut.resize(cut.size() - 7);
  send_bytes(cut);
  send_bytes(attack.peer.seal(attack.peer.address(), as_bytes("for somebody else")));
  send_bytes(attack.peer.seal(attack.agent.address(), as_bytes("no JWS")));

  auto request = attack.request();
  auto jws = sign_request(request, self);
  jws.back() = jws.back() == 'A' ? 'Q' : 'A';
  send(request, jws);  // the signature is another

  request = attack.request();
  const auto other = edge::make_ed25519_signer(edge::random_secret(32));
  send(request, sign_request(request, {self.address, other.get(), self.kid}));  // forged
  request = attack.request();
  request.envelope.from = attack.federation[1].address();
  send(request, sign_request(request, self));  // in the name of somebody else
  request.envelope.from = self.address;
  request.envelope.id = new_request_id();
  send(request, sign_request(request, {self.address, self.signer,
                                       edge::make_kid(attack.federation[1].address(), "sign-1")}));
  request = attack.request();
  request.envelope.to = attack.federation[1].address();
  send(request, sign_request(request, self));  // forwarded
  request = attack.request();
  jws = sign_request(request, self);
  request.envelope.id = new_request_id();
  send(request, jws);  // moved to another topic
  request = attack.request();
  send(request,
       sign_jws(*self.signer, self.kid, edge::message_type::kReceipt, attack.payload(request).dump()));

  for (const std::string& text :
       {nested(10'000), std::string("{\"params\":") + nested(200'000) + "}", std::string("null"),
        std::string("[]"), std::string("{"), std::string("\xff\xfe"),
        with_duplicate_key(attack.payload(attack.request()).dump())}) {
    send(attack.request(), attack.sign(text));
  }
  for (const char* member :
       {"v", "id", "from", "to", "fed", "issued", "op", "expires", "purpose", "params"}) {
    auto without = attack.payload(request = attack.request());
    without.erase(member);
    send(request, attack.sign(without.dump()));
  }
  auto more = attack.payload(request = attack.request());
  more["more"] = 1;
  send(request, attack.sign(more.dump()));

  // Every one of them was taken, looked at and dropped.
  CHECK(eventually([&] { return attack.agent.counter("requests_dropped") == dropped + ids.size(); }));
  attack.expect_alive();
  for (const auto& id : ids) {
    CHECK(attack.peer.waiting(id) == 0);
    CHECK(attack.audit(id, "reason").empty());
  }
  CHECK(attack.agent.entries("bundle.issued").empty());
}

TEST_CASE("an authentic request that can't be served gets its code") {
  Attack attack;
  const auto& self = attack.peer.identity();
  const auto answer = [&](const edge::Request& request, const std::string& jws,
                          const std::string& response_topic = {}) {
    attack.send(request, jws, response_topic);
    const std::string code = attack.code_of_answer(request.envelope.id);
    CHECK(attack.audit(request.envelope.id, "code") == std::vector<std::string>{code});
    return code;
  };
  const auto spoiled = [&](const std::function<void(json&)>& spoil) {
    const auto request = attack.request();
    auto payload = attack.payload(request);
    spoil(payload);
    return answer(request, attack.sign(payload.dump()));
  };
  const auto now = system_now();
  auto request = attack.request();
  request.envelope.issued = now - std::chrono::hours(1);
  request.expires = now - std::chrono::minutes(50);
  CHECK(answer(request, sign_request(request, self)) == "expired");
  request = attack.request();
  request.expires = now + std::chrono::hours(1);
  CHECK(answer(request, sign_request(request, self)) == "expired");  // lives too long
  request = attack.request();
  request.envelope.issued = now + std::chrono::hours(1);
  request.expires = request.envelope.issued + std::chrono::minutes(1);
  CHECK(answer(request, sign_request(request, self)) == "expired");  // from the future
  CHECK(attack.agent.log().find("are both clocks right?") != std::string::npos);
  CHECK(attack.agent.log().find("code=expired reason=issued in the future, at ") != std::string::npos);
  request = attack.request();
  CHECK(answer(request, sign_request(request, self),
               ledger::topics::response(attack.agent.address(), attack.federation[1].address(),
                                        request.envelope.id)) == "malformed");
  CHECK(spoiled([](json& payload) { payload["fed"] = 2; }) == "unsupported");
  CHECK(spoiled([](json& payload) { payload["op"] = "format-disk"; }) == "unsupported");
  CHECK(spoiled([](json& payload) { payload["op"] = 7; }) == "unsupported");
  CHECK(spoiled([](json& payload) { payload["expires"] = "tomorrow"; }) == "malformed");
  CHECK(spoiled([](json& payload) { payload["purpose"] = "because"; }) == "malformed");
  CHECK(spoiled([](json& payload) { payload["params"] = json::object(); }) == "malformed");
  CHECK(spoiled([](json& payload) { payload["params"]["patient"]["value"] = std::string(5000, 'x'); }) ==
        "malformed");
  CHECK(spoiled([](json& payload) { payload["params"]["sections"] = {"horoscope"}; }) == "malformed");
  CHECK(spoiled([](json& payload) { payload["params"]["more"] = true; }) == "malformed");
  attack.expect_alive();
  CHECK(attack.agent.entries("bundle.issued").empty());
}

TEST_CASE("the same request again is answered with the state reached, the same id for another is replayed") {
  Attack attack;
  const auto self = attack.peer.identity();
  const auto request = attack.request();
  const auto jws = sign_request(request, self);
  const std::string& id = request.envelope.id;
  const auto digest = [&] {
    const auto message = attack.peer.next(Kind::kManifest, id);
    REQUIRE(message);
    const auto opened = attack.peer.open(*message);
    const auto framed = edge::unframe_manifest(opened);
    const auto authentic =
        edge::authenticate(framed->jws, edge::message_type::kManifest, attack.agent.address(),
                           attack.federation.document(), system_now(), 1 << 20);
    REQUIRE(authentic);
    return edge::parse_manifest(authentic->payload)->ciphertext_sha256;
  };
  attack.send(request, jws);
  const auto first = digest();
  attack.send(request, jws);
  attack.send(request, jws);
  CHECK(digest() == first);
  CHECK(digest() == first);
  CHECK(attack.agent.entries("bundle.issued").size() == 1);

  auto another = request;
  another.query.reason = "a different one";
  attack.send(another, sign_request(another, self));
  CHECK(attack.code_of_answer(id) == "replayed");
  // Also where the other one would be refused for a reason of its own.
  auto payload = attack.payload(request);
  payload["params"] = json::object();
  attack.send(request, attack.sign(payload.dump()));
  CHECK(attack.code_of_answer(id) == "replayed");
  CHECK(attack.agent.entries("bundle.issued").size() == 1);

  // A restart forgets nothing.
  attack.agent.kill_hard();
  attack.agent.start();
  attack.send(another, sign_request(another, self));
  CHECK(attack.code_of_answer(id) == "replayed");
  attack.send(request, jws);
  CHECK(digest() == first);
  CHECK(attack.agent.entries("bundle.issued").size() == 1);
  CHECK(attack.audit(id, "outcome") == std::vector<std::string>{"disclosed", "refused", "refused"});
}

TEST_CASE("a patient nobody knows and one who may not be asked for look the same") {
  Attack attack;
  const auto self = attack.peer.identity();
  auto forbidden = attack.request();
  forbidden.purpose = "HRESCH";
  auto unknown = attack.request();
  unknown.query.patient.value += "-nobody";
  auto unknown_and_forbidden = unknown;
  unknown_and_forbidden.envelope.id = new_request_id();
  unknown_and_forbidden.purpose = "HRESCH";

  std::vector<json> answers;
  std::vector<std::size_t> sizes;
  for (const auto& request : {forbidden, unknown, unknown_and_forbidden}) {
    const auto sent = std::chrono::steady_clock::now();
    attack.send(request, sign_request(request, self));
    auto answer = json::parse(attack.peer.next_error(attack.agent.address(), request.envelope.id));
    // The default quantum, less what clocks round.
    CHECK(std::chrono::steady_clock::now() - sent > std::chrono::milliseconds(240));
    CHECK(answer.at("request_sha256") != "");
    for (const char* own : {"id", "issued", "request_sha256"}) answer.erase(own);
    sizes.push_back(answer.dump().size());
    answers.push_back(answer);
    CHECK(code_text(*edge::code_from_text("not-available")) ==
          attack.audit(request.envelope.id, "code").at(0));
  }
  CHECK(answers[0] == answers[1]);
  CHECK(answers[0] == answers[2]);
  CHECK(attack.audit(forbidden.envelope.id, "reason") == std::vector<std::string>{"no consent"});
  CHECK(attack.audit(unknown.envelope.id, "reason") == std::vector<std::string>{"patient unknown"});
  // Nothing but a count goes on the ledger, and that when the hour is over.
  CHECK(eventually([&] { return attack.agent.counter("requests_refused") == 3; }));
  CHECK(attack.agent.entries("bundle.issued").empty());
  ledger::sqlite::Database database(attack.agent.database(), ledger::sqlite::Mode::kReadOnly);
  ledger::sqlite::Statement count(database, "SELECT sum(count) FROM refusal_count");
  REQUIRE(count.step());
  // In the hour's last moment some are on the ledger already.
  std::int64_t counted = count.column_int(0);
  for (const auto& body : attack.agent.entries("refusals")) counted += body.at("count").get<std::int64_t>();
  CHECK(counted == 3);
}

TEST_CASE("a member who is not active any more is told so, and nothing else") {
  Attack attack;
  const std::string change = GENERATE("--suspend", "--revoke");
  const auto second = attack.federation.next_version(attack.federation.first_version(),
                                                     {change, attack.peer.address().text()});
  REQUIRE(attack.agent.stop() == 0);
  std::filesystem::copy_file(second, attack.agent.folder() / "federation.json",
                             std::filesystem::copy_options::overwrite_existing);
  attack.agent.start();
  const auto request = attack.request();
  attack.send(request, sign_request(request, attack.peer.identity()));
  CHECK(attack.code_of_answer(request.envelope.id) == "not-a-member");
  CHECK(attack.agent.entries("bundle.issued").empty());
}

TEST_CASE("who is not a member is not heard, and nobody speaks below another's name") {
  Attack attack;
  // The authority gave them a certificate, the federation no membership.
  const std::string stranger_address = "127.0.10.9";
  const auto folder = attack.federation.folder() / "stranger";
  edge::generate_keys(folder, *ledger::Address::parse(stranger_address));
  TestPeer stranger(attack.federation.broker(), attack.federation.document(), stranger_address, folder);
  const auto request =
      make_request(stranger.address(), attack.agent.address(), Operation::kSummary, attack.query());
  const auto dropped = attack.agent.counter("requests_dropped");
  stranger.send_request(attack.agent.address(), request.envelope.id,
                        sign_request(request, stranger.identity()));
  CHECK(eventually([&] { return attack.agent.counter("requests_dropped") == dropped + 1; }));
  CHECK(stranger.waiting(request.envelope.id) == 0);

  const auto& other = attack.federation[1].address();
  const auto& agent = attack.agent.address();
  const auto id = new_request_id();
  for (const auto& topic :
       {ledger::topics::request(agent, other, id), ledger::topics::ack(agent, other, id),
        ledger::topics::status(agent), ledger::topics::checkpoint(agent), ledger::topics::entries(agent),
        ledger::topics::manifest(agent, other, id), ledger::topics::manifest(other, agent, id),
        std::string("ehr/v1/anything"), std::string("anything")}) {
    CAPTURE(topic);
    CHECK(attack.peer.publish(topic, as_bytes("x")) == 135);
  }
  attack.expect_alive();
}
