#include "ledger-client/cli/usage.h"

#include <algorithm>
#include <optional>

#include "ledger-client/core/plain_text.h"

namespace ledger::cli {
namespace {

// What stands before and after `mark`, if that is in the text once or more.
struct Halves {
  std::string before, after;
};
std::optional<Halves> cut(const std::string& text, const std::string& mark) {
  const std::size_t at = text.find(mark);
  if (at == text.npos) return std::nullopt;
  return Halves{text.substr(0, at), text.substr(at + mark.size())};
}

// "0.100000" as one writes it.
std::string number(std::string text) {
  if (text.find('.') == text.npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string words_of(const std::string& message) {
  if (const auto option = cut(message, ": Value ")) {
    if (const auto value = cut(option->after, " not in range ")) {
      if (const auto ends = cut(value->after, " to "))
        return option->before + " takes a number from " + number(ends->before) + " to " +
               number(ends->after) + ", not " + value->before;
    }
  }
  if (const auto choices = cut(message, " not in {")) {
    std::string text;
    for (const char c : choices->after.substr(0, choices->after.find('}')))
      text += c == ',' ? std::string(", ") : std::string(1, c);
    if (const auto option = cut(choices->before, ": "))
      return option->before + " takes one of " + text + ", not " + option->after;
  }
  // Texts are taken as they are: what can't be converted should be a number.
  if (const auto failed = cut(message, "Could not convert: ")) {
    if (const auto value = cut(failed->after, " = "))
      return value->before + " takes a number, not " + value->after;
  }
  if (const auto option = cut(message, ": 1 required ")) return option->before + " needs a value";
  if (const auto options = cut(message, " excludes "))
    return options->before + " and " + options->after + " exclude each other";
  return message;
}

std::string commands_of(const CLI::App& app) {
  std::string text;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    text += (text.empty() ? "" : ", ") + command->get_name();
  return text;
}

}  // namespace

UsageFault usage_fault(const CLI::App& program, const CLI::ParseError& error) {
  UsageFault fault{"", program.get_name(), {}};
  const CLI::App* at = &program;
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    fault.command += ' ' + at->get_name();
  }
  // CLI11 misses the command it knows before it minds the one it doesn't.
  fault.unknown = at->remaining();
  const bool needs_command = at->get_require_subcommand_min() > 0;
  if (fault.unknown.empty()) {
    fault.what = needs_command ? '`' + fault.command + "` needs a command: " + commands_of(*at)
                               : words_of(error.what());
  } else if (needs_command && !fault.unknown.front().starts_with('-')) {
    fault.what = "there is no command `" + fault.command + ' ' + fault.unknown.front() + '`';
  } else {
    fault.what = '`' + fault.command + "` does not take";
    for (const auto& argument : fault.unknown) fault.what += ' ' + argument;
  }
  fault.what = printable(fault.what);
  return fault;
}

}  // namespace ledger::cli
