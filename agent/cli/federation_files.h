// Drafts and documents of the federation as files, and what the commands say about them.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/cli/commands.h"
#include "ledger-client/core/federation_diff.h"
#include "ledger-client/core/federation_draft.h"

namespace edge::cli {

inline constexpr const char* kCurrentHelp =
    "The version in force (else the running agent's, else federation.file of the configuration)";

// Throws Failure with what is wrong with the file.
ledger::FederationDocument read_document(const fs::path& file);
ledger::FederationDraft read_draft(const fs::path& file);
// `file`, or what this machine's agent follows.
ledger::FederationDocument read_in_force(const std::optional<fs::path>& file, const Common& common);
// What the draft follows: nothing for version 1. Throws Failure where it does not follow what is in force,
// above all where that is of its version already, or of a later one.
std::optional<ledger::FederationDocument> read_current(const std::optional<fs::path>& file,
                                                       const Common& common,
                                                       const ledger::FederationDraft& draft);

// A whole text under that name, mode 0644; `-` is standard output.
void write_text(const fs::path& file, const std::string& text);

ledger::TimePoint system_now();
// The changes from what is in force, why, who has voted how and what is missing.
nlohmann::json describe(const ledger::FederationDocument* current, const ledger::FederationDraft& draft);
void print_draft(const ledger::FederationDocument* current, const ledger::FederationDraft& draft);

}  // namespace edge::cli
