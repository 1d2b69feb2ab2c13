#include <sodium.h>

#include <optional>

#include "agent/core/age/stream.h"

namespace edge::age {

struct Writer::State {
  explicit State(Sink to) : sink(std::move(to)) {}
  ~State() { wipe(held_back); }

  void emit(ledger::ByteView plaintext, bool last) {
    const std::size_t size = plaintext.size() + kTagBytes;
    if (sealed.size() < size) sealed.resize(size);  // a small file has one small chunk
    sealer->seal(plaintext, last, sealed.data());
    sink(ledger::ByteView(sealed).first(size));
  }

  Sink sink;
  std::optional<ChunkSealer> sealer;
  ledger::Bytes held_back;  // at most one chunk, which might be the last
  ledger::Bytes sealed;
};

Writer::Writer(const Recipient& recipient, Sink sink) : Writer(Agreement(recipient), std::move(sink)) {}

Writer::Writer(Agreement agreement, Sink sink) : state_(std::make_unique<State>(std::move(sink))) {
  FileKey file_key;
  std::array<std::uint8_t, kPayloadNonceBytes> nonce{};
  randombytes_buf(file_key.reveal().data(), kFileKeyBytes);
  randombytes_buf(nonce.data(), nonce.size());
  state_->sealer.emplace(file_key, nonce);
  state_->sink(
      ledger::as_bytes(write_header(wrap_file_key(std::move(agreement), file_key), file_key.reveal())));
  state_->sink(nonce);
}

Writer::~Writer() = default;

void Writer::write(ledger::ByteView plaintext) {
  ledger::Bytes& held_back = state_->held_back;
  while (!plaintext.empty()) {
    if (held_back.size() == kChunkBytes) {
      state_->emit(held_back, false);  // more bytes follow, so it was not the last
      held_back.clear();
    }
    if (held_back.empty() && plaintext.size() > kChunkBytes) {
      state_->emit(plaintext.first(kChunkBytes), false);  // straight from the caller's memory
      plaintext = plaintext.subspan(kChunkBytes);
      continue;
    }
    const std::size_t taken = std::min(plaintext.size(), kChunkBytes - held_back.size());
    held_back.insert(held_back.end(), plaintext.begin(),
                     plaintext.begin() + static_cast<std::ptrdiff_t>(taken));
    plaintext = plaintext.subspan(taken);
  }
}

void Writer::finish() {
  state_->emit(state_->held_back, true);
}

}  // namespace edge::age
