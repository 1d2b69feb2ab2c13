// Numbers that are the same for the same seed on every machine (the standard library's distributions are
// not). SplitMix64.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sample {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  // A stream of its own for each use of a seed.
  Random(std::uint64_t seed, std::string_view use, std::uint64_t index) : state_(seed) {
    for (const char c : use) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    state_ = next() ^ index;
    next();
  }

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  // 0 … limit - 1; the bias of the remainder does not matter here.
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }
  long between(long low, long high) {
    return low + static_cast<long>(below(static_cast<std::uint64_t>(high - low) + 1));
  }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <class T>
  const T& pick(std::span<const T> choices) {
    return choices[below(choices.size())];
  }
  // A version 4 UUID in lower case.
  std::string uuid() {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    for (int i = 0; i < 32; ++i) {
      if (i == 8 || i == 12 || i == 16 || i == 20) out += '-';
      const std::uint64_t digit = below(16);
      out += kDigits[i == 12 ? 4 : i == 16 ? 8 + digit % 4 : digit];
    }
    return out;
  }

 private:
  std::uint64_t state_;
};

}  // namespace sample
