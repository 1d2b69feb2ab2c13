#include "ledger-client/store/guard.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <stdexcept>
#include <system_error>

#include "ledger-client/core/sha256.h"

namespace ledger {
namespace {

// A slot is text that can be read by eye, padded with zero bytes:
//   ehr-guard 1 LF sequence LF database id LF origin LF size LF hex root LF hex SHA-256 of all lines before
//   LF
// The slots lie a page apart, so that one torn write can't reach both.
constexpr std::string_view kMagic = "ehr-guard 1";
constexpr std::size_t kSlotBytes = 1024;
constexpr off_t kSlotDistance = 4096;
constexpr off_t kFileBytes = 2 * kSlotDistance;
constexpr std::size_t kLines = 7;

using Slot = std::array<char, kSlotBytes>;

struct Decoded {
  std::uint64_t sequence = 0;
  GuardRecord record;
};

[[noreturn]] void fail(const std::string& doing) {
  throw std::system_error(errno, std::generic_category(), "guard file: " + doing);
}

off_t place(std::uint64_t sequence) {
  return static_cast<off_t>(sequence % 2) * kSlotDistance;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Slot encode(std::uint64_t sequence, const GuardRecord& record) {
  std::string text(kMagic);
  text += '\n' + std::to_string(sequence) + '\n' + record.database_id + '\n' + record.checkpoint.origin +
          '\n' + std::to_string(record.checkpoint.size) + '\n' + to_hex(record.checkpoint.root) + '\n';
  text += to_hex(sha256(text)) + '\n';
  if (text.size() > kSlotBytes) throw std::length_error("guard file: the log's origin is too long");
  Slot slot{};
  std::copy(text.begin(), text.end(), slot.begin());
  return slot;
}

std::optional<Decoded> decode(const Slot& slot) {
  std::string_view rest(slot.data(), slot.size());
  std::array<std::string_view, kLines> lines;
  std::size_t checked = 0;  // bytes before the checksum's line
  for (auto& line : lines) {
    const auto end = rest.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    checked = static_cast<std::size_t>(rest.data() - slot.data());
    line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
  }
  const auto sequence = parse_number(lines[1]);
  const auto size = parse_number(lines[4]);
  const auto root = hash_from_hex(lines[5]);
  if (lines[0] != kMagic || !sequence || !size || !root) return std::nullopt;
  if (lines[6] != to_hex(sha256(std::string_view(slot.data(), checked)))) return std::nullopt;
  return Decoded{*sequence, {{std::string(lines[3]), *size, *root}, std::string(lines[2])}};
}

Slot read_slot(int descriptor, off_t offset) {
  Slot slot{};
  std::size_t done = 0;
  while (done < slot.size()) {
    const auto count =
        ::pread(descriptor, slot.data() + done, slot.size() - done, offset + static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read");
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return slot;
}

void write_slot(int descriptor, const Slot& slot, off_t offset) {
  std::size_t done = 0;
  while (done < slot.size()) {
    const auto count =
        ::pwrite(descriptor, slot.data() + done, slot.size() - done, offset + static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("write");
    done += static_cast<std::size_t>(count);
  }
}

bool is_blank(const Slot& slot) {
  return std::all_of(slot.begin(), slot.end(), [](char byte) { return byte == 0; });
}

std::optional<Decoded> newest(int descriptor) {
  std::optional<Decoded> best;
  bool blank = true;
  for (const std::uint64_t slot_number : {0, 1}) {
    const Slot slot = read_slot(descriptor, place(slot_number));
    blank = blank && is_blank(slot);
    auto decoded = decode(slot);
    if (decoded && (!best || decoded->sequence > best->sequence)) best = std::move(decoded);
  }
  if (!best && !blank) throw std::runtime_error("guard file: neither of its two records is intact");
  return best;
}

void sync_directory_of(const std::filesystem::path& file) {
  const auto directory = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    return;  // a directory that may be entered but not read: the file itself is synced all the same
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

Guard::Guard(const std::filesystem::path& file) : file_(file) {
  descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor_ < 0) fail("open " + file.string());
  try {
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK)
        throw GuardInUse("guard file " + file.string() + " is in use by another process");
      fail("lock");
    }
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) fail("stat");
    if (status.st_size < kFileBytes) {
      if (const int error = ::posix_fallocate(descriptor_, 0, kFileBytes); error != 0) {
        errno = error;
        fail("reserve room");
      }
      if (::fsync(descriptor_) != 0) fail("sync");
      sync_directory_of(file);
    }
    if (const auto found = newest(descriptor_)) sequence_ = found->sequence;
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

Guard::~Guard() {
  ::close(descriptor_);
}

std::optional<GuardRecord> Guard::read() const {
  auto found = newest(descriptor_);
  if (!found) return std::nullopt;
  return std::move(found->record);
}

void Guard::write(const GuardRecord& record) {
  // The other slot than the newest valid one: if this write is torn, that one still stands.
  write_slot(descriptor_, encode(sequence_ + 1, record), place(sequence_ + 1));
  if (::fdatasync(descriptor_) != 0) fail("sync");
  ++sequence_;
}

bool Guard::moved() const {
  struct stat here {};
  struct stat there {};
  return ::fstat(descriptor_, &here) != 0 || ::stat(file_.c_str(), &there) != 0 ||
         here.st_dev != there.st_dev || here.st_ino != there.st_ino;
}

}  // namespace ledger
