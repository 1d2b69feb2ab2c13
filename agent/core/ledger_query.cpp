#include "agent/core/ledger_query.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/entry.h"
#include "ledger-client/core/json_text.h"
#include "ledger-client/core/note.h"
#include "ledger-client/core/origin.h"

namespace edge {

using ledger::Problem;
using nlohmann::json;

namespace {

constexpr std::size_t kMaxHeaderBytes = 8 * 1024;
constexpr std::size_t kMaxAnswerBytes = 256 * 1024;
constexpr int kStatusCosigned = 200, kStatusConflict = 409;
constexpr std::array kPlainStatuses{400, 403, 404, 422, 503};

// Takes the members of one object, each once; the first that does not fit is remembered with its name.
class Reader {
 public:
  Reader(std::string_view text, std::string place, std::size_t max_bytes)
      : object_(json::object()), place_(std::move(place)) {
    auto parsed = ledger::parse_json(text, {max_bytes, 3});
    if (!parsed) {
      note("", parsed.error().reason);
    } else if (!parsed->is_object()) {
      note("", "not an object");
    } else {
      object_ = std::move(*parsed);
    }
  }

  std::uint64_t number(const char* name, std::uint64_t least, std::uint64_t most) {
    const json* value = take(name);
    if (value != nullptr && value->is_number_unsigned()) {
      const auto number = value->get<std::uint64_t>();
      if (number >= least && number <= most) return number;
    }
    note(name, "not a whole number in its range");
    return 0;
  }
  std::string text(const char* name, std::size_t most) {
    const json* value = take(name);
    if (value != nullptr && value->is_string()) {
      const auto& text = value->get_ref<const std::string&>();
      if (!text.empty() && text.size() <= most) return text;
    }
    note(name, "not a text of the allowed length");
    return {};
  }
  std::string origin() {
    std::string origin = text("origin", 64);
    if (ok() && !ledger::has_origin_form(origin)) note("origin", "not of the form ehr/<address>");
    return origin;
  }
  ledger::Hash hash(const char* name) {
    const json* value = take(name);
    const auto hash = value != nullptr && value->is_string()
                          ? ledger::hash_from_hex(value->get_ref<const std::string&>())
                          : std::nullopt;
    if (!hash) note(name, "not a SHA-256");
    return hash.value_or(ledger::Hash{});
  }
  ledger::Proof proof(const char* name) {
    ledger::Proof proof;
    const json* value = take(name);
    if (value == nullptr || !value->is_array() || value->size() > ledger::kMaxProofHashes) {
      note(name, "not a proof");
      return proof;
    }
    for (const json& item : *value) {
      const auto hash =
          item.is_string() ? ledger::hash_from_hex(item.get_ref<const std::string&>()) : std::nullopt;
      if (!hash) {
        note(name, "holds something that is no SHA-256");
        return {};
      }
      proof.push_back(*hash);
    }
    return proof;
  }

  void fail(const char* name, const std::string& what) { note(name, what); }
  bool ok() const { return problem_.empty(); }
  // What was read, if all of it fits and nothing is left over.
  template <class T>
  ledger::Result<T> result(T value) {
    if (taken_ != object_.size()) note("", "unknown member");
    if (!ok()) return Problem{problem_};
    return value;
  }

 private:
  const json* take(const char* name) {
    const auto found = object_.find(name);
    if (found == object_.end()) return nullptr;
    ++taken_;
    return &*found;
  }
  void note(const std::string& name, const std::string& what) {
    if (problem_.empty()) problem_ = place_ + (name.empty() ? "" : ".") + name + ": " + what;
  }

