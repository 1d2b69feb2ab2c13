// Standard input as a file that can be read more than once. It lies in memory alone: what comes that way may
// be patients' records, and leaves no trace on a disk.
#pragma once

#include <cstdint>
#include <filesystem>

namespace edge::cli {

class InputCopy {
 public:
  // Reads standard input to its end. Throws Failure if it holds more than `max` bytes, std::system_error.
  explicit InputCopy(std::uint64_t max);
  ~InputCopy();
  InputCopy(const InputCopy&) = delete;
  InputCopy& operator=(const InputCopy&) = delete;

  // For this process, as long as this object lives.
  std::filesystem::path path() const;

 private:
  int descriptor_ = -1;
};

}  // namespace edge::cli
