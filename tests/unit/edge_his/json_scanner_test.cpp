#include "agent/adapters/his/json_scanner.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>

using edge::his::BrokenFile;
using edge::his::JsonScanner;

namespace {

// Gives its text in pieces of any size, so that every token is cut somewhere.
class Pieces : public edge::his::ByteSource {
 public:
  Pieces(std::string text, std::size_t piece) : text_(std::move(text)), piece_(piece) {}
  std::size_t read(char* out, std::size_t size) override {
    const std::size_t taken = std::min({size, piece_, text_.size() - at_});
    std::memcpy(out, text_.data() + at_, taken);
    at_ += taken;
    return taken;
  }
  std::uint64_t position() const override { return at_; }

 private:
  std::string text_;
  std::size_t piece_, at_ = 0;
};

// The texts of all values one after the other.
std::vector<std::string> values(const std::string& text, std::size_t piece, std::size_t depth = 64) {
  Pieces source(text, piece);
  JsonScanner scanner(source, depth);
  std::vector<std::string> out;
  while (scanner.peek() != JsonScanner::kEnd) {
    out.emplace_back();
    if (!scanner.text(out.back(), 1 << 20)) throw std::logic_error("too long for this test");
  }
  return out;
}

std::string why_broken(const std::string& text, std::size_t depth = 64) {
  try {
    values(text, 7, depth);
    return "";
  } catch (const BrokenFile& broken) {
    return broken.what();
  }
}

}  // namespace

TEST_CASE("values are handed out byte for byte, however the file is cut") {
  const std::string first =
      R"({"a": [1, -0.50, 1E-7, "x\"]}\\", "é漢🫀", {}, []], "b\u0041" : {"c":null,"d":true,"e":false}})";
  const std::string second = R"(["\u00e9\ud83e\udec0\n", 12345678901234567890.10])";
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{64}, std::size_t{4096}}) {
    CAPTURE(piece);
    CHECK(values(" \r\n" + first + "\n\n\t" + second + " ", piece) ==
          std::vector<std::string>{first, second});
  }
  CHECK(values("\xEF\xBB\xBF{}", 4096) == std::vector<std::string>{"{}"});
  CHECK(values("", 1).empty());
}

TEST_CASE("what is not JSON is broken") {
  for (const char* text :
       {"{",           "}",    "[1,]", "{\"a\":1,}", "{\"a\"}",  "{a:1}",    "[1 2]", "\"a", "\"\\x\"",
        "\"\\u12g4\"", "[01]", "[1.]", ".5",         "+1",       "1e",       "-",     "tru", "nul",
        "NaN",         "'a'",  "[1]]", "{\"a\":1}}", "\"a\nb\"", "{\"a\":}", "//"}) {
    CAPTURE(text);
    CHECK_FALSE(why_broken(text).empty());
  }
  const std::string good = R"({"a":[1,{"b":"c\n"}],"d":-1.5e+3})";
  REQUIRE(why_broken(good).empty());
  for (std::size_t size = 1; size < good.size(); ++size) {
    CAPTURE(size);
    CHECK(why_broken(good.substr(0, size)).find("ends in the middle") != std::string::npos);
  }
}

TEST_CASE("a member twice is broken, also when it is spelled differently or far away") {
  CHECK(why_broken(R"({"a":1,"b":2,"a":3})").find("same member twice") != std::string::npos);
  CHECK(why_broken(R"({"x":{"a":1,"\u0061":2}})").find("same member twice") != std::string::npos);
  CHECK(why_broken("{\"\xF0\x9F\x98\x80\":1,\"\\uD83D\\ude00\":2}").find("same member twice") !=
        std::string::npos);
  CHECK(why_broken(R"({"\ud83d\ude00":1,"\ud83d\ude01":2,"\ud83d":3,"\ude00":4})").empty());
  CHECK(why_broken(R"([{"a":1},{"a":{"a":{}}}])").empty());
  std::string many = "{";
  for (int i = 0; i < 500; ++i) many += "\"m" + std::to_string(i) + "\":0,";
  CHECK(why_broken(many + "\"last\":0}").empty());
  CHECK(why_broken(many + "\"m3\":0}").find("same member twice") != std::string::npos);
  CHECK(why_broken(many + "\"m499\":0}").find("same member twice") != std::string::npos);
}

TEST_CASE("depth is bounded and what is too deep is broken") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(why_broken(nested(64)).empty());
  CHECK(why_broken(nested(65)).find("too deep") != std::string::npos);
  CHECK(why_broken(std::string(5'000'000, '[')).find("too deep") != std::string::npos);
  CHECK(why_broken(R"({"a":)" + nested(63) + "}").empty());
  CHECK(why_broken(R"({"a":)" + nested(64) + "}").find("too deep") != std::string::npos);
}

TEST_CASE("a value longer than wanted is passed over, the next one is read") {
  const std::string large = "\"" + std::string(300'000, 'x') + "\"";
  Pieces source("{\"a\":" + large + ",\"b\":[1,2]}", 1000);
  JsonScanner scanner(source, 8);
  std::vector<std::string> texts;
  scanner.object([&](const std::string& name) {
    std::string text;
    CHECK(scanner.text(text, 1000) == (name == "b"));
    texts.push_back(text);
  });
  CHECK(texts == std::vector<std::string>{"", "[1,2]"});
}

TEST_CASE("the place of a fault is its line and byte") {
  CHECK(why_broken("{\n \"a\": 1,\n \"b\": ?}") == "line 3, byte 17: not JSON");
  CHECK(why_broken("[1,\n2") == "line 2, byte 5: the text ends in the middle");
}
