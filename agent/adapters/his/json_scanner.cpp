#include "agent/adapters/his/json_scanner.h"

#include <algorithm>
#include <cstring>

#include "ledger-client/core/utf8.h"

namespace edge::his {

namespace {

constexpr std::size_t kWindow = 256 * 1024;

bool is_digit(int c) {
  return c >= '0' && c <= '9';
}
bool is_space(int c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// The high surrogate that `text` ends with, as append_utf8 writes one; 0 where it ends with none.
unsigned trailing_high_surrogate(std::string_view text) {
  if (text.size() < 3) return 0;
  const auto from_end = [&](std::size_t n) { return static_cast<unsigned char>(text[text.size() - n]); };
  if (from_end(3) != 0xED || (from_end(2) & 0xF0) != 0xA0) return 0;
  return 0xD000U | (from_end(2) & 0x3FU) << 6 | (from_end(1) & 0x3FU);
}

// Two escapes that are one character must compare equal to the character itself. A lone surrogate stays: it
// is not text, and whoever reads the value refuses it.
void append_escape(std::string& out, unsigned code) {
  const unsigned high = (code & 0xFC00) == 0xDC00 ? trailing_high_surrogate(out) : 0;
  if (high != 0) {
    out.resize(out.size() - 3);
    code = 0x10000 + ((high & 0x3FF) << 10 | (code & 0x3FF));
  }
  ledger::append_utf8(out, code);
}

}  // namespace

bool JsonScanner::Names::add(std::string name) {
  constexpr std::size_t kFew = 16;
  if (many.empty() && few.size() < kFew) {
    if (std::ranges::find(few, name) != few.end()) return false;
    few.push_back(std::move(name));
    return true;
  }
  if (many.empty()) many.insert(few.begin(), few.end());
  return many.insert(std::move(name)).second;
}

void JsonScanner::Names::clear() {
  few.clear();
  many.clear();
}

JsonScanner::JsonScanner(ByteSource& source, std::size_t max_depth)
    : source_(source), max_depth_(max_depth), window_(kWindow, '\0') {}

void JsonScanner::broken(const char* what) {
  if (next_byte() == kEnd) what = "the text ends in the middle";
  throw BrokenFile("line " + std::to_string(line_) + ", byte " + std::to_string(window_offset_ + at_) + ": " +
                   what);
}

bool JsonScanner::refill() {
  flush_capture();
  window_offset_ += end_;
  at_ = 0;
  capture_from_ = 0;
  end_ = source_.read(window_.data(), window_.size());
  return end_ > 0;
}

void JsonScanner::flush_capture() {
  if (capture_ == nullptr || capture_overflow_) return;
  if (capture_->size() + (at_ - capture_from_) > capture_max_) {
    capture_overflow_ = true;
    capture_->clear();
    return;
  }
  capture_->append(window_, capture_from_, at_ - capture_from_);
  capture_from_ = at_;
}

char JsonScanner::take() {
  if (next_byte() == kEnd) broken("not JSON");
  return window_[at_++];
}

int JsonScanner::peek() {
  if (!started_) {
    started_ = true;
    const int first = next_byte();
    // A byte order mark may come in pieces, through a pipe.
    while (first == 0xEF && end_ < 3) {
      const std::size_t more = source_.read(window_.data() + end_, window_.size() - end_);
      if (more == 0) break;
      end_ += more;
    }
    if (first == 0xEF && end_ - at_ >= 3 && std::memcmp(window_.data() + at_, "\xEF\xBB\xBF", 3) == 0)
      at_ += 3;
  }
  int c = next_byte();
  while (is_space(c)) {
    if (c == '\n') ++line_;
    ++at_;
    c = next_byte();
  }
  return c;
}

void JsonScanner::expect(char wanted, const char* what) {
  if (peek() != static_cast<unsigned char>(wanted)) broken(what);
  ++at_;
}

bool JsonScanner::take_if(char wanted) {
  if (peek() != static_cast<unsigned char>(wanted)) return false;
  ++at_;
  return true;
}

bool JsonScanner::next_of(char close) {
  if (take_if(close)) return false;
  expect(',', "not JSON");
  return true;
}

void JsonScanner::enter() {
  if (++depth_ > max_depth_) broken("nested too deep");
  if (names_.size() <= depth_) names_.resize(depth_ + 1);
}

void JsonScanner::begin_object() {
  expect('{', "not a JSON object");
  enter();
  names_[depth_].clear();
}

void JsonScanner::begin_array() {
  expect('[', "not a JSON array");
  enter();
}

void JsonScanner::end_container() {
  --depth_;
}

std::string JsonScanner::member_name() {
  if (peek() != '"') broken("not JSON");
  std::string name = string();
  Names& names = names_[depth_];
  if (!names.add(name)) broken("an object has the same member twice");
  if (names.many.size() > kMembers) broken("an object has too many members");
  expect(':', "not JSON");
  return name;
}

std::string JsonScanner::string() {
  std::string decoded;
  take_string(&decoded);
  return decoded;
}

void JsonScanner::take_string(std::string* decoded) {
  expect('"', "not a JSON string");
  for (;;) {
    if (next_byte() == kEnd) broken("not JSON");
    const std::size_t from = at_;
    while (at_ < end_ && window_[at_] != '"' && window_[at_] != '\\' &&
           static_cast<unsigned char>(window_[at_]) >= 0x20)
      ++at_;
    if (decoded != nullptr) {
      decoded->append(window_, from, at_ - from);
      if (decoded->size() > kNameBytes) broken("a name is too long");
    }
    if (at_ == end_) continue;
    const char c = window_[at_];
    if (c != '"' && c != '\\') broken("a control character in a string");
    ++at_;
    if (c == '"') return;
    take_escape(decoded);
  }
}

void JsonScanner::take_escape(std::string* decoded) {
  static constexpr std::string_view kNames = "\"\\/bfnrt";
  static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const char c = take();
  if (c == 'u') {
    const unsigned code = take_hex4();
    if (decoded != nullptr) append_escape(*decoded, code);
    return;
  }
  const std::size_t index = kNames.find(c);
  if (index == std::string_view::npos) broken("an unknown escape in a string");
  if (decoded != nullptr) *decoded += kMeanings[index];
}

unsigned JsonScanner::take_hex4() {
  unsigned code = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = take();
    const int digit = is_digit(c)              ? c - '0'
                      : (c >= 'a' && c <= 'f') ? c - 'a' + 10
                      : (c >= 'A' && c <= 'F') ? c - 'A' + 10
                                               : -1;
    if (digit < 0) broken("an unknown escape in a string");
    code = code * 16 + static_cast<unsigned>(digit);
  }
  return code;
}

void JsonScanner::take_digits() {
  if (!is_digit(next_byte())) broken("not a JSON number");
  while (is_digit(next_byte())) ++at_;
}

void JsonScanner::take_number() {
  if (next_byte() == '-') ++at_;
  if (next_byte() == '0') {
    ++at_;
  } else {
    take_digits();
  }
  if (next_byte() == '.') {
    ++at_;
    take_digits();
  }
  if (next_byte() == 'e' || next_byte() == 'E') {
    ++at_;
    if (next_byte() == '+' || next_byte() == '-') ++at_;
    take_digits();
  }
}

void JsonScanner::take_word(const char* word) {
  for (; *word != '\0'; ++word)
    if (take() != *word) broken("not JSON");
}

void JsonScanner::skip() {
  const int c = peek();
  switch (c) {
    case '{':
      return object([this](const std::string&) { skip(); });
    case '[':
      return array([this] { skip(); });
    case '"':
      return take_string(nullptr);
    case 't':
      return take_word("true");
    case 'f':
      return take_word("false");
    case 'n':
      return take_word("null");
    default:
      break;
  }
  if (c != '-' && !is_digit(c)) broken("not JSON");
  take_number();
}

bool JsonScanner::text(std::string& out, std::size_t max_bytes) {
  peek();  // white space before the value is not part of it
  out.clear();
  capture_ = &out;
  capture_from_ = at_;
  capture_max_ = max_bytes;
  capture_overflow_ = false;
  skip();
  flush_capture();
  capture_ = nullptr;
  return !capture_overflow_;
}

}  // namespace edge::his
