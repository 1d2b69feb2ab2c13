#include "ledger-client/core/entry.h"

#include <catch2/catch.hpp>

#include "ledger-client/core/entry_rules.h"
#include "ledger-client/core/sha256.h"

using ledger::Entry;
using ledger::Meaning;

namespace {

const std::string kRequest = "0195f3c0-7e5a-7cc0-8000-0123456789ab";

ledger::TimePoint at(std::string_view text) {
  return *ledger::parse_time(text);
}

Entry entry(std::uint64_t index, std::string body = "{}", std::string type = "test.entry") {
  return {
      index,           "ehr/10-20-0-5", ledger::first_prev("ehr/10-20-0-5"), at("2026-11-22T08:00:00.123Z"),
      std::move(type), std::move(body)};
}

ledger::BundleIssued issued() {
  ledger::BundleIssued body;
  body.request = kRequest;
  body.to = "10.20.0.6";
  body.purpose = "TREAT";
  body.ciphertext_sha256 = ledger::sha256("c");
  body.merkle_root = ledger::sha256("m");
  body.size = 12345;
  body.plaintext_commitment = ledger::sha256("p");
  body.patient_commitment = ledger::sha256("q");
  return body;
}

std::string line_with(std::string_view from, std::string_view to) {
  std::string line = ledger::encode_entry(entry(41));
  line.replace(line.find(from), from.size(), to);
  return line;
}

}  // namespace

TEST_CASE("an entry is one line of canonical JSON and comes back") {
  const Entry written = entry(41, R"({"a":[1,-2.5,"x"],"b":{}})");
  const std::string line = ledger::encode_entry(written);
  CHECK(line == R"({"body":{"a":[1,-2.5,"x"],"b":{}},"index":41,"origin":"ehr/10-20-0-5","prev":")" +
                    ledger::to_hex(written.prev) +
                    R"(","time":"2026-11-22T08:00:00.123Z","type":"test.entry","v":1})");
  const auto read = ledger::parse_entry(line);
  REQUIRE(read.ok());
  CHECK(read->index == 41);
  CHECK(read->origin == written.origin);
  CHECK(read->prev == written.prev);
  CHECK(read->time == written.time);
  CHECK(read->type == written.type);
  CHECK(read->body == written.body);
}

TEST_CASE("only the exact canonical line is an entry") {
  CHECK(ledger::parse_entry(line_with("", "")).ok());
  const std::string line = ledger::encode_entry(entry(41));
  for (const std::string& bad : {std::string{},
                                 line + "\n",
                                 line + " ",
                                 " " + line,
                                 line.substr(0, line.size() - 1),
                                 line_with("\"v\":1", "\"v\":2"),
                                 line_with("\"v\":1", "\"v\":1.0"),
                                 line_with("\"v\":1", "\"v\":1,\"w\":1"),
                                 line_with(":41", ": 41"),
                                 line_with(":41", ":041"),
                                 line_with(":41", ":-1"),
                                 line_with(":41", ":4.1e1"),
                                 line_with(":41", ":\"41\""),
                                 line_with(":41", ":9007199254740993"),
                                 line_with(":41", ":99999999999999999999"),
                                 line_with("ehr/", "EHR/"),
                                 line_with("ehr/10-20-0-5", "ehr/"),
                                 line_with("ehr/10-20-0-5", "ehr/10.20.0.5"),
                                 line_with("ehr/10-20-0-5", "ehr/10-20-0-5/"),
                                 line_with("ehr/10-20-0-5", "ehr/10-20-0-5/02"),
                                 line_with("ehr/10-20-0-5", "ehr/10-20-0-5/1"),
                                 line_with("ehr/10-20-0-5", "ehr/10-20-0-5/2/3"),
                                 line_with("ehr/10-20-0-5", "ehr/10-20-0-5\\u0041"),
                                 line_with("08:00:00.123Z", "08:00:00Z"),
                                 line_with("11-22T", "02-30T"),
                                 line_with("test.entry", ""),
                                 line_with("test.entry", "Test"),
                                 line_with("test.entry", "test..entry"),
                                 line_with("test.entry", "test."),
                                 line_with("test.entry", "1test"),
                                 line_with("test.entry", "te\\u0073t"),
                                 line_with("{}", "[]"),
                                 line_with("{}", "null"),
                                 line_with("{}", "{ }"),
                                 line_with("\"body\"", "\"Body\""),
                                 line_with("\"prev\":\"", "\"prev\":\"F"),
                                 line_with("\"prev\":\"", "\"prev\":\"0"),
                                 line_with("\"body\":{},", ""),
                                 line_with("\"body\":{},", "\"body\":{},\"body\":{},"),
                                 "[" + line + "]"}) {
    INFO(bad);
    CHECK_FALSE(ledger::parse_entry(bad).ok());
  }
  CHECK(ledger::parse_entry(line_with("ehr/10-20-0-5", "ehr/fd00--5/2")).ok());
  CHECK(ledger::parse_entry(line_with(":41", ":9007199254740992")).ok());
  CHECK(ledger::parse_entry(line_with("test.entry", "break-glass.used")).ok());
}

