#include "ledger-client/core/entry.h"

#include <stdexcept>

#include "ledger-client/core/canonical_scan.h"
#include "ledger-client/core/entry_scan.h"
#include "ledger-client/core/json_text.h"
#include "ledger-client/core/origin.h"
#include "ledger-client/core/sha256.h"
#include "ledger-client/core/utf8.h"

namespace ledger {

namespace {

constexpr std::string_view kBeforeBody = "{\"body\":";
constexpr std::string_view kAfterType = "\",\"v\":1}";
constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxTypeBytes = 64;

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Words of lower-case letters and digits, joined by single dots and hyphens.
bool is_type(std::string_view type) {
  if (type.empty() || type.size() > kMaxTypeBytes || !is_lower(type.front())) return false;
  bool word = false;
  for (const char c : type) {
    const bool joint = c == '.' || c == '-';
    if (joint ? !word : !is_lower(c) && !is_digit(c)) return false;
    word = !joint;
  }
  return word;
}

Problem problem(std::string_view reason) {
  return Problem{"entry: " + std::string{reason}};
}

Entry copy_of(const EntryView& view) {
  return {view.index, std::string{view.origin}, view.prev,
          view.time,  std::string{view.type},   std::string{view.body}};
}

}  // namespace

Hash first_prev(std::string_view origin) {
  return sha256(origin);
}

std::string encode_entry(const Entry& entry) {
  if (!has_origin_form(entry.origin) || !is_type(entry.type) || entry.index > kMaxJsonInteger) {
    throw std::invalid_argument("entry: no such origin, type or index");
  }
  std::string line;
  line.reserve(entry.body.size() + 256);
  line.append("{\"body\":").append(entry.body);
  line.append(",\"index\":").append(std::to_string(entry.index));
  line.append(",\"origin\":\"").append(entry.origin);
  line.append("\",\"prev\":\"").append(to_hex(entry.prev));
  line.append("\",\"time\":\"").append(format_time(entry.time));
  line.append("\",\"type\":\"").append(entry.type);
  line.append("\",\"v\":1}");
  if (line.size() > kMaxEntryBytes) throw std::invalid_argument("entry: longer than 8 KiB");
  return line;
}

std::string_view from_body(std::string_view line) {
  return line.starts_with(kBeforeBody) ? line.substr(kBeforeBody.size()) : std::string_view{};
}

std::string_view type_before_end(std::string_view line) {
  if (!line.ends_with(kAfterType)) return {};
  line.remove_suffix(kAfterType.size());
  return line.substr(line.rfind('"') + 1);
}

Result<EntryView> scan_entry(std::string_view line) {
  return scan_entry(line, 0);
}

Result<EntryView> scan_entry(std::string_view line, std::size_t body_size) {
  if (line.size() > kMaxEntryBytes) return problem("longer than 8 KiB");
  if (!is_utf8(line)) return problem("not UTF-8");
  CanonicalScan scan(line);
  if (!scan.literal(kBeforeBody)) return problem("the body is not a canonical object");
  // The envelope is the first of the containers.
  const auto body = body_size > 0 ? scan.skip(body_size) : scan.object(kMaxDepth - 1);
  if (!body) return problem("the body is not a canonical object");
  const auto index = scan.literal(",\"index\":") ? scan.integer() : std::nullopt;
  if (!index) return problem("the index is not an integer up to 2^53");
  const auto origin = scan.literal(",\"origin\":") ? scan.plain_string() : std::nullopt;
  if (!origin || !has_origin_form(*origin)) return problem("the origin is not of the form ehr/<address>");
  const auto prev_hex = scan.literal(",\"prev\":") ? scan.sized_string(2 * sizeof(Hash)) : std::nullopt;
  const auto prev = prev_hex ? hash_from_hex(*prev_hex) : std::nullopt;
  if (!prev) return problem("prev is not 64 lower-case hexadecimal digits");
  const auto time_text = scan.literal(",\"time\":") ? scan.plain_string() : std::nullopt;
  const auto time = time_text ? parse_time(*time_text) : std::nullopt;
  if (!time) return problem("the time is not of the form 2026-11-22T08:00:00.000Z");
  const auto type = scan.literal(",\"type\":") ? scan.plain_string() : std::nullopt;
  if (!type || !is_type(*type)) return problem("the type is not a dotted lower-case word");
  if (!scan.literal(kAfterType.substr(1)) || !scan.at_end()) return problem("does not end with version 1");
  return EntryView{*index, *origin, *prev, *time, *type, *body};
}

Result<Entry> parse_entry(std::string_view line) {
  const auto view = scan_entry(line);
  return view ? Result<Entry>(copy_of(*view)) : view.error();
}

ChainState chain_start(std::string origin) {
  ChainState state;
  state.prev = first_prev(origin);
  state.origin = std::move(origin);
  state.last_time = TimePoint::min();
  return state;
}

Result<Entry> follow_chain(ChainState& state, std::string_view line) {
  const auto view = follow_chain_view(state, line);
  return view ? Result<Entry>(copy_of(*view)) : view.error();
}

Result<EntryView> follow_chain_view(ChainState& state, std::string_view line) {
  return follow_chain_view(state, line, 0);
}

Result<EntryView> follow_chain_view(ChainState& state, std::string_view line, std::size_t body_size) {
  auto entry = scan_entry(line, body_size);
  if (!entry) return entry;
  if (entry->origin != state.origin) return problem("belongs to another log");
  if (entry->index != state.next_index) return problem("the index is not the next one");
  if (entry->prev != state.prev) return problem("prev is not the hash of the entry before");
  if (entry->time < state.last_time) return problem("the time is before the last entry's");
  state.prev = sha256(line);
  state.next_index = entry->index + 1;
  state.last_time = entry->time;
  return entry;
}

}  // namespace ledger
