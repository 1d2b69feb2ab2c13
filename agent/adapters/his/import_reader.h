// A file of FHIR JSON, plain or gzip, read once from front to back in a window of constant size.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace edge::his {

// The file can't be used as a whole. `what` says why and holds no content.
class BrokenFile : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Where bytes come from.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Up to `size` bytes; 0 only at the end. Throws BrokenFile.
  virtual std::size_t read(char* out, std::size_t size) = 0;
  // How far the source has come, as bytes on disk.
  virtual std::uint64_t position() const = 0;
};

// By content, not by name: what begins like gzip is unpacked. A gzip file that ends early is broken.
class FileSource : public ByteSource {
 public:
  explicit FileSource(const std::filesystem::path& file);
  ~FileSource() override;
  std::size_t read(char* out, std::size_t size) override;
  std::uint64_t position() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace edge::his
