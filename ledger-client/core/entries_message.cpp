#include "ledger-client/core/entries_message.h"

#include <bit>
#include <nlohmann/json.hpp>

#include "ledger-client/core/canonical_json.h"

namespace ledger {
namespace {

std::string header_line(const std::string& origin, const Frontier& frontier) {
  auto hashes = nlohmann::json::array();
  for (const auto& node : frontier.nodes()) hashes.push_back(to_hex(node));
  return canonical_json({{"origin", origin}, {"from", frontier.size()}, {"frontier", std::move(hashes)}}) +
         '\n';
}

Result<EntriesMessage> parse_header(std::string_view line) {
  const auto json = parse_json(line);
  if (!json) return Problem{"the first line: " + json.error().reason};
  const auto& header = *json;
  if (!header.is_object() || header.size() != 3)
    return Problem{"the first line is not {from, frontier, origin}"};
  const auto origin = header.find("origin");
  const auto from = header.find("from");
  const auto hashes = header.find("frontier");
  if (origin == header.end() || !origin->is_string()) return Problem{"the first line has no origin"};
  if (from == header.end() || !from->is_number_unsigned())
    return Problem{"the first line has no valid \"from\""};
  if (hashes == header.end() || !hashes->is_array()) return Problem{"the first line has no frontier"};
  EntriesMessage message{origin->get<std::string>(), from->get<std::uint64_t>(), {}, {}};
  for (const auto& text : *hashes) {
    const auto hash = text.is_string() ? hash_from_hex(text.get_ref<const std::string&>()) : std::nullopt;
    if (!hash) return Problem{"the frontier holds something that is no hash"};
    message.frontier.push_back(*hash);
  }
  if (message.frontier.size() != static_cast<std::size_t>(std::popcount(message.from))) {
    return Problem{"the frontier does not fit \"from\""};
  }
  return message;
}

}  // namespace

std::vector<std::string> encode_entries_messages(const EntriesMessage& batch) {
  std::vector<std::string> messages;
  auto frontier = Frontier::from_nodes(batch.from, batch.frontier).value();
  std::string message;
  for (const auto& line : batch.lines) {
    if (!message.empty() && message.size() + line.size() + 1 > limits::kEntriesMessageBytes) {
      messages.push_back(std::move(message));
      message.clear();
    }
    if (message.empty()) message = header_line(batch.origin, frontier);
    message += line;
    message += '\n';
    frontier.append(leaf_hash(as_bytes(line)));
  }
  if (!message.empty()) messages.push_back(std::move(message));
  return messages;
}

std::optional<std::string> entries_message_origin(std::string_view bytes) {
  if (bytes.size() > limits::kEntriesMessageBytes) return std::nullopt;
  auto header = parse_header(bytes.substr(0, bytes.find('\n')));
  return header ? std::optional(std::move(header->origin)) : std::nullopt;
}

Result<EntriesMessage> decode_entries_message(std::string_view bytes) {
  if (bytes.size() > limits::kEntriesMessageBytes) return Problem{"the message is too large"};
  if (bytes.empty() || bytes.back() != '\n') return Problem{"the message does not end with a whole line"};
  const auto header_end = bytes.find('\n');
  auto message = parse_header(bytes.substr(0, header_end));
  if (!message) return message;
  for (bytes.remove_prefix(header_end + 1); !bytes.empty();) {
    const auto end = bytes.find('\n');
    message->lines.emplace_back(bytes.substr(0, end));
    bytes.remove_prefix(end + 1);
  }
  if (message->lines.empty()) return Problem{"the message holds no entry"};
  return message;
}

}  // namespace ledger
