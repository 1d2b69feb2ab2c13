#include "agent/cli/sample.h"

#include <sstream>
#include <stdexcept>

#include "agent/cli/sample_text.h"  // made by CMake

namespace edge::cli {
namespace {

// A TOML basic string.
std::string quoted(std::string_view value) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

std::string_view sample_config() {
  return kSampleText;
}

std::string with_settings(std::string_view sample, const std::vector<Setting>& settings) {
  std::istringstream in{std::string(sample)};
  std::string out, table;
  std::size_t used = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('[')) table = line.substr(1, line.find(']') - 1);
    if (line.starts_with("# [[")) table.clear();
    for (const auto& setting : settings) {
      const std::string start = setting.key + " = ";
      if (setting.table != table || !(line.starts_with(start) || line.starts_with("# " + start))) continue;
      line = start + quoted(setting.value);
      ++used;
      break;
    }
    out += line + '\n';
  }
  if (used != settings.size()) throw std::logic_error("the sample configuration lacks a key that init sets");
  return out;
}

}  // namespace edge::cli
