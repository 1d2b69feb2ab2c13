#include "agent/core/payload.h"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "ledger-client/core/freed_by.h"
#include "ledger-client/core/limits.h"
#include "ledger-client/core/sha256.h"

namespace edge {

using ledger::FreedBy;
using ledger::Problem;

namespace {

// Level 1: 0.4 ms/MB; higher levels cost more than the bytes they save on a hospital's line.
constexpr int kLevel = 1;

// What a manifest declares is believed so far: memory that is reserved and not used costs nothing.
constexpr std::uint64_t kReserved = 16u << 20;

void check(std::size_t code) {
  if (ZSTD_isError(code) != 0) throw std::runtime_error(std::string("zstd: ") + ZSTD_getErrorName(code));
}

// Contexts hold hundreds of kilobytes; making one costs more than compressing a small bundle. One per thread
// is reused.
ZSTD_CCtx* compressor() {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreedBy<ZSTD_freeCCtx>> context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  check(ZSTD_CCtx_reset(context.get(), ZSTD_reset_session_and_parameters));
  check(ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel));
  check(ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 0));  // age authenticates every byte
  return context.get();
}

ZSTD_DCtx* decompressor() {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreedBy<ZSTD_freeDCtx>> context(ZSTD_createDCtx());
  if (!context) throw std::bad_alloc();
  check(ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_and_parameters));
  check(ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax,
                               static_cast<int>(ledger::limits::kZstdWindowLog)));
  return context.get();
}

// Room for a step of zstd, not filled with zeros: a small payload uses a few of its pages only.
struct StepBuffer {
  explicit StepBuffer(std::size_t bytes)
      : memory(std::make_unique_for_overwrite<std::uint8_t[]>(bytes)), size(bytes) {}
  std::uint8_t* data() const { return memory.get(); }
  std::unique_ptr<std::uint8_t[]> memory;  // NOLINT(modernize-avoid-c-arrays)
  std::size_t size;
};

}  // namespace

struct PayloadSealer::State {
  State(age::Agreement agreement, age::Sink out)
      : sink(std::move(out)), writer(std::move(agreement), [this](ledger::ByteView bytes) {
          hasher.update(bytes);
          sink(bytes);
        }) {}

  void compress(std::string_view plaintext, ZSTD_EndDirective directive) {
    ZSTD_inBuffer in{plaintext.data(), plaintext.size(), 0};
    std::size_t remaining = 0;
    do {
      ZSTD_outBuffer out{buffer.data(), buffer.size, 0};
      remaining = ZSTD_compressStream2(context, &out, &in, directive);
      check(remaining);
      if (out.pos > 0) writer.write({buffer.data(), out.pos});
    } while (directive == ZSTD_e_end ? remaining != 0 : in.pos < in.size);
  }

  ZSTD_CCtx* context = compressor();
  ledger::Sha256 plaintext_hash;
  std::uint64_t plaintext_size = 0;
  CiphertextHasher hasher;
  age::Sink sink;
  age::Writer writer;
  StepBuffer buffer = StepBuffer(ZSTD_CStreamOutSize());
};

PayloadSealer::PayloadSealer(age::Agreement agreement, age::Sink sink)
    : state_(std::make_unique<State>(std::move(agreement), std::move(sink))) {}
PayloadSealer::~PayloadSealer() = default;

void PayloadSealer::expect(std::uint64_t plaintext_size) {
  check(ZSTD_CCtx_setPledgedSrcSize(state_->context, plaintext_size));
}

void PayloadSealer::write(std::string_view plaintext) {
  state_->plaintext_hash.update(plaintext);
  state_->plaintext_size += plaintext.size();
  state_->compress(plaintext, ZSTD_e_continue);
}

SealedPayload PayloadSealer::finish() {
  state_->compress({}, ZSTD_e_end);
  state_->writer.finish();
  return {state_->plaintext_size, state_->plaintext_hash.finish(), state_->hasher.finish()};
}

struct PayloadOpener::State {
  State(std::span<const age::Identity* const> identities, std::string_view encoding, std::uint64_t size)
      : declared(size),
        compressed(encoding == "zstd"),
        reader(identities, [this](ledger::ByteView bytes) { take(bytes); }) {
    plaintext.reserve(std::min(size, kReserved));
  }

  void take(ledger::ByteView bytes) {
    if (!problem.empty()) return;
    if (!compressed) return append(bytes);
    if (context == nullptr) context = decompressor();
    if (ended) return fail("bytes after the end of the zstd frame");
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    ZSTD_outBuffer out{buffer.data(), buffer.size, 0};
    do {
      out.pos = 0;
      const std::size_t hint = ZSTD_decompressStream(context, &out, &in);
      if (ZSTD_isError(hint) != 0) return fail("not a zstd frame, or its window is larger than 8 MiB");
      append({buffer.data(), out.pos});
      if (!problem.empty()) return;
      ended = hint == 0;
      if (ended && in.pos < in.size) return fail("bytes after the end of the zstd frame");
    } while (!ended && (in.pos < in.size || out.pos == out.size));
  }

  void append(ledger::ByteView bytes) {
    if (bytes.size() > declared - plaintext.size()) return fail("more plaintext than the manifest declares");
    plaintext.append(ledger::as_text(bytes));
  }

  void fail(const char* what) { problem = what; }

  std::uint64_t declared;
  bool compressed;
  bool ended = false;
  ZSTD_DCtx* context = nullptr;
  StepBuffer buffer = StepBuffer(ZSTD_DStreamOutSize());
  std::string plaintext;
  std::string problem;
  age::Reader reader;
};

PayloadOpener::PayloadOpener(std::span<const age::Identity* const> identities, std::string_view encoding,
                             std::uint64_t plaintext_size)
    : state_(std::make_unique<State>(identities, encoding, plaintext_size)) {}
PayloadOpener::~PayloadOpener() = default;

ledger::Result<ledger::Done> PayloadOpener::write(ledger::ByteView ciphertext) {
  auto done = state_->reader.write(ciphertext);
  if (!done) return done.error();
  if (!state_->problem.empty()) return Problem{"payload: " + state_->problem};
  return ledger::Done{};
}

ledger::Result<std::string> PayloadOpener::finish_unhashed() {
  auto done = state_->reader.finish();
  if (!done) return done.error();
  if (!state_->problem.empty()) return Problem{"payload: " + state_->problem};
  if (state_->compressed && !state_->ended) return Problem{"payload: zstd frame is cut short"};
  if (state_->plaintext.size() != state_->declared)
    return Problem{"payload: less plaintext than the manifest declares"};
  return std::move(state_->plaintext);
}

ledger::Result<std::string> PayloadOpener::finish(const ledger::Hash& plaintext_sha256) {
  auto plaintext = finish_unhashed();
  if (plaintext && ledger::sha256(*plaintext) != plaintext_sha256) return Problem{kAnotherHash};
  return plaintext;
}

}  // namespace edge
