// What commands print: JSON or text, sizes for people, and files that are whole or not there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "ledger-client/core/plain_text.h"
#include "ledger-client/store/atomic_file.h"

namespace edge::cli {

// One line of JSON on standard output; text that is no UTF-8 is replaced.
void print_json(const nlohmann::json& value);

// Columns padded to their widest cell (one of more than 72 characters pushes its own row only), the first row
// as a heading. Characters that steer a terminal are replaced.
void print_table(const std::vector<std::vector<std::string>>& rows, unsigned indent = 0);

// A JSON value for people: nested objects indented, lists of objects as tables, sizes (bytes, …_bytes) in
// units.
void print_readable(const nlohmann::json& value, unsigned indent = 0);

// "4.2 MiB"
std::string human_bytes(std::uint64_t bytes);
// "1 file", "12 files"
std::string counted(std::uint64_t number, const std::string& thing);
using ledger::printable;

// At most `max` bytes of the file; throws Failure (no input, too large).
std::string read_whole(const std::filesystem::path& file, std::uint64_t max);
// The same, and standard input for `-`.
std::string read_file_or_input(const std::filesystem::path& file, std::uint64_t max);
// What messages call it then.
std::string name_of(const std::filesystem::path& file);
// Without the line ends that editors and `echo` leave behind a text.
std::string without_line_end(std::string text);

// What standard input holds up to its end, at most `max` bytes.
std::string read_input(std::size_t max);

// A file only its owner may read. What keeps it from being made is a Failure (EX_CANTCREAT).
class AtomicFile : public ledger::AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& file);
};

}  // namespace edge::cli
