#include "agent/core/key_archive.h"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace edge {

namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kMaxName = 99;

// Fields of a ustar header (POSIX.1-1988): offset and width.
struct Field {
  std::size_t at, width;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12}, kTime{136, 12},
    kChecksum{148, 8}, kMagic{257, 8};
constexpr std::size_t kType = 156;
constexpr char kRegular = '0';
constexpr std::string_view kUstar{"ustar\00000", 8};

using Block = std::span<std::uint8_t>;

bool is_plain_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kMaxName && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), allowed);
}

std::size_t padded(std::size_t size) {
  return (size + kBlock - 1) / kBlock * kBlock;
}

// Octal digits with leading zeros and a final NUL.
void put_octal(Block header, Field field, std::size_t value) {
  header[field.at + field.width - 1] = 0;
  for (std::size_t i = field.width - 1; i-- > 0; value /= 8)
    header[field.at + i] = static_cast<std::uint8_t>('0' + value % 8);
}

std::optional<std::size_t> octal(std::span<const std::uint8_t> header, Field field) {
  std::size_t value = 0, digits = 0;
  for (std::size_t i = field.at; i < field.at + field.width; ++i, ++digits) {
    if (header[i] == 0 || header[i] == ' ') break;
    if (header[i] < '0' || header[i] > '7') return std::nullopt;
    value = value * 8 + (header[i] - '0');
  }
  return digits == 0 || digits > 11 ? std::nullopt : std::optional{value};
}

// The sum of all bytes, those of the checksum itself taken for spaces.
std::size_t checksum(std::span<const std::uint8_t> header) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const bool own = i >= kChecksum.at && i < kChecksum.at + kChecksum.width;
    sum += own ? ' ' : header[i];
  }
  return sum;
}

void put_header(Block header, std::string_view name, std::size_t size) {
  std::copy(name.begin(), name.end(), header.begin());
  put_octal(header, kMode, 0600);
  put_octal(header, kUid, 0);
  put_octal(header, kGid, 0);
  put_octal(header, kSize, size);
  put_octal(header, kTime, 0);
  header[kType] = kRegular;
  std::copy(kUstar.begin(), kUstar.end(), header.begin() + kMagic.at);
  put_octal(header, {kChecksum.at, 7}, checksum(header));
  header[kChecksum.at + 7] = ' ';
}

bool is_end(std::span<const std::uint8_t> block) {
  return std::all_of(block.begin(), block.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::string read_name(std::span<const std::uint8_t> header) {
  const auto field = header.first(kName.width);
  return {field.begin(), std::find(field.begin(), field.end(), 0)};
}

}  // namespace

Secret pack_archive(const std::vector<ArchivedFile>& files) {
  std::size_t size = 2 * kBlock;  // two empty blocks end it
  for (const ArchivedFile& file : files) {
    if (!is_plain_name(file.name)) throw std::invalid_argument("archive: a name that may not be");
    size += kBlock + padded(file.content.size());
  }
  if (size > kMaxArchiveBytes) throw std::invalid_argument("archive: too large");
  Secret archive(size);
  Block rest = archive.reveal();
  for (const ArchivedFile& file : files) {
    put_header(rest.first(kBlock), file.name, file.content.size());
    const auto content = file.content.reveal();
    std::copy(content.begin(), content.end(), rest.begin() + kBlock);
    rest = rest.subspan(kBlock + padded(content.size()));
  }
  return archive;
}

ledger::Result<std::vector<ArchivedFile>> unpack_archive(const Secret& archive) {
  const ledger::Problem damaged{"not an archive of keys"};
  std::span<const std::uint8_t> rest = archive.reveal();
  std::vector<ArchivedFile> files;
  while (rest.size() >= kBlock && !is_end(rest.first(kBlock))) {
    const auto header = rest.first(kBlock);
    const auto size = octal(header, kSize), sum = octal(header, kChecksum);
    const std::string name = read_name(header);
    if (!size || !sum || *sum != checksum(header)) return damaged;
    if (header[kType] != kRegular || !is_plain_name(name))
      return ledger::Problem{"the archive holds more than keys"};
    rest = rest.subspan(kBlock);
    if (*size > rest.size() || padded(*size) > rest.size()) return damaged;
    const auto same_name = [&](const ArchivedFile& file) { return file.name == name; };
    if (std::any_of(files.begin(), files.end(), same_name))
      return ledger::Problem{"the archive holds a file twice"};
    files.push_back({name, Secret(rest.first(*size))});
    rest = rest.subspan(padded(*size));
  }
  if (rest.size() < 2 * kBlock || !is_end(rest)) return damaged;
  return files;
}

}  // namespace edge
