// `keys backup` and `keys restore`: all private keys as one age file.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/adapters/key_backup.h"
#include "agent/adapters/key_files.h"
#include "agent/adapters/secret_file.h"
#include "agent/cli/failure.h"
#include "agent/cli/keys_commands.h"
#include "agent/cli/output.h"
#include "agent/cli/passphrase.h"
#include "agent/core/age/passphrase.h"
#include "ledger-client/core/time_text.h"

namespace edge::cli {
namespace {

constexpr std::uint64_t kMaxBackup = 2 * kMaxArchiveBytes;

constexpr const char* kNameIdentity = "--identity FILE names an age identity that opens it";

struct BackupOptions {
  fs::path file;
  std::vector<std::string> recipients;
  bool passphrase = false;
  std::optional<int> descriptor;
};

struct RestoreOptions {
  fs::path file;
  std::vector<fs::path> identities;
  std::optional<int> descriptor;
};

std::string now_text() {
  return ledger::format_time(
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()));
}

void backup(const BackupOptions& options, const Common& common) {
  const bool passphrase = options.passphrase || options.descriptor;
  if (passphrase == !options.recipients.empty())
    throw Failure(EX_USAGE, "say who can open the backup: --recipient or --passphrase",
                  "age allows a passphrase only alone");
  const Config config = common.load();
  initialise_cryptography();
  const auto recipients = recipients_of(options.recipients);
  if (fs::exists(options.file)) throw Failure(EX_CANTCREAT, options.file.string() + " exists");
  const KeyBackup made = backup_keys(config.keys.dir, *config.agent.address, config.agent.name, now_text());
  const auto plaintext = made.archive.reveal();
  write_new_file(options.file,
                 passphrase ? age::seal_with_passphrase(read_passphrase(options.descriptor, true), plaintext)
                            : age::seal_to_all(recipients, plaintext));
  if (common.json) return print_json({{"file", options.file.string()}, {"keys", made.names}});
  std::cout << "wrote " << options.file.string() << " with";
  for (const auto& name : made.names) std::cout << ' ' << name;
  std::cout << "\nit opens with `ehr-agent keys restore`, or with `age -d FILE | tar x`\n";
}

Secret open_backup(const RestoreOptions& options, const Common& common) {
  const std::string bytes = read_whole(options.file, kMaxBackup);
  const auto file = ledger::as_bytes(bytes);
  auto opened = [&] {
    if (age::wants_passphrase(file))
      return age::open_with_passphrase(read_passphrase(options.descriptor, false), file);
    const auto identities = identities_of(options.identities, common);
    return age::open_secret(borrowed(identities), file);
  }();
  if (!opened) refuse_sealed(options.file, opened.error().reason);
  return std::move(opened).value();
}

void restore(const RestoreOptions& options, const Common& common) {
  const Config config = common.load();
  initialise_cryptography();
  const auto restored = restore_keys(open_backup(options, common), config.keys.dir, *config.agent.address);
  if (!restored) throw Failure(EX_DATAERR, options.file.string() + ": " + restored.error().reason);
  if (common.json)
    return print_json(
        {{"dir", config.keys.dir.string()}, {"made", restored->made}, {"kept", restored->kept}});
  for (const auto& name : restored->made) std::cout << "made " << (config.keys.dir / name).string() << '\n';
  if (restored->made.empty()) std::cout << "every key is there already; none was touched\n";
}

// A trustee who opens a share may have no agent, and so no configuration.
fs::path own_key_folder(const Common& common) {
  try {
    return common.load().keys.dir;
  } catch (const Failure& failure) {
    throw Failure(failure.status(), failure.what(), std::string(kNameIdentity) + "; " + failure.hint());
  }
}

}  // namespace

