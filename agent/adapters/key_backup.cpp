#include "agent/adapters/key_backup.h"

#include <sodium.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "agent/adapters/key_files.h"
#include "agent/adapters/secret_file.h"
#include "ledger-client/core/bytes.h"

namespace edge {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMetadata = "backup.json";
constexpr std::size_t kMaxPublicFile = 64 * 1024;

// Certificates are public and may be readable by anyone.
Secret read_public_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in || text.empty() || text.size() > kMaxPublicFile)
    throw std::runtime_error(file.string() + ": can't be read, is empty or larger than 64 KiB");
  return Secret(ledger::as_bytes(text));
}

bool is_certificate(std::string_view name) {
  return name.ends_with(".crt");
}

Secret metadata(const fs::path& directory, const ledger::Address& address, const std::string& agent_name,
                const std::string& created) {
  const nlohmann::ordered_json told{
      {"v", 1},
      {"address", address.text()},
      {"created", created},
      {"member", nlohmann::ordered_json::parse(member_json(directory, address, agent_name))}};
  return Secret(ledger::as_bytes(told.dump(2) + "\n"));
}

// The address the archive says it is of.
std::string owner_of(const ArchivedFile& file) {
  const auto text = ledger::as_text(file.content.reveal());
  const auto told = nlohmann::json::parse(text, nullptr, false);
  if (!told.is_object() || !told.contains("address") || !told["address"].is_string()) return {};
  return told["address"].get<std::string>();
}

enum class There { kNo, kSame, kOther };
There look(const fs::path& file, const Secret& content) {
  if (!fs::exists(fs::symlink_status(file))) return There::kNo;
  const Secret found =
      is_certificate(file.filename().native()) ? read_public_file(file) : read_secret_file(file);
  const bool same = found.size() == content.size() &&
                    sodium_memcmp(found.reveal().data(), content.reveal().data(), found.size()) == 0;
  return same ? There::kSame : There::kOther;
}

}  // namespace

KeyBackup backup_keys(const fs::path& directory, const ledger::Address& address,
                      const std::string& agent_name, const std::string& created) {
  std::vector<ArchivedFile> files;
  std::set<std::string> names;
  for (const fs::path& folder : {credentials_directory().value_or(directory), directory}) {
    for (const auto& entry : fs::directory_iterator(folder))
      if (const std::string name = entry.path().filename(); is_key_file(name)) names.insert(name);
  }
  for (const std::string& name : names) {
    const fs::path file = key_path(directory, name);
    files.push_back({name, is_certificate(name) ? read_public_file(file) : read_secret_file(file)});
  }
  KeyBackup backup;
  for (const ArchivedFile& file : files) backup.names.push_back(file.name);
  files.insert(files.begin(), {std::string(kMetadata), metadata(directory, address, agent_name, created)});
  backup.archive = pack_archive(files);
  return backup;
}

ledger::Result<KeyRestore> restore_keys(const Secret& archive, const fs::path& directory,
                                        const ledger::Address& address) {
  const auto files = unpack_archive(archive);
  if (!files) return files.error();
  if (files->empty() || files->front().name != kMetadata)
    return ledger::Problem{"not a backup: " + std::string(kMetadata) + " is missing"};
  if (owner_of(files->front()) != address.text())
    return ledger::Problem{"the backup is of another agent than " + address.text()};
  KeyRestore restore;
  std::vector<const ArchivedFile*> missing;
  for (auto file = files->begin() + 1; file != files->end(); ++file) {
    if (!is_key_file(file->name))
      return ledger::Problem{"the backup holds " + file->name + ", which is no key"};
    const There there = look(directory / file->name, file->content);
    if (there == There::kOther)
      return ledger::Problem{(directory / file->name).string() + " is there with other content"};
    if (there == There::kSame)
      restore.kept.push_back(file->name);
    else
      missing.push_back(&*file);
  }
  if (fs::create_directories(directory)) fs::permissions(directory, fs::perms::owner_all);
  for (const ArchivedFile* file : missing) {
    if (!create_secret_file(directory / file->name, file->content))
      return ledger::Problem{(directory / file->name).string() + " has come meanwhile"};
    restore.made.push_back(file->name);
  }
  return restore;
}

}  // namespace edge
