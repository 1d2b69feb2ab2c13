#include "ledger-client/cli/print.h"

#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "ledger-client/cli/votes.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/entry.h"
#include "ledger-client/core/plain_text.h"

namespace ledger::cli {
namespace {

constexpr std::size_t kShownHexDigits = 12;

// Hashes are shown by their beginning: enough to compare by eye, `--json` has them whole.
std::string shown(const nlohmann::json& value) {
  if (!value.is_string()) return value.dump();
  const auto& text = value.get_ref<const std::string&>();
  return hash_from_hex(text) ? text.substr(0, kShownHexDigits) + "…" : text;
}

}  // namespace

std::string entry_for_people(std::string_view line) {
  const auto entry = parse_entry(line);
  if (!entry) return printable(line);
  std::string text =
      std::to_string(entry->index) + "  " + format_time(entry->time) + "  " + printable(entry->type);
  if (const auto vote = vote_for_people(*entry)) return text + "  " + *vote;
  const auto body = parse_json(entry->body);
  if (!body || !body->is_object()) return text;
  for (const auto& [name, value] : body->items())
    text += "  " + printable(name) + "=" + printable(shown(value));
  return text;
}

nlohmann::json entry_as_json(std::string_view line) {
  auto json = parse_json(line);
  if (json) return std::move(*json);
  return nlohmann::json{{"hex", to_hex(as_bytes(line))}};
}

std::function<void(std::uint64_t, std::uint64_t)> progress_bar(const std::string& what) {
  if (::isatty(STDERR_FILENO) == 0) return {};
  return [what](std::uint64_t done, std::uint64_t total) {
    constexpr int kWidth = 30;
    const auto filled = total == 0 ? kWidth : static_cast<int>(done * kWidth / total);
    const std::string bar = std::string(static_cast<std::size_t>(filled), '#') +
                            std::string(static_cast<std::size_t>(kWidth - filled), '.');
    std::fprintf(stderr, "\r%s [%s] %llu of %llu", what.c_str(), bar.c_str(),
                 static_cast<unsigned long long>(done), static_cast<unsigned long long>(total));
    if (done == total) std::fprintf(stderr, "\r\033[K");
    std::fflush(stderr);
  };
}

}  // namespace ledger::cli
