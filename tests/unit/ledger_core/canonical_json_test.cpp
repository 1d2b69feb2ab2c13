#include "ledger-client/core/canonical_json.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "ledger-client/core/canonical_scan.h"
#include "ledger-client/core/json_text.h"

using ledger::canonicalize;
using ledger::parse_json;

namespace {

std::string number_text(double value) {
  std::string text;
  ledger::append_json_number(text, value);
  return text;
}

// What both readers say of a text: the canonical form, or nothing. They are independent, so each is the
// other's oracle.
std::optional<std::string> canonical(std::string_view text, const ledger::JsonLimits& limits = {}) {
  const auto streamed = canonicalize(text, limits);
  const auto parsed = parse_json(text, limits);
  INFO(text);
  CHECK(streamed.ok() == parsed.ok());
  if (!streamed || !parsed) return std::nullopt;
  CHECK(streamed.value() == ledger::canonical_json(*parsed));
  return streamed.value();
}

}  // namespace

TEST_CASE("RFC 8785, appendix B: numbers from their bits") {
  struct Row {
    std::uint64_t bits;
    const char* text;
  };
  for (const Row& row : {Row{0x0000000000000000, "0"},
                         Row{0x8000000000000000, "0"},
                         Row{0x0000000000000001, "5e-324"},
                         Row{0x8000000000000001, "-5e-324"},
                         Row{0x7fefffffffffffff, "1.7976931348623157e+308"},
                         Row{0xffefffffffffffff, "-1.7976931348623157e+308"},
                         Row{0x4340000000000000, "9007199254740992"},
                         Row{0xc340000000000000, "-9007199254740992"},
                         Row{0x4430000000000000, "295147905179352830000"},
                         Row{0x44b52d02c7e14af5, "9.999999999999997e+22"},
                         Row{0x44b52d02c7e14af6, "1e+23"},
                         Row{0x44b52d02c7e14af7, "1.0000000000000001e+23"},
                         Row{0x444b1ae4d6e2ef4e, "999999999999999700000"},
                         Row{0x444b1ae4d6e2ef4f, "999999999999999900000"},
                         Row{0x444b1ae4d6e2ef50, "1e+21"},
                         Row{0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
                         Row{0x3eb0c6f7a0b5ed8d, "0.000001"},
                         Row{0x41b3de4355555553, "333333333.3333332"},
                         Row{0x41b3de4355555554, "333333333.33333325"},
                         Row{0x41b3de4355555555, "333333333.3333333"},
                         Row{0x41b3de4355555556, "333333333.3333334"},
                         Row{0x41b3de4355555557, "333333333.33333343"},
                         Row{0xbecbf647612f3696, "-0.0000033333333333333333"},
                         Row{0x43143ff3c1cb0959, "1424953923781206.2"}}) {
    CHECK(number_text(std::bit_cast<double>(row.bits)) == row.text);
  }
  CHECK_THROWS_AS(number_text(std::numeric_limits<double>::quiet_NaN()), std::invalid_argument);
  CHECK_THROWS_AS(number_text(std::numeric_limits<double>::infinity()), std::invalid_argument);
}

TEST_CASE("RFC 8785, 3.2.2 and 3.2.4: the worked example") {
  const std::string input = R"({
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]
  })";
  const std::string expected =
      "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
      "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
  CHECK(canonical(input) == expected);
}

TEST_CASE("RFC 8785, 3.2.3: members by UTF-16 code units") {
  const std::string input =
      R"({"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",)"
      R"( "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"})";
  CHECK(canonical(input) ==
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\",\"\xc3\xb6\":\"Latin Small "
        "Letter O With "
        "Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\",\"\xf0\x9f\x98\x80\":\"Emoji: Grinning "
        "Face\",\"\xef\xac\xb3\":\"Hebrew "
        "Letter Dalet With Dagesh\"}");
  CHECK(ledger::json_key_less("", "a"));
  CHECK(ledger::json_key_less("a", "aa"));
  CHECK_FALSE(ledger::json_key_less("a", "a"));
  CHECK(ledger::json_key_less("x\xf0\x9f\x98\x80", "x\xee\x80\x80"));
  CHECK_FALSE(ledger::json_key_less("x\xee\x80\x80", "x\xf0\x9f\x98\x80"));
  CHECK(ledger::json_key_less("\xed\x9f\xbf", "\xf0\x90\x80\x80"));
}

TEST_CASE("layout of numbers") {
  CHECK(canonical(
            "[-0,-0.0,0e5,1e0,10e-1,100,1.50,-1.5,123e-2,1e-7,0.00001,9007199254740992,-9007199254740992]") ==
        "[0,0,0,1,1,100,1.5,-1.5,1.23,1e-7,0.00001,9007199254740992,-9007199254740992]");
  CHECK(canonical("[1e21,1.5e300,1e-400,123456789012345,1234567890123456]") ==
        "[1e+21,1.5e+300,0,123456789012345,1234567890123456]");
  CHECK(canonical("[0.1234567890123456789]") == "[0.12345678901234568]");
  CHECK(canonical("5") == "5");
  CHECK(canonical(" \"a\" ") == "\"a\"");
  CHECK(canonical("null") == "null");
}

