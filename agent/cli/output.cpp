#include "agent/cli/output.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "agent/cli/failure.h"

namespace edge::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kWidestColumn = 72;

// Characters as a terminal counts them: bytes that begin one.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string cell(const nlohmann::json& value) {
  if (value.is_string()) return printable(value.get<std::string>());
  if (value.is_null()) return "-";
  return printable(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

bool is_table(const nlohmann::json& value) {
  return value.is_array() && !value.empty() &&
         std::all_of(value.begin(), value.end(), [](const auto& one) { return one.is_object(); });
}

void print_rows(const nlohmann::json& list, unsigned indent) {
  std::vector<std::string> columns;
  for (const auto& row : list)
    for (const auto& [name, value] : row.items())
      if (std::find(columns.begin(), columns.end(), name) == columns.end()) columns.push_back(name);
  std::vector<std::vector<std::string>> rows{columns};
  for (const auto& row : list) {
    auto& cells = rows.emplace_back();
    for (const auto& name : columns) cells.push_back(row.contains(name) ? cell(row[name]) : "-");
  }
  print_table(rows, indent);
}

}  // namespace

void print_json(const nlohmann::json& value) {
  std::cout << value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

void print_table(const std::vector<std::vector<std::string>>& rows, unsigned indent) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i)
      if (width(row[i]) <= kWidestColumn) widths[i] = std::max(widths[i], width(row[i]));
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += printable(row[i]);
      if (i + 1 < row.size()) line.append(std::max(widths[i], width(row[i])) - width(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    std::cout << std::string(indent, ' ') << line << '\n';
  }
}

void print_readable(const nlohmann::json& value, unsigned indent) {
  std::size_t widest = 0;
  for (const auto& [name, member] : value.items())
    if (!member.is_structured()) widest = std::max(widest, width(name));
  for (const auto& [name, member] : value.items()) {
    std::cout << std::string(indent, ' ') << printable(name) << ':';
    if (member.is_object() && !member.empty()) {
      std::cout << '\n';
      print_readable(member, indent + 2);
    } else if (is_table(member)) {
      std::cout << '\n';
      print_rows(member, indent + 2);
    } else {
      const bool size = member.is_number_unsigned() && (name == "bytes" || name.ends_with("_bytes"));
      std::cout << std::string(1 + (widest > width(name) ? widest - width(name) : 0), ' ')
                << (size ? human_bytes(member.get<std::uint64_t>()) : cell(member)) << '\n';
    }
  }
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  double number = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (number >= 1024 && unit + 1 < kUnits.size()) number /= 1024, ++unit;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", number, kUnits[unit]);
  return text.data();
}

std::string counted(std::uint64_t number, const std::string& thing) {
  return std::to_string(number) + ' ' + thing + (number == 1 ? "" : "s");
}

std::string read_input(std::size_t max) {
  std::string out;
  for (char c = 0; out.size() < max && std::cin.get(c);) out += c;
  return out;
}

std::string read_whole(const fs::path& file, std::uint64_t max) {
  std::error_code error;
  if (fs::is_directory(file, error)) throw Failure(EX_NOINPUT, file.string() + ": is a directory");
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Failure(EX_NOINPUT, file.string() + ": " + std::generic_category().message(errno));
  std::string out;
  std::array<char, 65'536> buffer{};
  while (in.read(buffer.data(), buffer.size()) || in.gcount() > 0) {
    out.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
    if (out.size() > max) throw Failure(EX_DATAERR, file.string() + ": larger than " + human_bytes(max));
  }
  if (in.bad()) throw Failure(EX_IOERR, file.string() + ": can't be read");
  return out;
}

std::string without_line_end(std::string text) {
  text.erase(text.find_last_not_of("\r\n") + 1);
  return text;
}

std::string name_of(const fs::path& file) {
  return file == "-" ? "standard input" : file.string();
}

std::string read_file_or_input(const fs::path& file, std::uint64_t max) {
  if (file != "-") return read_whole(file, max);
  std::string out = read_input(max + 1);
  if (out.size() > max) throw Failure(EX_DATAERR, "standard input: more than " + human_bytes(max));
  return out;
}

AtomicFile::AtomicFile(const fs::path& file) try : ledger
  ::AtomicFile(file, 0600) {}
catch (const std::system_error& error) {
  if (error.code() == std::errc::is_a_directory)
    throw Failure(EX_CANTCREAT, file.string() + ": is a directory");
  throw Failure(EX_CANTCREAT, error.what());
}

}  // namespace edge::cli
