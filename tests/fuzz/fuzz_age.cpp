#include "agent/core/age/age.h"
#include "agent/core/age/header.h"
#include "agent/core/age/passphrase.h"
#include "ledger-client/core/base64.h"
#include "tests/fuzz/require.h"

namespace {

namespace age = edge::age;

// The seeds are encrypted to 32 bytes of 0x42.
const age::Identity& identity() {
  static const age::Identity known = [] {
    constexpr std::string_view kText =
        "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
    return age::Identity::parse(edge::Secret(ledger::as_bytes(kText))).value();
  }();
  return known;
}

struct Outcome {
  std::string verdict;
  ledger::Bytes plaintext;
};

Outcome read_in_pieces(ledger::ByteView file, std::size_t piece) {
  const age::Identity* const key = &identity();
  Outcome outcome;
  age::Reader reader({&key, 1}, [&](ledger::ByteView bytes) {
    outcome.plaintext.insert(outcome.plaintext.end(), bytes.begin(), bytes.end());
  });
  while (!file.empty()) {
    const ledger::ByteView now = file.first(std::min(piece, file.size()));
    file = file.subspan(now.size());
    (void)reader.write(now).ok();  // finish() says it again
  }
  const auto done = reader.finish();
  outcome.verdict = done ? "" : done.error().reason;
  return outcome;
}

// What was accepted has one form: written again from its parts it is the same text.
void check_header(std::string_view text) {
  const auto header = age::parse_header(text);
  if (!header) {
    return;
  }
  std::string again(age::kVersionLine);
  for (const age::Stanza& stanza : header->stanzas) {
    again += "->";
    for (const std::string_view argument : stanza.arguments) {
      again.append(" ").append(argument);
    }
    std::string body = ledger::base64_encode_unpadded(stanza.body);
    for (std::size_t at = 64; at <= body.size(); at += 65) {
      body.insert(at, "\n");
    }
    again.append("\n").append(body).append("\n");
  }
  again += "---";
  FUZZ_REQUIRE(header->authenticated == again);
  FUZZ_REQUIRE(text == again + " " + ledger::base64_encode_unpadded(header->mac) + "\n");
}

// A file for a passphrase that nobody here knows stays closed, whatever it says of the work to do. Only what
// says little work is tried: more takes its time.
void check_passphrase(ledger::ByteView file) {
  const std::string_view text = ledger::as_text(file);
  constexpr std::string_view kStanza = "-> scrypt ";
  const auto at = text.find(kStanza);
  if (!age::wants_passphrase(file) || at == text.npos) return;
  const std::string_view line = text.substr(at, text.find('\n', at) - at);
  const std::string_view factor = line.substr(line.rfind(' ') + 1);
  const bool two_digits = factor.size() == 2 && factor.front() >= '1' && factor.front() <= '9' &&
                          factor.back() >= '0' && factor.back() <= '9';
  if (two_digits && factor <= "20") return;
  const std::string_view word = "not this one";
  FUZZ_REQUIRE(!age::open_with_passphrase(edge::Secret(ledger::as_bytes(word)), file).ok());
}

}  // namespace

// One call, a stream in one piece and a stream in small pieces agree, and release the same bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ledger::ByteView file(data, size);
  check_header(ledger::as_text(file));
  age::HeaderScanner scanner;
  if (scanner.scan(ledger::as_text(file)) == age::HeaderScanner::Verdict::kComplete) {
    check_header(ledger::as_text(file.first(scanner.size())));
  }
  const Outcome whole = read_in_pieces(file, size + 1);
  const Outcome pieces = read_in_pieces(file, 7);
  FUZZ_REQUIRE(whole.verdict == pieces.verdict);
  FUZZ_REQUIRE(whole.plaintext == pieces.plaintext);
  check_passphrase(file);
  const age::Identity* const key = &identity();
  const auto opened = age::open({&key, 1}, file, false);
  FUZZ_REQUIRE(opened.ok() == whole.verdict.empty());
  FUZZ_REQUIRE(opened.ok() ? *opened == whole.plaintext : opened.error().reason == whole.verdict);
  return 0;
}