TEST_CASE("integers that a double can't hold are refused, whoever writes them how") {
  for (const auto* text :
       {"9007199254740993", "-9007199254740993", "18446744073709551616", "-99999999999999999999", "1e20",
        "1.5e20", "9007199254740994.0", "1e400", "-1e400", "1e999999999999"}) {
    CHECK_FALSE(canonical(text));
    CHECK_FALSE(canonical("{\"a\":[" + std::string{text} + "]}"));
  }
  CHECK_THROWS_AS(ledger::canonical_json(9007199254740993), std::invalid_argument);
  CHECK_THROWS_AS(ledger::canonical_json(-9007199254740993), std::invalid_argument);
  CHECK_THROWS_AS(ledger::canonical_json(1e20), std::invalid_argument);
  CHECK_THROWS_AS(ledger::canonical_json(std::nan("")), std::invalid_argument);
  CHECK_THROWS_AS(ledger::canonical_json("\xff"), std::invalid_argument);
  CHECK_THROWS_AS(ledger::canonical_json(nlohmann::json::binary({1})), std::invalid_argument);
}

TEST_CASE("numbers beyond the doubles are zero or refused, wherever their digits stand") {
  const std::string zeros(400, '0');
  for (const std::string& small :
       {std::string{"1e-400"}, "0." + zeros + "1", "0." + zeros + "1e50", "1" + zeros + "e-900",
        std::string{"1E-99999999999999999999"}, std::string{"-0.000e5"},
        std::string{"0e99999999999999999999"}, std::string{"1e-400"}}) {
    CHECK(canonical("[" + small + "]") == "[0]");
  }
  for (const std::string& large : {std::string{"1e400"}, "1" + zeros + ".5", "1" + zeros + "e-5",
                                   "0." + zeros + "1e900", std::string{"1E+99999999999999999999"}}) {
    CHECK_FALSE(canonical("[" + large + "]"));
  }
  CHECK(canonical("[1" + zeros + "e-400]") == "[1]");
}

TEST_CASE("what is no strict JSON is refused") {
  using namespace std::string_literals;
  for (const std::string& text : {""s,
                                  " "s,
                                  "{"s,
                                  "}"s,
                                  "["s,
                                  "]"s,
                                  "[1"s,
                                  "[1,"s,
                                  "[1,]"s,
                                  "[,1]"s,
                                  "[1 2]"s,
                                  "{\"a\"}"s,
                                  "{\"a\":}"s,
                                  "{\"a\":1,}"s,
                                  "{a:1}"s,
                                  "{'a':1}"s,
                                  "{\"a\":1 \"b\":2}"s,
                                  "{\"a\" 1}"s,
                                  "{,}"s,
                                  "{}{}"s,
                                  "[][]"s,
                                  "{} x"s,
                                  "[] ]"s,
                                  "[nul]"s,
                                  "[nulll]"s,
                                  "[True]"s,
                                  "[NaN]"s,
                                  "[Infinity]"s,
                                  "[01]"s,
                                  "[-]"s,
                                  "[+1]"s,
                                  "[1.]"s,
                                  "[.5]"s,
                                  "[1e]"s,
                                  "[1e+]"s,
                                  "[0x10]"s,
                                  "[1_0]"s,
                                  "[--1]"s,
                                  "[-01]"s,
                                  "[\"a]"s,
                                  "[\"\\x\"]"s,
                                  "[\"\\u12\"]"s,
                                  "[\"\\u12g4\"]"s,
                                  "[\"\n\"]"s,
                                  "[\"\t\"]"s,
                                  "[\"\0\"]"s,
                                  "{}\0"s,
                                  "{}\0x"s,
                                  "\0{}"s,
                                  "[\"\\ud800\"]"s,
                                  "[\"\\udc00\"]"s,
                                  "[\"\\ud800\\ud800\"]"s,
                                  "[\"\\ud800x\"]"s,
                                  "{\"\\ud800\":1}"s,
                                  "{\"\\udc00\":1}"s,
                                  "[\"\xff\"]"s,
                                  "[\"\xc0\x80\"]"s,
                                  "[\"\xed\xa0\x80\"]"s,
                                  "[\"\xf4\x90\x80\x80\"]"s,
                                  "[\"\xc3\"]"s,
                                  "\xef\xbb\xbf{}"s,
                                  "[/*c*/1]"s,
                                  "[1]//"s,
                                  "[\"a\"\"b\"]"s,
                                  "[1\"a\"]"s,
                                  "[\"a\"1]"s,
                                  "[true false]"s,
                                  "[1][2"s,
                                  "\"a"s,
                                  "nul"s,
                                  "1 2"s,
                                  "[1}"s,
                                  "{\"a\":1]"s,
                                  "{\"a\":[1}"s,
                                  "[[1]"s,
                                  "{1:2}"s,
                                  "{[]:1}"s,
                                  "{null:1}"s,
                                  "[\"\\\"]"s,
                                  "\xc2\xa0[]"s,
                                  "[\v1]"s}) {
    CHECK_FALSE(canonical(text));
  }
}

