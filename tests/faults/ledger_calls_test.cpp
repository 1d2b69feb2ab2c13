// Ledgers asked for over the request path: a member in this process asks a real agent.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/adapters/agent_schema.h"
#include "agent/core/ledger_query.h"
#include "ledger-client/core/checkpoint.h"
#include "ledger-client/core/entry.h"
#include "ledger-client/core/sha256.h"
#include "ledger-client/store/journal.h"
#include "ledger-client/store/log_copy.h"
#include "ledger-client/store/log_reader.h"
#include "ledger-client/store/replica.h"
#include "tests/faults/calling_peer.h"
#include "tests/support/federation.h"
#include "tests/support/shared_data.h"
#include "tests/support/test_peer.h"

using namespace test_support;
using edge::Code;
using edge::Operation;
using ledger::topics::Kind;
using nlohmann::json;

namespace {

constexpr std::uint64_t kEntries = 2'500;

// An entry whose thousand is near the largest range, and does not compress into one chunk.
ledger::NewEntry bulky(std::uint64_t number) {
  std::string data;
  for (int part = 0; part < 11; ++part)
    data += ledger::to_hex(ledger::sha256(std::to_string(number) + "/" + std::to_string(part)));
  return {"test.bulk", json{{"data", data}}.dump(), std::to_string(number)};
}

// Puts entries into the log of an agent that does not run.
void fill_log(const AgentProcess& agent, std::uint64_t count) {
  const auto keys = edge::load_keys(agent.keys(), agent.address());
  std::filesystem::create_directories(agent.folder() / "guard");
  std::filesystem::create_directories(agent.state());
  edge::migrate_agent_tables(agent.database());
  ledger::JournalOptions options;
  options.database = agent.database();
  options.guard = agent.folder() / "guard/guard";
  options.origin = agent.address().origin();
  options.sign = [&keys](const std::string& text) { return sign_note(*keys.log.signer, keys.log.key, text); };
  options.now = system_now;
  ledger::Journal journal(std::move(options));
  std::vector<ledger::NewEntry> entries;
  for (std::uint64_t number = 0; number < count; ++number) {
    entries.push_back(bulky(number));
    if (entries.size() == 500 || number + 1 == count) REQUIRE(journal.append(std::exchange(entries, {}), {}));
  }
}

struct Scene {
  explicit Scene(std::uint64_t entries = kEntries, const Settings& settings = {})
      : federation({EHR_AGENT, EHR_LEDGER, 3, settings, false, 0, false}),
        agent(federation[0]),
        address(agent.address()),
        origin(address.origin()) {
    if (entries > 0) fill_log(agent, entries);
  }
  void ask_as(std::size_t member, CallingPeer::Wire wire = {}) {
    caller = std::make_unique<CallingPeer>(federation.broker(), federation.document(), federation[member],
                                           std::move(wire));
  }
  std::string range(std::uint64_t from, std::uint64_t count = 1'000) const {
    return encode_params(edge::LedgerRangeQuery{origin, from, count});
  }
  ledger::NoteKey log_key() const { return *federation_document().find(address)->log_key(); }
  const ledger::Federation& federation_document() const { return federation.document(); }
  std::int64_t rows(const std::string& table) const {
    ledger::sqlite::Database database(agent.database(), ledger::sqlite::Mode::kReadOnly);
    ledger::sqlite::Statement count(database, "SELECT count(*) FROM " + table);
    REQUIRE(count.step());
    return count.column_int(0);
  }

  Federation federation;
  AgentProcess& agent;
  ledger::Address address;
  std::string origin;
  std::unique_ptr<CallingPeer> caller;
};

std::string code_of(const edge::Outcome<std::string>& outcome) {
  return outcome ? "" : std::string(code_text(outcome.error().code));
}

// Loses or spoils the first messages of a kind.
struct Saboteur {
  Kind kind = Kind::kChunk;
  std::uint64_t chunk = 0;
  int lost = 0, flipped = 0;
  std::shared_ptr<std::atomic<int>> seen = std::make_shared<std::atomic<int>>(0);

  bool operator()(const ledger::topics::Parsed& topic, mqtt_transport::Message& message) const {
    if (topic.kind != kind || topic.chunk != chunk) return true;
    const int number = (*seen)++;
    if (number < lost) return false;
    if (number < lost + flipped) message.payload.at(message.payload.size() / 2) ^= 1;
    return true;
  }
};

}  // namespace