TEST_CASE("a body that is not canonical is refused") {
  const auto accepts = [](const std::string& body) {
    return ledger::parse_entry(line_with("{}", body)).ok();
  };
  for (const auto* body : {R"({"a":"\\\"\b\t\n\f\r\u0000\u001f/","b":[[],{}],"c":[true,false,null]})",
                           R"({"":0,"a":{},"aa":1e+21})", "{\"\\n\":1,\"\\u000b\":1,\" \":1}",
                           "{\"\xf0\x9f\x98\x80\":1,\"\xef\xac\xb3\":1}", "{\"a\":\"\x7f\xc3\xa9\"}",
                           R"({"a":[0,-1,0.5,1e-7,5e-324,9007199254740992]})"}) {
    INFO(body);
    CHECK(accepts(body));
  }
  for (const auto* body : {R"({"b":1,"a":1})",
                           R"({"a":1,"a":1})",
                           R"({"a":1,})",
                           R"({"a":1 })",
                           R"({"a" :1})",
                           R"({"a":"\u0041"})",
                           R"({"a":"\/"})",
                           R"({"a":"\u000A"})",
                           R"({"a":"\u000a"})",
                           R"({"a":"\u001F"})",
                           R"({"a":"\u0022"})",
                           R"({"a":"\x"})",
                           R"({"a":"\u00e9"})",
                           R"({"a":"\u20ac"})",
                           R"({"a":1.0})",
                           R"({"a":-0})",
                           R"({"a":1e2})",
                           R"({"a":1E+21})",
                           R"({"a":1e21})",
                           R"({"a":01})",
                           R"({"a":0.10})",
                           R"({"a":9007199254740993})",
                           R"({"a":0.12345678901234567})",
                           R"({"a":-})",
                           R"({"a":})",
                           R"({"a"})",
                           R"({a:1})",
                           R"({"a":[1,]})",
                           R"({"a":[1 2]})",
                           R"({"a":tru})",
                           R"({"a":nul})",
                           "{\"a\":\"\t\"}",
                           "{\"a\":\"\xff\"}",
                           "{\"a\":\"",
                           R"({"a":"\)",
                           R"({"a":"\u00)",
                           R"({"a":1)",
                           "{",
                           "{\"\\u000b\":1,\"\\n\":1}",
                           "{\"\xef\xac\xb3\":1,\"\xf0\x9f\x98\x80\":1}"}) {
    INFO(body);
    CHECK_FALSE(accepts(body));
  }
  const auto nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  CHECK(accepts(nested(62)));
  CHECK_FALSE(accepts(nested(63)));
}

TEST_CASE("an entry has at most 8 KiB, and writing one that nobody would take is a fault") {
  const std::size_t frame = ledger::encode_entry(entry(41)).size();
  const auto body = [](std::size_t size) { return "{\"a\":\"" + std::string(size - 8, 'x') + "\"}"; };
  const std::string line = ledger::encode_entry(entry(41, body(ledger::kMaxEntryBytes - frame + 2)));
  CHECK(line.size() == ledger::kMaxEntryBytes);
  CHECK(ledger::parse_entry(line).ok());
  CHECK_THROWS_AS(ledger::encode_entry(entry(41, body(ledger::kMaxEntryBytes - frame + 3))),
                  std::invalid_argument);
  CHECK_FALSE(ledger::parse_entry(line_with("{}", body(ledger::kMaxEntryBytes - frame + 3))).ok());
  CHECK_THROWS_AS(ledger::encode_entry(entry(41, "{}", "Bad type")), std::invalid_argument);
  CHECK_THROWS_AS(ledger::encode_entry(entry(std::uint64_t{1} << 60U)), std::invalid_argument);
}

