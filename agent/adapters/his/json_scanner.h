// Reads JSON of any size from a ByteSource in constant memory: checks it completely (RFC 8259, no member
// twice, bounded depth) and hands out the text of single values. What is not such JSON is a BrokenFile that
// names the line and the byte.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "agent/adapters/his/import_reader.h"

namespace edge::his {

class JsonScanner {
 public:
  JsonScanner(ByteSource& source, std::size_t max_depth);

  static constexpr int kEnd = -1;
  // The next byte that is not white space, without taking it; kEnd at the end. A byte order mark at the start
  // is skipped.
  int peek();
  // The line of the next byte, from 1.
  std::uint64_t line() const { return line_; }

  // Calls `member(name)` for each member of the object that comes next; it must take the value.
  template <class Member>
  void object(Member&& member) {
    begin_object();
    for (bool more = !take_if('}'); more; more = next_of('}')) {
      const std::string name = member_name();
      member(name);
    }
    end_container();
  }
  // Calls `element()` for each element of the array that comes next; it must take the value.
  template <class Element>
  void array(Element&& element) {
    begin_array();
    for (bool more = !take_if(']'); more; more = next_of(']')) element();
    end_container();
  }
  // Takes the string that comes next; at most kNameBytes.
  std::string string();
  // Takes the value that comes next.
  void skip();
  // Takes the value that comes next and gives its text; false, and no text, if that is longer than
  // `max_bytes`.
  bool text(std::string& out, std::size_t max_bytes);

  static constexpr std::size_t kNameBytes = 4096;
  static constexpr std::size_t kMembers = 100'000;  // of one object

 private:
  struct Names {
    std::vector<std::string> few;
    std::unordered_set<std::string> many;
    bool add(std::string name);
    void clear();
  };

  [[noreturn]] void broken(const char* what);
  bool refill();
  int next_byte() { return at_ < end_ || refill() ? static_cast<unsigned char>(window_[at_]) : kEnd; }
  char take();
  void expect(char wanted, const char* what);
  bool take_if(char wanted);
  bool next_of(char close);
  void begin_object();
  void begin_array();
  void enter();
  void end_container();
  std::string member_name();
  // Takes a string; its decoded content goes to `decoded` unless that is null.
  void take_string(std::string* decoded);
  void take_escape(std::string* decoded);
  unsigned take_hex4();
  void take_number();
  void take_digits();
  void take_word(const char* word);
  void flush_capture();

  ByteSource& source_;
  std::size_t max_depth_;
  std::string window_;
  std::size_t at_ = 0, end_ = 0;
  std::uint64_t line_ = 1, window_offset_ = 0;
  bool started_ = false;
  std::size_t depth_ = 0;
  std::vector<Names> names_;  // by depth; kept to reuse their memory
  std::string* capture_ = nullptr;
  std::size_t capture_from_ = 0, capture_max_ = 0;
  bool capture_overflow_ = false;
};

}  // namespace edge::his
