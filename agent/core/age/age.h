// age v1 files (formats.md 1; C2SP age) for X25519 recipients, interoperable with the `age` tool. Streaming
// in constant memory: both directions push bytes in and get bytes through a sink. ChaCha20-Poly1305 and
// SHA-256 come from OpenSSL (faster), the rest from libsodium. One Writer or Reader belongs to one thread at
// a time; everything else is thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/secret.h"
#include "ledger-client/core/bytes.h"
#include "ledger-client/core/result.h"

namespace edge::age {

inline constexpr std::size_t kChunkBytes = 64 * 1024;  // plaintext of one payload chunk
inline constexpr std::size_t kMaxHeaderBytes = 64 * 1024;

// Why a file was refused, in the words of the public test vectors.
inline constexpr const char* kHeaderFailure = "header failure";    // malformed
inline constexpr const char* kNoMatch = "no match";                // for none of the identities
inline constexpr const char* kMacFailure = "HMAC failure";         // the header was changed
inline constexpr const char* kPayloadFailure = "payload failure";  // changed, cut short or continued

class Agreement;  // agreement.h: made ahead, for one file

class Recipient {
 public:
  // age1…; a point of low order, with which nothing can be encrypted, is a problem.
  static ledger::Result<Recipient> parse(std::string_view text);
  std::string to_text() const;
  const std::array<std::uint8_t, 32>& bytes() const { return bytes_; }

 private:
  friend class Identity;
  Recipient() = default;
  std::array<std::uint8_t, 32> bytes_{};
};

class Identity {
 public:
  static Identity generate();
  // Any 32 bytes are a secret. Throws std::invalid_argument for another number.
  static Identity from_secret(Secret secret);
  // An identity file as age-keygen writes it: comment lines and AGE-SECRET-KEY-1… lines; the first identity
  // counts.
  static ledger::Result<Identity> parse(const Secret& file);
  // All identities of such a file, one or more.
  static ledger::Result<std::vector<Identity>> parse_all(const Secret& file);
  // What age-keygen would write, as a secret. `created` is the time for its first line, left out if empty.
  Secret to_file(std::string_view created = {}) const;
  const Recipient& recipient() const { return recipient_; }
  const Secret& secret() const { return secret_; }

 private:
  explicit Identity(Secret secret);
  Secret secret_;
  Recipient recipient_;
};

using Sink = std::function<void(ledger::ByteView)>;

// Writes header and payload through `sink`. A full chunk is held back until more bytes or finish() come, as
// the format demands.
class Writer {
 public:
  Writer(const Recipient& recipient, Sink sink);
  Writer(Agreement agreement, Sink sink);
  ~Writer();
  void write(ledger::ByteView plaintext);
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Takes the file in pieces of any size. Plaintext reaches the sink chunk by chunk, each authenticated; only
// finish() says the file was whole, so a caller must not act on plaintext before. After a Problem every
// further call gives the same Problem. Reasons are the words above.
class Reader {
 public:
  // `identities` are borrowed and tried in order.
  Reader(std::span<const Identity* const> identities, Sink sink);
  ~Reader();
  ledger::Result<ledger::Done> write(ledger::ByteView ciphertext);
  ledger::Result<ledger::Done> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Small messages in one call.
ledger::Bytes seal(const Recipient& recipient, ledger::ByteView plaintext);
ledger::Bytes seal(Agreement agreement, ledger::ByteView plaintext);
// Also demands exactly one stanza, as wire.md does of messages, when `single_stanza` is set.
ledger::Result<ledger::Bytes> open(std::span<const Identity* const> identities, ledger::ByteView file,
                                   bool single_stanza = true);

}  // namespace edge::age