TEST_CASE("the chain takes the next line and nothing else") {
  auto state = ledger::chain_start("ehr/10-20-0-5");
  CHECK(state.prev == ledger::sha256("ehr/10-20-0-5"));
  const std::string first = ledger::encode_entry(entry(0));
  REQUIRE(ledger::follow_chain(state, first).ok());
  CHECK(state.next_index == 1);
  CHECK(state.prev == ledger::sha256(first));

  Entry next = entry(1);
  next.prev = ledger::sha256(first);
  const auto refused = [&](auto change) {
    Entry changed = next;
    change(changed);
    const auto before = state;
    const bool refusal = !ledger::follow_chain(state, ledger::encode_entry(changed)).ok();
    return refusal && state.next_index == before.next_index && state.prev == before.prev &&
           state.last_time == before.last_time;
  };
  CHECK(refused([](Entry& e) { e.index = 0; }));
  CHECK(refused([](Entry& e) { e.index = 2; }));
  CHECK(refused([](Entry& e) { e.prev[0] ^= 1; }));
  CHECK(refused([](Entry& e) { e.origin = "ehr/10-20-0-6"; }));
  CHECK(refused([](Entry& e) { e.time -= std::chrono::milliseconds{1}; }));
  CHECK_FALSE(ledger::follow_chain(state, "{}").ok());
  CHECK(ledger::follow_chain(state, ledger::encode_entry(next)).ok());
}

TEST_CASE("bodies of the known types are written and judged effective") {
  const std::string body = ledger::encode_body(issued());
  CHECK(ledger::judge_entry(entry(0, body, "bundle.issued")).meaning == Meaning::kEffective);
  const auto read = ledger::decode_bundle_issued(entry(0, body, "bundle.issued"));
  REQUIRE(read.ok());
  CHECK(read->request == kRequest);
  CHECK(read->to == "10.20.0.6");
  CHECK(read->purpose == "TREAT");
  CHECK(read->size == 12345);
  CHECK(read->ciphertext_sha256 == issued().ciphertext_sha256);
  CHECK(read->merkle_root == issued().merkle_root);
  CHECK(read->plaintext_commitment == issued().plaintext_commitment);
  CHECK(read->patient_commitment == issued().patient_commitment);

  const auto received =
      ledger::encode_body(ledger::BundleReceived{kRequest, "fd00::5", ledger::sha256("c"), 0});
  CHECK(ledger::judge_entry(entry(0, received, "bundle.received")).meaning == Meaning::kEffective);
  const auto delivered =
      ledger::encode_body(ledger::BundleDelivered{kRequest, "fd00::5", ledger::sha256("r")});
  CHECK(ledger::judge_entry(entry(0, delivered, "bundle.delivered")).meaning == Meaning::kEffective);
  const auto granted = ledger::encode_body(ledger::ConsentGranted{});
  CHECK(ledger::judge_entry(entry(0, granted, "consent.granted")).meaning == Meaning::kEffective);
  const auto revoked = ledger::encode_body(ledger::ConsentRevoked{});
  CHECK(ledger::judge_entry(entry(0, revoked, "consent.revoked")).meaning == Meaning::kEffective);
  const auto used =
      ledger::encode_body(ledger::BreakGlassUsed{"0195f3c0-7e5a-7cc0-8000-0123456789ab", "fd00::5", {}, {}});
  CHECK(ledger::judge_entry(entry(0, used, "break-glass.used")).meaning == Meaning::kEffective);
  const auto reviewed = ledger::encode_body(ledger::BreakGlassReviewed{7, {}});
  CHECK(ledger::judge_entry(entry(8, reviewed, "break-glass.reviewed")).meaning == Meaning::kEffective);
  CHECK_THROWS_AS(ledger::encode_body(ledger::BreakGlassUsed{"someone", "fd00::5", {}, {}}),
                  std::invalid_argument);
  const auto refusals = ledger::encode_body(ledger::Refusals{"fd00::5", "2026-11-22T08:00:00.000Z", 3});
  CHECK(ledger::judge_entry(entry(0, refusals, "refusals")).meaning == Meaning::kEffective);

  CHECK(ledger::judge_entry(entry(0, body, "bundle.received")).meaning == Meaning::kVoid);
  CHECK(ledger::judge_entry(entry(0, "{}", "bundle.issued")).meaning == Meaning::kVoid);
  CHECK(ledger::judge_entry(entry(0, "{}", "something.new")).meaning == Meaning::kUnknownType);
  CHECK_FALSE(ledger::decode_bundle_issued(entry(0, body, "bundle.received")).ok());
}

