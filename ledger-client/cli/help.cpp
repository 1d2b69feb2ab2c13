#include "ledger-client/cli/help.h"

#include <algorithm>
#include <sstream>

namespace ledger::cli {
namespace {

constexpr std::size_t kColumns = 80;

// Characters as a terminal counts them: bytes that begin one.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string wrapped_line(const std::string& line, std::size_t columns) {
  std::istringstream words(line);
  std::string out, word;
  std::size_t used = 0;
  while (words >> word) {
    const bool fits = used == 0 || used + 1 + width(word) <= columns;
    if (used > 0) out += fits ? ' ' : '\n';
    used = fits && used > 0 ? used + 1 + width(word) : width(word);
    out += word;
  }
  return out;
}

std::string wrapped(const std::string& text, std::size_t columns) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);)
    out += (line.starts_with(' ') || width(line) <= columns ? line : wrapped_line(line, columns)) + '\n';
  if (!out.empty() && !text.ends_with('\n')) out.pop_back();
  return out;
}

class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_option_desc(const CLI::Option* option) const override {
    return wrapped(Formatter::make_option_desc(option), kColumns - get_column_width());
  }
  std::string make_subcommand(const CLI::App* command) const override {
    std::ostringstream out;
    CLI::detail::format_help(out, command->get_display_name(true),
                             wrapped(command->get_description(), kColumns - get_column_width()),
                             get_column_width());
    return out.str();
  }
  std::string make_description(const CLI::App* app) const override {
    return wrapped(Formatter::make_description(app), kColumns);
  }
  std::string make_footer(const CLI::App* app) const override {
    return wrapped(Formatter::make_footer(app), kColumns);
  }
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_formatter() {
  return std::make_shared<HelpFormatter>();
}

}  // namespace ledger::cli
