#include "agent/core/fhir/narrative_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "agent/core/fhir/xhtml.h"
#include "ledger-client/core/utf8.h"

namespace edge::fhir {

namespace {

constexpr std::size_t kWidestColumn = 40;

// &amp; &#39; &#x27; …; what it does not know stays as written.
std::string unescaped(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kNamed{
      {{"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}, {"nbsp", " "}}};
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::size_t end = text[i] == '&' ? text.find(';', i) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += text[i];
      continue;
    }
    std::string_view name = text.substr(i + 1, end - i - 1);
    auto named =
        std::find_if(kNamed.begin(), kNamed.end(), [&](const auto& pair) { return pair.first == name; });
    if (named != kNamed.end()) {
      out += named->second;
    } else if (name.starts_with('#') && name.size() > 1) {
      bool hex = name[1] == 'x';
      unsigned code = 0;
      std::from_chars(name.data() + (hex ? 2 : 1), name.data() + name.size(), code, hex ? 16 : 10);
      if (code > 0 && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF)) ledger::append_utf8(out, code);
    } else {
      out += text.substr(i, end - i + 1);
    }
    i = end;
  }
  return out;
}

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// Collects lines of cells; rows that follow each other are one table and share its columns.
class Lines {
 public:
  void text(std::string_view characters) {
    std::string clean = terminal_text(unescaped(characters));
    for (char c : clean)
      if (c != ' ' || (!cell_.empty() && cell_.back() != ' ')) cell_ += c;
  }
  void end_cell() {
    while (cell_.ends_with(' ')) cell_.pop_back();
    row_.push_back(std::move(cell_));
    cell_.clear();
  }
  void end_line(bool table_row) {
    if (!cell_.empty()) end_cell();
    if (std::all_of(row_.begin(), row_.end(), [](const std::string& cell) { return cell.empty(); }))
      row_.clear();
    if (!row_.empty() && !table_row) flush();
    if (!row_.empty()) rows_.push_back(std::move(row_));
    row_.clear();
    if (!table_row) flush();
  }
  std::string finish() {
    end_line(false);
    return std::move(out_);
  }

 private:
  void flush() {
    std::vector<std::size_t> columns;
    for (const auto& row : rows_)
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (columns.size() <= i) columns.push_back(0);
        columns[i] = std::max(columns[i], std::min(kWidestColumn, width(row[i])));
      }
    for (const auto& row : rows_) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i) {
        line += row[i];
        std::size_t used = width(row[i]);
        if (i + 1 < row.size()) line += std::string((used < columns[i] ? columns[i] - used : 0) + 2, ' ');
      }
      line.resize(line.find_last_not_of(' ') + 1);
      out_ += line + '\n';
    }
    rows_.clear();
  }

  std::string out_, cell_;
  std::vector<std::string> row_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace

std::string narrative_text(std::string_view div) {
  Lines lines;
  XhtmlReader reader(div);
  XhtmlToken token;
  while (reader.next(token)) {
    if (token.kind == XhtmlToken::Kind::kText) {
      lines.text(token.text);
    } else if (token.name == "td" || token.name == "th") {
      if (token.kind == XhtmlToken::Kind::kClose || token.self_closing) lines.end_cell();
    } else if (token.name == "tr") {
      lines.end_line(true);
    } else if (token.name != "tbody" && token.name != "thead" && token.name != "tfoot") {
      static constexpr std::string_view kInline[] = {"a",     "b",   "i",   "em",   "strong", "span",
                                                     "small", "sub", "sup", "code", "tt",     "abbr"};
      if (std::find(std::begin(kInline), std::end(kInline), token.name) == std::end(kInline))
        lines.end_line(false);
    }
  }
  return reader.fault() ? terminal_text(div) + '\n' : lines.finish();
}

std::string terminal_text(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    auto third = i + 2 < text.size() ? static_cast<unsigned char>(text[i + 2]) : 0;
    bool direction = c == 0xE2 && ((next == 0x80 && third >= 0xAA && third <= 0xAE) ||
                                   (next == 0x81 && third >= 0xA6 && third <= 0xA9));
    if (c < 0x20 || c == 0x7F) {
      out += ' ';
    } else if (c == 0xC2 && next >= 0x80 && next < 0xA0) {
      out += ' ';
      ++i;
    } else if (direction) {
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace edge::fhir
