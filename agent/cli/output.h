// What commands print: JSON or text, sizes for people, and files that are whole or not there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace edge::cli {

// One line of JSON on standard output; text that is no UTF-8 is replaced.
void print_json(const nlohmann::json& value);

// Columns padded to their widest cell (one of more than 72 characters pushes its own row only), the first row
// as a heading. Characters that steer a terminal are replaced.
void print_table(const std::vector<std::vector<std::string>>& rows);

// A JSON value for people: nested objects indented, lists of objects as tables.
void print_readable(const nlohmann::json& value, unsigned indent = 0);

// "4.2 MiB"
std::string human_bytes(std::uint64_t bytes);
// Text without control characters, so that nobody's data steer the terminal.
std::string printable(std::string_view text);

// At most `max` bytes of the file; throws Failure (no input, too large).
std::string read_whole(const std::filesystem::path& file, std::uint64_t max);
// The same, and standard input for `-`.
std::string read_file_or_input(const std::filesystem::path& file, std::uint64_t max);

// What standard input holds up to its end, at most `max` bytes.
std::string read_input(std::size_t max);

// A file that appears whole under its name, or not at all: written beside it with mode 0600, synced, renamed
// by commit(). A link stays one, and what it names is replaced. What is there and no file (a device, a FIFO)
// is never replaced but written to as the bytes come.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path file);
  ~AtomicFile();  // removes what was not committed
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  void write(std::string_view bytes);
  void commit();
  // There will be a file of that name, beside which others may lie.
  bool is_file() const { return !temporary_.empty(); }

 private:
  std::filesystem::path file_;
  std::string temporary_;
  int descriptor_ = -1;
};

}  // namespace edge::cli
