#include "agent/adapters/his/import_reader.h"

#include <zlib.h>

#include <system_error>

namespace edge::his {

struct FileSource::State {
  gzFile file = nullptr;
  ~State() {
    if (file != nullptr) gzclose_r(file);
  }
};

FileSource::FileSource(const std::filesystem::path& file) : state_(std::make_unique<State>()) {
  std::error_code failed;
  if (!std::filesystem::exists(file, failed)) throw BrokenFile("no such file");
  if (!std::filesystem::is_regular_file(file, failed)) throw BrokenFile("not a regular file");
  state_->file = gzopen(file.c_str(), "rb");
  if (state_->file == nullptr) throw BrokenFile("can't be opened");
  gzbuffer(state_->file, 256 * 1024);
}

FileSource::~FileSource() = default;

std::size_t FileSource::read(char* out, std::size_t size) {
  const int got = gzread(state_->file, out, static_cast<unsigned>(size));
  int code = Z_OK;
  gzerror(state_->file, &code);
  // gzread gives what it could unpack before it reports that the stream was cut.
  if (got < 0 || (code != Z_OK && code != Z_STREAM_END)) {
    throw BrokenFile(code == Z_BUF_ERROR    ? "the gzip stream is cut off"
                     : code == Z_DATA_ERROR ? "the gzip stream is damaged"
                                            : "can't be read");
  }
  return static_cast<std::size_t>(got);
}

std::uint64_t FileSource::position() const {
  const z_off_t at = gzoffset(state_->file);
  return at > 0 ? static_cast<std::uint64_t>(at) : 0;
}

}  // namespace edge::his
