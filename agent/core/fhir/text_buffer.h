// Text that grows by many small pieces: room is made ahead, so that a piece costs its copy and nothing else.
// Pure.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

namespace edge::fhir {

class TextBuffer {
 public:
  explicit TextBuffer(std::size_t expected_bytes) : text_(expected_bytes, '\0') {}

  std::size_t size() const { return size_; }
  char back() const { return text_[size_ - 1]; }
  // Makes room for `bytes` more; the caller writes them and says so with advance().
  char* room(std::size_t bytes) {
    if (text_.size() - size_ < bytes) text_.resize(2 * text_.size() + bytes);
    return text_.data() + size_;
  }
  void advance(std::size_t bytes) { size_ += bytes; }
  void add(char c) {
    *room(1) = c;
    ++size_;
  }
  void add(std::string_view piece) {
    std::memcpy(room(piece.size()), piece.data(), piece.size());
    size_ += piece.size();
  }
  void cut(std::size_t size) { size_ = size; }
  std::string take() && {
    text_.resize(size_);
    return std::move(text_);
  }

 private:
  std::string text_;
  std::size_t size_ = 0;  // of what is written; the rest of text_ is room
};

}  // namespace edge::fhir