  json object_;
  std::string place_;
  std::size_t taken_ = 0;
  std::string problem_;
};

json hex_list(const ledger::Proof& proof) {
  json list = json::array();
  for (const ledger::Hash& hash : proof) list.push_back(ledger::to_hex(hash));
  return list;
}

Problem range_problem(const char* what) {
  return {std::string("ledger-range answer: ") + what};
}

ledger::Result<LedgerRange> read_range_header(std::string_view line) {
  Reader reader(line, "ledger-range answer", kMaxHeaderBytes);
  LedgerRange range;
  range.origin = reader.origin();
  range.from = reader.number("from", 0, ledger::kMaxJsonInteger);
  range.consistency = reader.proof("consistency");
  return reader.result(std::move(range));
}

}  // namespace

std::string encode_params(const LedgerRangeQuery& query) {
  return ledger::canonical_json({{"origin", query.origin}, {"from", query.from}, {"count", query.count}});
}

ledger::Result<LedgerRangeQuery> parse_ledger_range(std::string_view params) {
  Reader reader(params, "params", kMaxHeaderBytes);
  LedgerRangeQuery query;
  query.origin = reader.origin();
  query.from = reader.number("from", 0, ledger::kMaxJsonInteger);
  query.count = reader.number("count", 1, kMaxRangeEntries);
  return reader.result(std::move(query));
}

std::string encode_params(const LedgerProofQuery& query) {
  return ledger::canonical_json(
      {{"origin", query.origin}, {"old_size", query.old_size}, {"size", query.size}});
}

ledger::Result<LedgerProofQuery> parse_ledger_proof(std::string_view params) {
  Reader reader(params, "params", kMaxHeaderBytes);
  LedgerProofQuery query;
  query.origin = reader.origin();
  query.size = reader.number("size", 1, ledger::kMaxJsonInteger);
  query.old_size = reader.number("old_size", 0, query.size);
  return reader.result(std::move(query));
}

std::string encode_params(const CosignQuery& query) {
  return ledger::canonical_json({{"body", query.body}});
}

ledger::Result<CosignQuery> parse_cosign(std::string_view params) {
  // Every byte may be written as six.
  Reader reader(params, "params", 6 * kMaxCosignBytes + 100);
  CosignQuery query{reader.text("body", kMaxCosignBytes)};
  return reader.result(std::move(query));
}

std::string encode_answer(const LedgerRange& range) {
  std::string text = ledger::canonical_json(
      {{"origin", range.origin}, {"from", range.from}, {"consistency", hex_list(range.consistency)}});
  text += '\n';
  for (const std::string& line : range.lines) text.append(line).append("\n");
  return text.append("\n").append(range.note);
}

ledger::Result<LedgerRange> parse_ledger_range_answer(std::string_view text) {
  const auto header_end = text.find('\n');
  if (header_end == text.npos) return range_problem("no header line");
  auto range = read_range_header(text.substr(0, header_end));
  if (!range) return range;
  text.remove_prefix(header_end + 1);
  std::size_t bytes = 0;
  while (true) {
    const auto end = text.find('\n');
    if (end == text.npos) return range_problem("no empty line before the note");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (line.empty()) break;
    bytes += line.size() + 1;
    if (line.size() > ledger::kMaxEntryBytes) return range_problem("a line longer than an entry");
    if (range->lines.size() == kMaxRangeEntries || bytes > kMaxRangeBytes)
      return range_problem("more entries than one answer holds");
    range->lines.emplace_back(line);
  }
  if (range->from + range->lines.size() > ledger::kMaxJsonInteger)
    return range_problem("entries beyond the largest index");
  if (text.size() > ledger::kMaxNoteBytes || !ledger::parse_note(text)) return range_problem("not a note");
  range->note = text;
  return range;
}

std::string encode_answer(const LedgerProof& proof) {
  return ledger::canonical_json({{"origin", proof.origin},
                                 {"old_size", proof.old_size},
                                 {"size", proof.size},
                                 {"old_root", ledger::to_hex(proof.old_root)},
                                 {"consistency", hex_list(proof.consistency)},
                                 {"note", proof.note}});
}

ledger::Result<LedgerProof> parse_ledger_proof_answer(std::string_view text) {
  Reader reader(text, "ledger-proof answer", kMaxAnswerBytes);
  LedgerProof proof;
  proof.origin = reader.origin();
  proof.size = reader.number("size", 1, ledger::kMaxJsonInteger);
  proof.old_size = reader.number("old_size", 0, proof.size);
  proof.old_root = reader.hash("old_root");
  proof.consistency = reader.proof("consistency");
  proof.note = reader.text("note", ledger::kMaxNoteBytes);
  if (reader.ok() && !ledger::parse_note(proof.note)) reader.fail("note", "not a note");
  return reader.result(std::move(proof));
}

std::string encode_answer(const CosignAnswer& answer) {
  json object{{"status", answer.status}};
  if (answer.status == kStatusCosigned) object["lines"] = answer.lines;
  if (answer.status == kStatusConflict) object["known_size"] = answer.known_size;
  return ledger::canonical_json(object);
}

ledger::Result<CosignAnswer> parse_cosign_answer(std::string_view text) {
  Reader reader(text, "cosign answer", kMaxAnswerBytes);
  CosignAnswer answer;
  answer.status = static_cast<int>(reader.number("status", 100, 599));
  if (answer.status == kStatusCosigned) {
    answer.lines = reader.text("lines", kMaxCosignatureBytes);
    if (reader.ok() && answer.lines.back() != '\n') reader.fail("lines", "the last one has no end");
  } else if (answer.status == kStatusConflict) {
    answer.known_size = reader.number("known_size", 0, ledger::kMaxJsonInteger);
  } else if (std::find(kPlainStatuses.begin(), kPlainStatuses.end(), answer.status) == kPlainStatuses.end()) {
    reader.fail("status", "none of tlog-witness");
  }
  return reader.result(std::move(answer));
}

}  // namespace edge
