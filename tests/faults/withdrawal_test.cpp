// Revocations that catch an answer on its way, with a real agent and a receiver played by the test, who takes
// his time: nothing goes out after the revocation, whatever he asks for.
#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "agent/core/reply.h"
#include "ledger-client/store/sqlite.h"
#include "tests/support/federation.h"
#include "tests/support/require_command.h"
#include "tests/support/test_peer.h"

using namespace test_support;
using edge::Operation;
using ledger::topics::Kind;
using nlohmann::json;

namespace {

class Delivery {
 public:
  explicit Delivery(std::size_t bytes, const std::string& window = "\"512KiB\"")
      : federation({EHR_AGENT,
                    EHR_LEDGER,
                    2,
                    {{"transfer.window", window},
                     {"transfer.retry_first", "\"500ms\""},
                     {"transfer.retry_max", "\"1s\""}},
                    false,
                    0,
                    false}),
        agent(federation[0]),
        peer(federation.broker(), federation.document(), federation[1].address().text(),
             federation[1].keys()) {
    patient = bytes == 0 ? federation.give_patient(agent, 0) : federation.give_heavy_patient(agent, 0, bytes);
    agent.start();
    consent = agent.grant(identifier_of(patient), peer.address().text(), "TREAT");
  }

  // Asks, and waits for the manifest.
  void ask(Operation operation) {
    const auto request = make_request(peer.address(), agent.address(), operation,
                                      {{patient.identifier_system, patient.identifier_value}, {}, ""});
    request_id = request.envelope.id;
    jws = sign_request(request, peer.identity());
    again();
    REQUIRE(peer.next(Kind::kManifest, id()));
  }
  // The identical request.
  void again() { REQUIRE(peer.send_request(agent.address(), id(), jws) == 0); }
  const std::string& id() const { return request_id; }
  std::string next_error() {
    const std::string error = peer.next_error(agent.address(), id());
    return error.empty() ? "" : std::string(code_text(edge::parse_error(error).value().code));
  }
  // Takes what came before the revocation was on the ledger.
  void revoke(const std::string& which) {
    require(agent.command({"consent", "revoke", which}));
    while (peer.next(Kind::kManifest, id(), 1)) {
    }
    while (peer.next(Kind::kChunk, id(), 1)) {
    }
  }
  // All chunks are asked for.
  void ask_for_chunks() {
    const auto now =
        std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const edge::Ack ack{{id(), peer.address(), agent.address(), 1, now}, 0, {0, 1, 2, 3}};
    peer.publish(ledger::topics::ack(agent.address(), peer.address(), id()),
                 ledger::as_bytes(sign_ack(ack, peer.identity())));
  }
  std::string state() const {
    const json answers = agent.command_json({"queue", "list"}).at("answers");
    return answers.empty() ? "" : answers.at(0).at("reason").get<std::string>();
  }
  void nothing_comes() {
    CHECK_FALSE(peer.next(Kind::kManifest, id(), 2));
    CHECK_FALSE(peer.next(Kind::kChunk, id(), 1));
  }

  Federation federation;
  AgentProcess& agent;
  TestPeer peer;
  sample::SamplePatient patient;
  std::string consent;
  std::string request_id, jws;
};

}  // namespace

TEST_CASE("an answer that waits for its receiver is withdrawn with its consent, over a kill too") {
  const bool killed = GENERATE(false, true);
  Delivery delivery(0);
  delivery.ask(Operation::kSummary);
  // Nobody says that it came, so it is offered again.
  REQUIRE(delivery.peer.next(Kind::kManifest, delivery.id()));
  delivery.revoke(delivery.consent);
  CHECK(delivery.next_error() == "not-available");
  if (killed) {
    // Before the agent has taken note, as far as its database tells.
    delivery.agent.kill_hard();
    {
      ledger::sqlite::Database database(delivery.agent.database(), ledger::sqlite::Mode::kReadWrite);
      database.exec("UPDATE outbound SET state = 0, reason = '', finished = NULL");
    }
    delivery.agent.start();
    CHECK(delivery.next_error() == "not-available");
  }
  CHECK(delivery.state().find("withdrawn") == 0);
  delivery.nothing_comes();
  delivery.again();
  CHECK(delivery.next_error() == "not-available");
  // The operator can't send it either; with a new consent he can.
  CHECK(delivery.agent.command({"queue", "retry", delivery.id()}).status == 0);
  CHECK(delivery.next_error() == "not-available");
  delivery.nothing_comes();
  (void)delivery.agent.grant(identifier_of(delivery.patient), delivery.peer.address().text(), "TREAT");
  CHECK(delivery.agent.command({"queue", "retry", delivery.id()}).status == 0);
  CHECK(delivery.peer.next(Kind::kManifest, delivery.id()));
}

TEST_CASE("a transfer that has begun ends where it stands when its consent ends or a denial is said") {
  const bool denied = GENERATE(false, true);
  Delivery delivery(2U << 20U);
  delivery.ask(Operation::kEverything);
  REQUIRE(delivery.peer.next(Kind::kChunk, delivery.id()));
  if (denied) {
    (void)delivery.agent.grant(identifier_of(delivery.patient), delivery.peer.address().text(), "TREAT",
                               {"--deny", "--sections", "pregnancy"});
    while (delivery.peer.next(Kind::kChunk, delivery.id(), 1)) {
    }
  } else {
    delivery.revoke(delivery.consent);
  }
  CHECK(delivery.next_error() == "not-available");
  delivery.ask_for_chunks();
  delivery.nothing_comes();
  CHECK(delivery.state().find("withdrawn") == 0);
}

TEST_CASE("what other consents permit as well goes on") {
  Delivery delivery(2U << 20U);
  const auto other = delivery.agent.grant("any", "any", "TREAT");
  delivery.ask(Operation::kEverything);
  REQUIRE(delivery.peer.next(Kind::kChunk, delivery.id()));
  require(delivery.agent.command({"consent", "revoke", delivery.consent}));
  while (delivery.peer.next(Kind::kChunk, delivery.id(), 1)) {
  }
  delivery.ask_for_chunks();
  CHECK(delivery.peer.next(Kind::kChunk, delivery.id()));
  require(delivery.agent.command({"consent", "revoke", other}));
  CHECK(delivery.next_error() == "not-available");
}
