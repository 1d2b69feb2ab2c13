// Secret bytes: in locked, guarded memory (sodium_malloc), wiped when destroyed, never in a std::string, an exception or a log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace edge {

// Movable, not copyable. Reading the bytes goes through reveal(), so that every use can be found by search.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::size_t size);                        // zero bytes
  explicit Secret(std::span<const std::uint8_t> bytes);     // copies; the caller wipes its own copy
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

// Calls sodium_init and gives OpenSSL its secure heap. Once, before any key is loaded; throws std::runtime_error.
void initialise_cryptography();

}  // namespace edge
