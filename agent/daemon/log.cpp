#include "agent/daemon/log.h"

#include <unistd.h>

namespace edge::log {

namespace {

// Control characters would let a foreign text forge a line.
void append_clean(std::string& line, std::string_view text) {
  for (const char c : text) line.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c);
}

void write_line(char priority, std::string_view message, std::initializer_list<Field> fields) {
  std::string line{'<', priority, '>'};
  append_clean(line, message);
  for (const auto& [key, value] : fields) {
    line += ' ';
    line += key;
    line += '=';
    append_clean(line, value);
  }
  line += '\n';
  [[maybe_unused]] const auto ignored = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

void info(std::string_view message, std::initializer_list<Field> fields) {
  write_line('6', message, fields);
}
void warning(std::string_view message, std::initializer_list<Field> fields) {
  write_line('4', message, fields);
}
void error(std::string_view message, std::initializer_list<Field> fields) {
  write_line('3', message, fields);
}

}  // namespace edge::log