TEST_CASE("a member fetches another's log in ranges and verifies it") {
  Scene scene;
  scene.agent.start();
  scene.ask_as(1);
  ledger::ChainState chain = ledger::chain_start(scene.origin);
  ledger::Frontier tree;
  std::string note;
  for (int asked = 0; tree.size() < kEntries; ++asked) {
    REQUIRE(asked < 10);
    const auto answer = scene.caller->call(scene.address, Operation::kLedgerRange, scene.range(tree.size()));
    INFO((answer ? "" : answer.error().reason) << scene.agent.log());
    REQUIRE(answer);
    const auto range = edge::parse_ledger_range_answer(*answer);
    REQUIRE(range);
    CHECK(range->from == tree.size());
    CHECK(range->lines.size() == std::min<std::uint64_t>(1'000, kEntries - tree.size()));
    for (const auto& line : range->lines) {
      REQUIRE(ledger::follow_chain(chain, line));
      tree.append(ledger::leaf_hash(ledger::as_bytes(line)));
    }
    const auto checkpoint = ledger::open_checkpoint(range->note, scene.log_key());
    REQUIRE(checkpoint);
    CHECK(checkpoint->checkpoint.size == kEntries);
    CHECK(ledger::verify_consistency(tree.size(), kEntries, tree.root(), checkpoint->checkpoint.root,
                                     range->consistency));
    note = range->note;
  }
  CHECK(ledger::open_checkpoint(note, scene.log_key())->checkpoint.root == tree.root());
  // A thousand entries don't fit into a manifest.
  CHECK(scene.caller->counters().chunks_received >= 5);
  CHECK(scene.caller->counters().chunks_rejected == 0);

  // The end of the log: no entry, but the newest checkpoint; behind it there is nothing.
  const auto end = scene.caller->call(scene.address, Operation::kLedgerRange, scene.range(kEntries));
  REQUIRE(end);
  CHECK(edge::parse_ledger_range_answer(*end)->lines.empty());
  CHECK(edge::parse_ledger_range_answer(*end)->note == note);
  CHECK(code_of(scene.caller->call(scene.address, Operation::kLedgerRange, scene.range(kEntries + 1))) ==
        "not-available");

  const auto proof = scene.caller->call(scene.address, Operation::kLedgerProof,
                                        encode_params(edge::LedgerProofQuery{scene.origin, 1'234, kEntries}));
  REQUIRE(proof);
  const auto read = edge::parse_ledger_proof_answer(*proof);
  REQUIRE(read);
  ledger::LogReader stored(scene.agent.database());
  const auto node = [&stored](unsigned level, std::uint64_t index) { return stored.node(level, index); };
  CHECK(ledger::verify_consistency(1'234, kEntries, ledger::root_from_nodes(1'234, node), tree.root(),
                                   read->consistency));
  CHECK(read->note == note);
}

TEST_CASE("what is not held, not done here or malformed has its code, and leaves no trace") {
  Scene scene(10);
  scene.agent.start();
  scene.ask_as(1);
  const auto ask = [&](Operation operation, const std::string& params) {
    return code_of(scene.caller->call(scene.address, operation, params));
  };
  const auto unknown = encode_params(edge::LedgerRangeQuery{"ehr/10-99-0-1", 0, 10});
  CHECK(ask(Operation::kLedgerRange, unknown) == "not-available");
  CHECK(ask(Operation::kLedgerRange, unknown) == "not-available");
  CHECK(ask(Operation::kLedgerProof, encode_params(edge::LedgerProofQuery{"ehr/10-99-0-1", 1, 2})) ==
        "not-available");
  CHECK(ask(Operation::kLedgerProof, encode_params(edge::LedgerProofQuery{scene.origin, 1, 11})) ==
        "not-available");
  CHECK(scene.agent.counter("requests_received") >= 4);
  CHECK(scene.agent.counter("requests_refused") == 0);  // nobody was denied anything
  CHECK(ask(Operation::kCosign, encode_params(edge::CosignQuery{"old 0\n"})) == "unsupported");
  CHECK(ask(Operation::kLedgerRange, "{}") == "malformed");
  CHECK(ask(Operation::kLedgerRange, R"({"count":10,"from":0,"origin":"../agent"})") == "malformed");
  CHECK(ask(Operation::kLedgerRange, R"({"count":0,"from":0,"origin":"ehr/127-0-10-1"})") == "malformed");
  CHECK(ask(Operation::kLedgerProof, unknown) == "malformed");
  CHECK(ask(Operation::kCosign, R"({"body":""})") == "malformed");
  CHECK(ask(Operation::kLedgerRange, scene.range(0)).empty());
  CHECK(ask(Operation::kPing, {}).empty());
  for (const char* table : {"audit", "request_in", "refusal_count"}) {
    INFO(table);
    CHECK(scene.rows(table) == 0);
  }
  CHECK(scene.agent.entries("refusals").empty());
  CHECK(scene.agent.counter("requests_refused") >= 6);  // some were asked for again meanwhile
}

TEST_CASE("a replica beside the own log is shown too") {
  Scene scene(10);
  const std::string origin = scene.federation[1].address().origin();
  fill_log(scene.federation[1], 20);
  std::filesystem::create_directories(scene.agent.state() / "replicas");
  {
    auto piece = ledger::read_range(ledger::LogReader(scene.federation[1].database()), 0);
    ledger::Replica replica(scene.agent.state() / "replicas" / "ehr_127-0-10-2.db", origin);
    const auto keys = scene.federation.document().log_keys_of(origin);
    REQUIRE(replica.append({0, piece->lines, piece->note, piece->consistency}, keys));
  }
  scene.agent.start();
  scene.ask_as(2);
  const auto answer = scene.caller->call(scene.address, Operation::kLedgerRange,
                                         encode_params(edge::LedgerRangeQuery{origin, 5, 1'000}));
  REQUIRE(answer);
  CHECK(edge::parse_ledger_range_answer(*answer)->lines.size() == 15);
}

TEST_CASE("chunks and manifests that are lost or spoiled on the way are sent again") {
  Scene scene;
  scene.agent.start();
  Saboteur saboteur;
  int rejected = 0;
  SECTION("the first chunk lost") {
    saboteur.lost = 1;
  }
  SECTION("the last chunk lost twice") {
    saboteur.chunk = 1, saboteur.lost = 2;
  }
  SECTION("a chunk flipped") {
    saboteur.chunk = 1, saboteur.flipped = rejected = 1;
  }
  SECTION("the manifest lost: the request is repeated") {
    saboteur.kind = Kind::kManifest, saboteur.lost = 1;
  }
  SECTION("the manifest flipped") {
    saboteur.kind = Kind::kManifest, saboteur.flipped = 1;
  }
  scene.ask_as(1, saboteur);
  const auto answer = scene.caller->call(scene.address, Operation::kLedgerRange, scene.range(0));
  INFO((answer ? "" : answer.error().reason));
  REQUIRE(answer);
  CHECK(edge::parse_ledger_range_answer(*answer)->lines.size() == 1'000);
  CHECK(*saboteur.seen > saboteur.lost + saboteur.flipped);
  CHECK(scene.caller->counters().chunks_rejected == static_cast<unsigned>(rejected));
  CHECK(scene.caller->open() == 0);
}

TEST_CASE("an answer the peer has forgotten is asked for anew") {
  Scene scene;
  scene.agent.start();
  // All chunks are lost until the agent was started again, which keeps nothing of them.
  const auto deaf = std::make_shared<std::atomic<bool>>(true);
  const auto manifests = std::make_shared<std::atomic<int>>(0);
  scene.ask_as(1, [deaf, manifests](const ledger::topics::Parsed& topic, mqtt_transport::Message&) {
    if (topic.kind == Kind::kManifest) ++*manifests;
    return topic.kind != Kind::kChunk || !*deaf;
  });
  auto answer = scene.caller->begin(scene.address, Operation::kLedgerRange, scene.range(0));
  CHECK(eventually([&] { return *manifests > 0; }));
  scene.agent.kill_hard();
  scene.agent.start();
  *deaf = false;
  const auto got = answer.get();
  INFO((got ? "" : got.error().reason));
  CHECK(got);
}

TEST_CASE("who is not active, or no member, gets nothing of a ledger") {
  Scene scene(10);
  const auto second = scene.federation.next_version(scene.federation.first_version(),
                                                    {"--suspend", scene.federation[2].address().text()});
  std::filesystem::copy_file(second, scene.agent.folder() / "federation.json",
                             std::filesystem::copy_options::overwrite_existing);
  scene.agent.start();
  scene.ask_as(2);
  CHECK(code_of(scene.caller->call(scene.address, Operation::kLedgerRange, scene.range(0))) ==
        "not-a-member");
  CHECK(code_of(scene.caller->call(*ledger::Address::parse("10.9.9.9"), Operation::kLedgerRange,
                                   scene.range(0))) == "not-a-member");
  CHECK(scene.rows("audit") == 0);
}

TEST_CASE("a thousand calls at once: few are open, the others are told so, each once") {
  Scene scene;
  scene.agent.start();
  scene.ask_as(1);
  std::vector<CallingPeer::Answer> answers;
  for (std::uint64_t number = 0; number < 1'000; ++number)
    answers.push_back(scene.caller->begin(scene.address, Operation::kLedgerRange, scene.range(number)));
  CHECK(scene.caller->open() <= edge::PeerCalls::kMaxPerPeer);
  std::size_t good = 0, busy = 0;
  for (auto& answer : answers) {
    const auto outcome = answer.get();
    good += outcome ? 1 : 0;
    busy += code_of(outcome) == "busy" ? 1 : 0;
  }
  CHECK(good >= edge::PeerCalls::kMaxPerPeer);
  CHECK(good + busy == 1'000);
  CHECK(scene.caller->told() == 1'000);
  CHECK(scene.caller->open() == 0);
}

TEST_CASE("who asks a thousand times and takes nothing is told `busy`, and memory stays bounded") {
  Scene scene(kEntries, {{"limits.answers_bytes", "\"2MiB\""}});
  scene.agent.start();
  TestPeer greedy(scene.federation.broker(), scene.federation.document(),
                  scene.federation[2].address().text(), scene.federation[2].keys());
  const auto before = scene.agent.peak_memory_bytes();
  bool busy = false;
  for (std::uint64_t number = 0; number < 1'000; ++number) {
    auto request = make_request(greedy.address(), scene.address, Operation::kLedgerRange);
    request.purpose = "HOPERAT";
    request.params = scene.range(number);
    greedy.send_request(scene.address, request.envelope.id, sign_request(request, greedy.identity()));
    if (const auto error = greedy.next(Kind::kError, "", 0)) {
      const auto opened = greedy.open(*error);
      const auto authentic =
          edge::authenticate(ledger::as_text(opened), edge::message_type::kError, scene.address,
                             scene.federation.document(), system_now(), 1 << 20);
      REQUIRE(authentic);
      CHECK(edge::parse_error(authentic->payload)->code == Code::kBusy);
      busy = true;
    }
  }
  CHECK((busy || greedy.next(Kind::kError, "")));
  CHECK(scene.agent.peak_memory_bytes() < before + (96u << 20));
  // Others are served meanwhile.
  scene.ask_as(1);
  const auto answer = scene.caller->call(scene.address, Operation::kLedgerRange, scene.range(0));
  INFO((answer ? "" : answer.error().reason));
  CHECK(answer);
}

TEST_CASE("ping goes to a peer's agent and back") {
  Scene scene(0);
  scene.agent.start();
  scene.federation[1].start();
  const auto pong = scene.federation[1].command_json({"ping", scene.address.text()});
  CHECK(pong.at("peer") == scene.address.text());
  CHECK(pong.at("milliseconds").get<double>() > 0);
  CHECK_FALSE(pong.at("version").get<std::string>().empty());
  CHECK(scene.agent.stop() == 0);
  const auto silent = scene.federation[1].command({"ping", scene.address.text(), "--timeout", "1s"});
  CHECK(silent.status == 75);  // EX_TEMPFAIL
  CHECK(silent.output.find("no answer") != std::string::npos);
  CHECK(scene.federation[1].command({"ping", "10.9.9.9"}).status == 77);  // EX_NOPERM
  // A ping that waits does not hold up the agent's end.
  auto waiting = scene.federation[1].command_beside({"ping", scene.address.text(), "--timeout", "1min"});
  CHECK(eventually([&] { return waiting.process().running(); }));
  CHECK(scene.federation[1].stop() == 0);
  CHECK(waiting.wait().status != 0);
}
