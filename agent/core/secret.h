// Secret bytes: in locked, guarded memory (sodium_malloc), wiped when destroyed, never in a std::string, an
// exception or a log.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace edge {

// Movable, not copyable. Reading the bytes goes through reveal(), so that every use can be found by search.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::size_t size);                     // zero bytes
  explicit Secret(std::span<const std::uint8_t> bytes);  // copies; the caller wipes its own copy
  ~Secret();
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  std::size_t size() const { return size_; }
  std::span<const std::uint8_t> reveal() const { return {data_, size_}; }
  std::span<std::uint8_t> reveal() { return {data_, size_}; }

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

// Fresh random bytes, for a key.
Secret random_secret(std::size_t size);

// Overwrites the bytes in a way no optimiser removes.
void wipe(std::span<std::uint8_t> bytes) noexcept;

// A secret that lives for one call, on the stack: wiped when it goes out of scope. Locked pages cost several
// system calls, too many for each message.
template <std::size_t kSize>
class Wiped {
 public:
  Wiped() = default;
  ~Wiped() { wipe(bytes_); }
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;

  std::span<std::uint8_t, kSize> reveal() { return bytes_; }
  std::span<const std::uint8_t, kSize> reveal() const { return bytes_; }

 private:
  std::array<std::uint8_t, kSize> bytes_{};
};

// Calls sodium_init and gives OpenSSL its secure heap. Once, before any key is loaded; throws
// std::runtime_error.
void initialise_cryptography();

}  // namespace edge
