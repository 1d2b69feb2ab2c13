// The commands below `keys`, and what they share. One file for each errand: keys_backup.cpp, keys_share.cpp.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "agent/cli/commands.h"
#include "agent/core/age/age.h"

namespace edge::cli {

void add_keys_backup(CLI::App& noun, Common& common);  // backup, restore
void add_keys_rotate(CLI::App& noun, Common& common);
void add_keys_share(CLI::App& noun, Common& common);  // split, check-share, recover

// Of `keys rotate`: days for which a key that was replaced still verifies messages.
inline constexpr unsigned kDefaultOverlapDays = 7;
inline constexpr unsigned kMaxOverlapDays = 365;
// Of `keys revoke`.
std::vector<std::string> revocation_reasons();

// The age identities of these files; of none, this agent's own. Throws Failure.
std::vector<age::Identity> identities_of(const std::vector<std::filesystem::path>& files,
                                         const Common& common);
// Says of a file that did not open why, by the reason age gave. Throws Failure.
[[noreturn]] void refuse_sealed(const std::filesystem::path& file, std::string_view reason);
// Borrows them, as age wants them.
std::vector<const age::Identity*> borrowed(const std::vector<age::Identity>& identities);
// The recipients of these texts, each different. Throws Failure.
std::vector<age::Recipient> recipients_of(const std::vector<std::string>& texts);

// Public or encrypted bytes into a new file; one that exists is not touched. Throws Failure.
void write_new_file(const std::filesystem::path& file, ledger::ByteView bytes);
// A secret into a new file of mode 0600. Throws Failure.
void write_new_secret(const std::filesystem::path& file, const Secret& content);

}  // namespace edge::cli