std::vector<age::Identity> identities_of(const std::vector<fs::path>& files, const Common& common) {
  if (files.empty()) {
    const fs::path dir = own_key_folder(common);
    if (!holds_age_identity(dir))  // lost with all the others, it may be what somebody is here for
      throw Failure(EX_NOPERM, dir.string() + ": no age identity is here to open it with", kNameIdentity);
    return age::Identity::parse_all(age_identity_file(dir)).value();
  }
  std::vector<age::Identity> all;
  for (const fs::path& file : files) {
    auto some = age::Identity::parse_all(read_secret_file(file));
    if (!some) throw Failure(EX_DATAERR, file.string() + ": " + some.error().reason);
    std::move(some->begin(), some->end(), std::back_inserter(all));
  }
  return all;
}

void refuse_sealed(const fs::path& file, std::string_view reason) {
  const auto named = file.string() + ": ";
  if (reason == age::kNoMatch)
    throw Failure(EX_NOPERM, named + "neither a passphrase nor an identity here opens it", kNameIdentity);
  const bool no_age_file = reason == age::kHeaderFailure;
  throw Failure(EX_DATAERR,
                named + (no_age_file ? "not an age file" : "changed or cut short since it was written"),
                "take another copy");
}

std::vector<const age::Identity*> borrowed(const std::vector<age::Identity>& identities) {
  std::vector<const age::Identity*> out;
  out.reserve(identities.size());
  for (const auto& identity : identities) out.push_back(&identity);
  return out;
}

std::vector<age::Recipient> recipients_of(const std::vector<std::string>& texts) {
  std::vector<age::Recipient> out;
  for (const auto& text : texts) {
    const auto recipient = age::Recipient::parse(text);
    if (!recipient) throw Failure(EX_USAGE, printable(text) + " is not an age1… recipient");
    for (const auto& other : out)
      if (other.bytes() == recipient->bytes()) throw Failure(EX_USAGE, text + " is there twice");
    out.push_back(*recipient);
  }
  return out;
}

void write_new_secret(const fs::path& file, const Secret& content) {
  if (const auto folder = file.parent_path(); !folder.empty() && !fs::is_directory(folder))
    throw Failure(EX_CANTCREAT, folder.string() + ": there is no such folder",
                  "make it first: mkdir -p " + folder.string());
  if (!create_secret_file(file, content)) throw Failure(EX_CANTCREAT, file.string() + " exists");
}

void write_new_file(const fs::path& file, ledger::ByteView bytes) {
  if (fs::exists(fs::symlink_status(file))) throw Failure(EX_CANTCREAT, file.string() + " exists");
  AtomicFile out(file);
  out.write(ledger::as_text(bytes));
  out.commit();
}

void add_keys_backup(CLI::App& noun, Common& common) {
  auto* backs_up = add_command(noun, common, "backup", "Encrypt all private keys into one age file",
                               "ehr-agent keys backup keys.age --passphrase");
  auto options = std::make_shared<BackupOptions>();
  backs_up->add_option("FILE", options->file, "The file to write; it must not exist")->required();
  backs_up
      ->add_option("--recipient", options->recipients, "An age recipient who can open it; may be repeated")
      ->type_name("age1…");
  backs_up->add_flag("--passphrase", options->passphrase, "A passphrase, typed at the terminal");
  backs_up->add_option("--passphrase-fd", options->descriptor, "A passphrase, read from this open descriptor")
      ->type_name("N");
  backs_up->callback([options, &common] { backup(*options, common); });

  auto* restores =
      add_command(noun, common, "restore", "Bring back the keys of a backup; never overwrites one",
                  "ehr-agent keys restore keys.age");
  auto restored = std::make_shared<RestoreOptions>();
  restores->add_option("FILE", restored->file, "The backup")->required();
  restores
      ->add_option("--identity", restored->identities,
                   "File with an age identity that opens it (else this agent's)")
      ->type_name("FILE");
  restores
      ->add_option("--passphrase-fd", restored->descriptor, "Read the passphrase from this open descriptor")
      ->type_name("N");
  restores->callback([restored, &common] { restore(*restored, common); });
}

}  // namespace edge::cli