TEST_CASE("two members of one name are refused, however they are spelled and wherever they stand") {
  for (const auto* text : {R"({"a":1,"a":1})", R"({"a":1,"b":2,"a":3})", R"({"a":1,"\u0061":2})",
                           R"([{"x":{"b":1,"a":2,"b":1}}])", R"({"":1,"":2})", R"({"a":{},"c":[],"a":{}})"}) {
    CHECK_FALSE(canonical(text));
  }
  CHECK(canonical(R"({"b":{"a":1},"a":{"a":1}})") == R"({"a":{"a":1},"b":{"a":1}})");
}

TEST_CASE("limits: bytes and depth") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  const auto objects = [](std::size_t depth) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += "{\"a\":";
    return text + "1" + std::string(depth, '}');
  };
  CHECK(canonical(nested(64)) == nested(64));
  CHECK_FALSE(canonical(nested(65)));
  CHECK(canonical(objects(64)) == objects(64));
  CHECK_FALSE(canonical(objects(65)));
  CHECK_FALSE(canonical(nested(200000), {.max_bytes = 1 << 20, .max_depth = 64}));
  CHECK(canonical(nested(3), {.max_bytes = 6, .max_depth = 3}) == nested(3));
  CHECK_FALSE(canonical(nested(3), {.max_bytes = 5, .max_depth = 3}));
  CHECK(canonical("[1]", {.max_bytes = 100, .max_depth = 1}) == "[1]");
  CHECK(canonical("1", {.max_bytes = 100, .max_depth = 0}) == "1");
  CHECK_FALSE(canonical("[]", {.max_bytes = 100, .max_depth = 0}));
}

namespace {

std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> pieces{
      "a",        "B",       "\\n",          "\\u0001",          "\\\"",           "\\\\", "\\/",
      "\xc3\xa9", "\\u20ac", "\xef\xac\xb3", "\xf0\x9f\x98\x80", "\\ud83d\\ude00", "/",    "\x7f"};
  std::string text = "\"";
  for (unsigned n = random() % 5; n > 0; --n) text += pieces[random() % pieces.size()];
  return text + "\"";
}

std::string random_json(std::mt19937& random, unsigned depth) {
  static const std::vector<std::string> atoms{"true", "false", "null",    "0",    "-0",
                                              "1.0",  "-17",   "6.02e23", "1e-9", "4503599627370497.5"};
  static const std::vector<std::string> spaces{"", "", " ", "\n  ", "\t"};
  const auto space = [&] { return spaces[random() % spaces.size()]; };
  const unsigned kind = depth == 0 ? random() % 2 : random() % 4;
  if (kind == 0) return atoms[random() % atoms.size()];
  if (kind == 1) return random_text(random);
  std::string text = kind == 2 ? "[" : "{";
  for (unsigned i = 0, n = random() % 5; i < n; ++i) {
    if (i > 0) text += ",";
    text += space();
    if (kind == 3) text += random_text(random) + space() + ":" + space();
    text += random_json(random, depth - 1) + space();
  }
  return text + (kind == 2 ? "]" : "}");
}

}  // namespace

TEST_CASE(
    "both readers agree on random documents and on their damaged copies, and canonical text stays as it is") {
  std::mt19937 random(20261122);
  int accepted = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string text = random_json(random, 4);
    if (const auto first = canonical(text)) {
      CHECK(canonical(*first) == first);
      ++accepted;
    }
    const std::size_t at = random() % text.size();
    if (round % 3 == 0) text.erase(at, 1);
    if (round % 3 == 1) text[at] = static_cast<char>(random());
    if (round % 3 == 2) text.insert(at, 1, "{}[],:\"\\0e "[random() % 11]);
    canonical(text);
  }
  CHECK(accepted > 2000);
}

// Strings are scanned in blocks: what ends or escapes one is found wherever it stands in a block.
TEST_CASE("the scanner finds the end of a string at every place, and what may not stand in it") {
  for (std::size_t before = 0; before < 40; ++before) {
    for (std::size_t after = 0; after < 40; ++after) {
      const std::string head(before, 'a'), tail(after, '\x7f');
      const auto plain = '"' + head + "\xc3\xbc" + tail + '"';
      ledger::CanonicalScan good(plain);
      REQUIRE(good.plain_string() == std::string_view(plain).substr(1, plain.size() - 2));
      REQUIRE(good.at_end());
      const auto early = '"' + head + '"' + tail + '"';
      ledger::CanonicalScan ends(early);
      REQUIRE(ends.plain_string() == head);
      REQUIRE(ends.position() == before + 2);
      const auto escaped = '"' + head + "\\n" + tail + '"';
      REQUIRE(ledger::CanonicalScan(escaped).text() == head + '\n' + tail);
      REQUIRE_FALSE(ledger::CanonicalScan(escaped).plain_string());
      for (const char control : {'\0', '\n', '\x1f'}) {
        const auto bad = '"' + head + control + tail + '"';
        REQUIRE_FALSE(ledger::CanonicalScan(bad).text());
      }
    }
  }
}
