#include "agent/core/ledger_query.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/shared_data.h"
#include "tests/unit/ledger_core/schema_support.h"

using namespace edge;
using nlohmann::json;

namespace {

const std::string kOrigin = "ehr/10-20-0-5";
const std::string kNote =
    "ehr/10-20-0-5\n7\n" + std::string(43, 'A') + "=\n\n\u2014 ehr/10-20-0-5 AAAAAAAA\n";

ledger::Hash filled(std::uint8_t byte) {
  ledger::Hash hash{};
  hash.fill(byte);
  return hash;
}
const ledger::Proof kProof{filled(0x11), filled(0x22)};

LedgerRange example_range() {
  return {kOrigin, 3, {"entry 3", "entry 4"}, kProof, kNote};
}
LedgerProof example_proof() {
  return {kOrigin, 3, 7, *ledger::hash_from_hex(std::string(64, '3')), kProof, kNote};
}

// Spoils one member of a JSON text.
std::string with(const std::string& text, const char* member, const json& value) {
  json object = json::parse(text);
  object[member] = value;
  return object.dump();
}
std::string without(const std::string& text, const char* member) {
  json object = json::parse(text);
  object.erase(member);
  return object.dump();
}

// What every reader of an object refuses.
template <class Parse>
void check_strict(const std::string& good, const Parse& parse) {
  REQUIRE(parse(good));
  const json object = json::parse(good);
  for (const auto& item : object.items()) {
    INFO(item.key());
    CHECK_FALSE(parse(without(good, item.key().c_str())));
    for (const json& value :
         {json(), json(true), json(-1), json(1.5), json(""), json::array(), json::object(), json("\u00e9")})
      if (value != item.value() && !(item.key() == "body" && value.is_string() && value != "") &&
          !(item.key() == "consistency" && value.is_array()))
        CHECK_FALSE(parse(with(good, item.key().c_str(), value)));
  }
  CHECK_FALSE(parse(with(good, "more", 1)));
  CHECK_FALSE(parse(good.substr(0, good.size() - 1)));
  CHECK_FALSE(parse(good + " x"));
  CHECK_FALSE(parse("{" + good.substr(1, good.find(',') == good.npos ? good.size() - 2 : good.find(',')) +
                    good.substr(1)));  // a member twice
  for (const char* other : {"", "null", "[]", "{}", "7", "{\"a\":", "\xff"}) CHECK_FALSE(parse(other));
  CHECK_FALSE(parse(std::string(100'000, '[')));
}

const std::vector<std::string> kNoOrigins{"",
                                          "ehr",
                                          "ehr/",
                                          "x/10-20-0-5",
                                          "ehr/../agent",
                                          "ehr/10-20-0-5/",
                                          "ehr//2",
                                          "ehr/10.20.0.5",
                                          "ehr/10-20-0-5/0",
                                          "ehr/10-20-0-5/2/3",
                                          "ehr/A",
                                          "ehr/" + std::string(61, 'a')};

}  // namespace

TEST_CASE("ledger queries: params are written one way and read back") {
  const LedgerRangeQuery range{kOrigin, 41, 1000};
  CHECK(encode_params(range) == R"({"count":1000,"from":41,"origin":"ehr/10-20-0-5"})");
  CHECK(parse_ledger_range(encode_params(range)).value() == range);
  const LedgerProofQuery proof{kOrigin + "/2", 0, 7};
  CHECK(encode_params(proof) == R"({"old_size":0,"origin":"ehr/10-20-0-5/2","size":7})");
  CHECK(parse_ledger_proof(encode_params(proof)).value() == proof);
  const CosignQuery cosign{"old 3\n\n" + kNote};
  CHECK(parse_cosign(encode_params(cosign)).value() == cosign);
  const CosignQuery largest{std::string(kMaxCosignBytes, '\x01')};
  CHECK(parse_cosign(encode_params(largest)).value() == largest);
}

TEST_CASE("ledger queries: malformed params are refused") {
  const std::string range = encode_params(LedgerRangeQuery{kOrigin, 41, 7});
  check_strict(range, parse_ledger_range);
  CHECK_FALSE(parse_ledger_range(with(range, "count", 0)));
  CHECK_FALSE(parse_ledger_range(with(range, "count", 1001)));
  CHECK(parse_ledger_range(with(range, "from", 1ull << 53)));
  CHECK_FALSE(parse_ledger_range(with(range, "from", (1ull << 53) + 1)));
  CHECK_FALSE(parse_ledger_range(with(range, "from", "41")));

  const std::string proof = encode_params(LedgerProofQuery{kOrigin, 3, 7});
  check_strict(proof, parse_ledger_proof);
  CHECK(parse_ledger_proof(with(proof, "old_size", 7)));
  CHECK_FALSE(parse_ledger_proof(with(proof, "old_size", 8)));
  CHECK_FALSE(parse_ledger_proof(with(with(proof, "old_size", 0), "size", 0)));
  for (const auto& origin : kNoOrigins) {
    INFO(origin);
    CHECK_FALSE(parse_ledger_range(with(range, "origin", origin)));
    CHECK_FALSE(parse_ledger_proof(with(proof, "origin", origin)));
  }

  const std::string cosign = encode_params(CosignQuery{"old 0\n"});
  check_strict(cosign, parse_cosign);
  CHECK_FALSE(parse_cosign(with(cosign, "body", std::string(kMaxCosignBytes + 1, 'a'))));
  const auto refused = parse_ledger_range(with(range, "count", 0));
  CHECK(refused.error().reason == "params.count: not a whole number in its range");
}

TEST_CASE("ledger queries: the answer of a range is a text of lines") {
  const auto range = example_range();
  const std::string text = encode_answer(range);
  CHECK(text == R"({"consistency":[")" + ledger::to_hex(kProof[0]) + "\",\"" + ledger::to_hex(kProof[1]) +
                    R"("],"from":3,"origin":"ehr/10-20-0-5"})" + "\nentry 3\nentry 4\n\n" + kNote);
  CHECK(parse_ledger_range_answer(text).value() == range);
  auto empty = range;
  empty.lines.clear();
  CHECK(parse_ledger_range_answer(encode_answer(empty)).value() == empty);
  auto full = range;
  full.lines.assign(kMaxRangeEntries, std::string(1'000, 'x'));
  CHECK(parse_ledger_range_answer(encode_answer(full)).value() == full);
}

TEST_CASE("ledger queries: a malformed answer of a range is refused") {
  const auto range = example_range();
  const std::string text = encode_answer(range), rest = text.substr(text.find('\n'));
  check_strict(text.substr(0, text.find('\n')),
               [&](const std::string& header) { return parse_ledger_range_answer(header + rest); });
  for (std::size_t size = 0; size < text.size(); ++size) {
    INFO(size);
    CHECK_FALSE(parse_ledger_range_answer(text.substr(0, size)));
  }
  CHECK_FALSE(parse_ledger_range_answer("\n" + text));
  CHECK_FALSE(parse_ledger_range_answer(text + "x"));
  auto other = range;
  other.note = "no note";
  CHECK_FALSE(parse_ledger_range_answer(encode_answer(other)));
  other.note.clear();
  CHECK_FALSE(parse_ledger_range_answer(encode_answer(other)));
  other = range;
  other.lines.assign(kMaxRangeEntries + 1, "x");
  CHECK_FALSE(parse_ledger_range_answer(encode_answer(other)));
  other.lines.assign(kMaxRangeBytes / 8'000 + 1, std::string(8'000, 'x'));
  CHECK_FALSE(parse_ledger_range_answer(encode_answer(other)));
  other.lines = {std::string(8 * 1024 + 1, 'x')};
  CHECK_FALSE(parse_ledger_range_answer(encode_answer(other)));
  other = range;
  other.consistency.assign(64, {});
  CHECK_FALSE(parse_ledger_range_answer(encode_answer(other)));
  other = range;
  other.from = (1ull << 53) - 1;
  CHECK_FALSE(parse_ledger_range_answer(encode_answer(other)));
}

TEST_CASE("ledger queries: the answer of a proof") {
  const std::string text = encode_answer(example_proof());
  CHECK(parse_ledger_proof_answer(text).value() == example_proof());
  check_strict(text, parse_ledger_proof_answer);
  CHECK_FALSE(parse_ledger_proof_answer(with(text, "old_size", 8)));
  CHECK_FALSE(parse_ledger_proof_answer(with(text, "old_root", "33")));
  CHECK_FALSE(parse_ledger_proof_answer(with(text, "note", "no note")));
  CHECK_FALSE(parse_ledger_proof_answer(with(text, "consistency", json::array({"11"}))));
  CHECK_FALSE(parse_ledger_proof_answer(with(text, "consistency", json::array({std::string(64, 'A')}))));
}

TEST_CASE("ledger queries: the answer of cosign, one form for each status") {
  const CosignAnswer cosigned{200, 0, "\u2014 ehr/10-20-0-6/witness AAAAAAAA\n"}, conflict{409, 12, ""};
  for (const auto& answer : {cosigned, conflict, CosignAnswer{400, 0, ""}, CosignAnswer{403, 0, ""},
                             CosignAnswer{404, 0, ""}, CosignAnswer{422, 0, ""}, CosignAnswer{503, 0, ""}}) {
    INFO(answer.status);
    CHECK(parse_cosign_answer(encode_answer(answer)).value() == answer);
    check_strict(encode_answer(answer), parse_cosign_answer);
  }
  CHECK(encode_answer(conflict) == R"({"known_size":12,"status":409})");
  for (const int status : {0, 99, 201, 300, 401, 500, 600})
    CHECK_FALSE(parse_cosign_answer(json{{"status", status}}.dump()));
  CHECK_FALSE(parse_cosign_answer(with(encode_answer(cosigned), "known_size", 1)));
  CHECK_FALSE(parse_cosign_answer(with(encode_answer(conflict), "lines", "x\n")));
  CHECK_FALSE(parse_cosign_answer(with(encode_answer(cosigned), "lines", "no end")));
  CHECK_FALSE(parse_cosign_answer(
      with(encode_answer(cosigned), "lines", std::string(kMaxCosignatureBytes, 'x') + "\n")));
}

TEST_CASE("ledger queries: the schemas' examples are what the encoders write") {
  const auto example = [](const std::string& schema, const std::string& name) {
    return json::parse(test_support::read_file(test_support::source_root() / "schemas/examples/valid" /
                                               schema / (name + ".json")));
  };
  const auto check = [&](const std::string& schema, const std::string& name, const std::string& text) {
    INFO(schema << "/" << name);
    CHECK(example(schema, name) == json::parse(text));
  };
  const std::string range = encode_answer(example_range());
  check("answer-ledger-range", "example", range.substr(0, range.find('\n')));
  check("answer-ledger-proof", "example", encode_answer(example_proof()));
  check("answer-cosign", "cosigned", encode_answer({200, 0, "\u2014 ehr/10-20-0-6/witness AAAAAAAA\n"}));
  check("answer-cosign", "conflict", encode_answer({409, 12, ""}));
  check("answer-cosign", "unknown-origin", encode_answer({404, 0, ""}));
}
