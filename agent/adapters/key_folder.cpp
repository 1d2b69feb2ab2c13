#include "agent/adapters/key_folder.h"

#include <algorithm>
#include <map>

#include "agent/adapters/secret_file.h"

namespace edge {

namespace key_folder {

namespace {

// Where keys are looked for, in this order.
std::vector<fs::path> key_folders(const fs::path& directory) {
  std::vector<fs::path> folders;
  if (auto credentials = credentials_directory()) {
    folders.push_back(std::move(*credentials));
  }
  folders.push_back(directory);
  return folders;
}

}  // namespace

void refuse(const fs::path& file, const std::string& why) {
  throw SecretFileFault(file, why);
}

std::optional<unsigned long> number_of(const Kind& kind, std::string_view name) {
  const std::string before = std::string(kind.use) + "-";
  if (!name.starts_with(before) || !name.ends_with(kind.extension) ||
      name.size() <= before.size() + kind.extension.size()) {
    return std::nullopt;
  }
  name.remove_prefix(before.size());
  name.remove_suffix(kind.extension.size());
  const bool digits = std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || name.front() == '0' || name.size() > 9) {
    return std::nullopt;
  }
  return std::stoul(std::string(name));
}

std::vector<KeyFile> find_keys(const fs::path& directory, const Kind& kind) {
  std::map<unsigned long, KeyFile, std::greater<>> found;
  std::error_code none;
  for (const fs::path& folder : key_folders(directory)) {
    for (const auto& entry : fs::directory_iterator(folder, none)) {
      if (const auto number = number_of(kind, entry.path().filename().native())) {
        found.try_emplace(*number,
                          KeyFile{std::string(kind.use) + "-" + std::to_string(*number), entry.path()});
      }
    }
  }
  std::vector<KeyFile> keys;
  keys.reserve(found.size());
  for (auto& [number, key] : found) {
    keys.push_back(std::move(key));
  }
  return keys;
}

SecretFileFault missing(const fs::path& directory, const Kind& kind) {
  return {directory, "no key " + std::string(kind.use) + "-N" + std::string(kind.extension),
          "`ehr-agent init` makes missing keys, `ehr-agent keys restore` brings back a backup"};
}

KeyFile newest_key(const fs::path& directory, const Kind& kind) {
  std::vector<KeyFile> keys = find_keys(directory, kind);
  if (keys.empty()) throw missing(directory, kind);
  return std::move(keys.front());
}

std::string next_id(const fs::path& directory, const Kind& kind) {
  const auto files = find_keys(directory, kind);
  const auto number = files.empty() ? 1 : *number_of(kind, files.front().path.filename().native()) + 1;
  return std::string(kind.use) + "-" + std::to_string(number);
}

}  // namespace key_folder

using namespace key_folder;

fs::path key_path(const fs::path& directory, const std::string& name) {
  for (const fs::path& folder : key_folders(directory)) {
    if (fs::exists(folder / name)) {
      return folder / name;
    }
  }
  return directory / name;
}

bool is_key_file(std::string_view name) {
  constexpr Kind kCertificate{"sign", ".crt"};
  for (const Kind& kind : {kSign, kCertificate, kLog, kWitness, kAge}) {
    if (number_of(kind, name)) return true;
  }
  return name == "tls.key" || name == "tls.crt" || name == "ca.crt";
}

}  // namespace edge
