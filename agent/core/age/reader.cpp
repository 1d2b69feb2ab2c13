#include <optional>
#include <utility>

#include "agent/core/age/stream.h"

namespace edge::age {

// Bytes wait in `pending` until the part of the file they belong to is there as a whole: the header, the
// payload's nonce, a chunk.
struct Reader::State {
  State(std::span<const Identity* const> keys, Sink to)
      : identities(keys.begin(), keys.end()), sink(std::move(to)) {}
  ~State() { wipe(plaintext); }

  bool fail(std::string reason) {
    problem = ledger::Problem{std::move(reason)};
    pending = {};
    return false;
  }

  // Both give false when more bytes are needed or the file is refused.
  bool read_header();
  bool read_nonce();
  bool open_chunk(ledger::ByteView sealed);
  void read_chunks(ledger::ByteView input);

  std::vector<const Identity*> identities;
  Sink sink;
  std::optional<ledger::Problem> problem;
  HeaderScanner scanner;
  std::optional<FileKey> file_key;
  std::optional<ChunkOpener> opener;
  ledger::Bytes pending;
  ledger::Bytes plaintext;
};

bool Reader::State::read_header() {
  const HeaderScanner::Verdict verdict = scanner.scan(ledger::as_text(pending));
  if (verdict == HeaderScanner::Verdict::kMore) {
    return false;
  }
  const std::string_view text = ledger::as_text(pending).substr(0, scanner.size());
  const auto header =
      verdict == HeaderScanner::Verdict::kComplete ? parse_header(text) : ledger::Problem{kHeaderFailure};
  if (!header) {
    return fail(header.error().reason);
  }
  file_key.emplace();
  if (const auto done = unwrap_file_key(*header, identities, *file_key); !done) {
    return fail(done.error().reason);
  }
  pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(scanner.size()));
  return true;
}

bool Reader::State::read_nonce() {
  if (pending.size() < kPayloadNonceBytes) {
    return false;
  }
  opener.emplace(*file_key, ledger::ByteView(pending).first<kPayloadNonceBytes>());
  file_key.reset();
  pending.erase(pending.begin(), pending.begin() + kPayloadNonceBytes);
  return true;
}

bool Reader::State::open_chunk(ledger::ByteView sealed) {
  // Every chunk but the last is full, so this grows once; a moved buffer would leave plaintext behind.
  if (plaintext.size() < sealed.size()) {
    wipe(plaintext);
    plaintext.assign(sealed.size(), 0);
  }
  if (!opener->open(sealed, plaintext.data())) {
    return fail(kPayloadFailure);
  }
  sink(ledger::ByteView(plaintext).first(sealed.size() - kTagBytes));
  return true;
}

// A full chunk is opened as soon as it is there, from the caller's memory if nothing waits before it; the
// rest waits.
void Reader::State::read_chunks(ledger::ByteView input) {
  while (!input.empty() && !problem) {
    if (opener->saw_last()) {
      fail(kPayloadFailure);  // something follows the last chunk
      return;
    }
    if (pending.empty() && input.size() >= kSealedChunkBytes) {
      open_chunk(input.first(kSealedChunkBytes));
      input = input.subspan(kSealedChunkBytes);
      continue;
    }
    const std::size_t taken = std::min(input.size(), kSealedChunkBytes - pending.size());
    pending.insert(pending.end(), input.begin(), input.begin() + static_cast<std::ptrdiff_t>(taken));
    input = input.subspan(taken);
    if (pending.size() == kSealedChunkBytes && open_chunk(pending)) {
      pending.clear();
    }
  }
}

Reader::Reader(std::span<const Identity* const> identities, Sink sink)
    : state_(std::make_unique<State>(identities, std::move(sink))) {}

Reader::~Reader() = default;

ledger::Result<ledger::Done> Reader::write(ledger::ByteView ciphertext) {
  State& state = *state_;
  // In steps no larger than a header can be: what a stranger sends must not pile up here.
  while (!ciphertext.empty() && !state.problem && !state.opener) {
    const std::size_t taken = std::min(ciphertext.size(), kMaxHeaderBytes);
    state.pending.insert(state.pending.end(), ciphertext.begin(),
                         ciphertext.begin() + static_cast<std::ptrdiff_t>(taken));
    ciphertext = ciphertext.subspan(taken);
    if ((state.file_key || state.read_header()) && state.read_nonce()) {
      state.read_chunks(std::exchange(state.pending, {}));
    }
  }
  if (state.opener) {
    state.read_chunks(ciphertext);
  }
  if (state.problem) {
    return *state.problem;
  }
  return ledger::Done{};
}

ledger::Result<ledger::Done> Reader::finish() {
  State& state = *state_;
  if (!state.problem && !state.opener) {
    state.fail(kHeaderFailure);  // cut off before the first chunk
  }
  if (!state.problem && !state.opener->saw_last() && state.open_chunk(state.pending) &&
      !state.opener->saw_last()) {
    state.fail(kPayloadFailure);
  }
  if (state.problem) {
    return *state.problem;
  }
  return ledger::Done{};
}

}  // namespace edge::age