TEST_CASE("a body that would be void is not written") {
  const auto throws = [](auto change) {
    auto body = issued();
    change(body);
    CHECK_THROWS_AS(ledger::encode_body(body), std::invalid_argument);
  };
  throws([](auto& body) { body.request = ""; });
  throws([](auto& body) { body.request = "0195F3C0-7e5a-7cc0-8000-0123456789ab"; });
  throws([](auto& body) { body.to = "010.20.0.6"; });
  throws([](auto& body) { body.to = "FD00::6"; });
  throws([](auto& body) { body.purpose = "treat"; });
  throws([](auto& body) { body.purpose = "T\",\"x\":\""; });
  throws([](auto& body) { body.size = 0; });
  throws([](auto& body) { body.size = (std::uint64_t{1} << 53U) + 1; });
  CHECK_THROWS_AS(ledger::encode_body(ledger::Refusals{"fd00::5", "2026-11-22T08:30:00.000Z", 3}),
                  std::invalid_argument);
  CHECK_THROWS_AS(ledger::encode_body(ledger::Refusals{"fd00::5", "2026-11-22T08:00:00.000Z", 0}),
                  std::invalid_argument);
}

TEST_CASE("peer-checkpoint: written, judged, read") {
  const ledger::PeerCheckpoint body{"ehr/10-20-0-6/2", 0, ledger::sha256("")};
  const Entry written = entry(7, ledger::encode_body(body), "peer-checkpoint");
  CHECK(ledger::judge_entry(written).meaning == Meaning::kEffective);
  const auto read = ledger::decode_peer_checkpoint(written);
  REQUIRE(read.ok());
  CHECK(read->origin == body.origin);
  CHECK(read->size == body.size);
  CHECK(read->root == body.root);
  CHECK_FALSE(ledger::decode_peer_checkpoint(entry(7, written.body, "origin.retired")).ok());
  CHECK_FALSE(ledger::decode_peer_checkpoint(entry(7, "{}", "peer-checkpoint")).ok());
  for (const auto* origin : {"", "10.20.0.6", "ehr/10-20-0-6/1", "ehr/10-20-0-6\"", "log.example"})
    CHECK_THROWS_AS(ledger::encode_body(ledger::PeerCheckpoint{origin, 1, {}}), std::invalid_argument);
}

TEST_CASE("origin.retired counts as the first entry of a later log of the same agent") {
  ledger::OriginRetired body{"ehr/10-20-0-5", 41, ledger::sha256("r"), "entries-lost"};
  Entry first = entry(0, ledger::encode_body(body), "origin.retired");
  first.origin = "ehr/10-20-0-5/2";
  CHECK(ledger::judge_entry(first).meaning == Meaning::kEffective);
  const auto read = ledger::decode_origin_retired(first);
  REQUIRE(read.ok());
  CHECK(read->origin == body.origin);
  CHECK(read->size == 41);
  CHECK(read->root == body.root);
  CHECK(read->reason == ledger::retirement_reason::kEntriesLost);

  const auto void_with = [&](auto change) {
    Entry changed = first;
    change(changed);
    CHECK(ledger::judge_entry(changed).meaning == Meaning::kVoid);
    CHECK_FALSE(ledger::decode_origin_retired(changed).ok());
  };
  void_with([](Entry& e) { e.index = 1; });
  void_with([](Entry& e) { e.origin = "ehr/10-20-0-5"; });
  void_with([](Entry& e) { e.origin = "ehr/10-20-0-6/2"; });
  void_with([](Entry& e) { e.body = "{}"; });
  for (const auto* reason :
       {"", "Lost", "entries lost", "a--b", "-a", "a-", "\"", "a-very-long-story-about-one-patient"}) {
    INFO(reason);
    body.reason = reason;
    CHECK_THROWS_AS(ledger::encode_body(body), std::invalid_argument);
  }
}
