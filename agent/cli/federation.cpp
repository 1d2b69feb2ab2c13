// `federation`: the document that says who belongs, as its readers see it. Drafts are in
// federation_propose.cpp, votes in federation_votes.cpp.
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/cli/failure.h"
#include "agent/cli/federation_commands.h"
#include "agent/cli/federation_files.h"
#include "agent/cli/output.h"
#include "agent/core/secret.h"
#include "ledger-client/core/sha256.h"

namespace edge::cli {
namespace {

struct FilesOptions {
  std::optional<fs::path> file, current;
};

void show_document(const ledger::FederationDocument& document, const Common& common) {
  if (common.json) {
    auto out = nlohmann::json::parse(document.payload());
    out["sha256"] = ledger::to_hex(document.sha256());
    return print_json(out);
  }
  const auto& federation = document.federation();
  std::cout << "version " << document.version() << ", SHA-256 " << ledger::to_hex(document.sha256()) << '\n'
            << "witness quorum " << federation.witness_quorum << "; " << federation.threshold << " of "
            << federation.admins.size() << " admins decide:";
  for (const auto& admin : federation.admins) std::cout << ' ' << admin.id;
  std::cout << "\n\n";
  std::vector<std::vector<std::string>> rows{{"address", "name", "status", "roles", "keys"}};
  for (const auto& member : federation.members) {
    std::string roles, keys;
    for (const auto& role : member.roles) roles += (roles.empty() ? "" : ",") + role;
    for (const auto& key : member.keys) keys += (keys.empty() ? "" : ",") + key.id;
    rows.push_back({member.address.text(), member.name, std::string{ledger::status_text(member.status)},
                    roles.empty() ? "-" : roles, keys.empty() ? "-" : keys});
  }
  print_table(rows);
}

void show(const FilesOptions& options, const Common& common) {
  initialise_cryptography();
  if (!options.file) return show_document(read_in_force({}, common), common);
  const fs::path& file = *options.file;
  const std::string text = read_whole(file, ledger::kMaxDraftBytes);
  if (const auto draft = ledger::parse_draft(text)) {
    const auto current = read_current(options.current, common, *draft);
    const auto* before = current ? &*current : nullptr;
    return common.json ? print_json(describe(before, *draft)) : print_draft(before, *draft);
  }
  show_document(read_document(file), common);
}

// A document, or the one a draft proposes: for reading side by side, whoever has signed.
ledger::Federation read_either(const fs::path& file) {
  const std::string text = read_whole(file, ledger::kMaxDraftBytes);
  const auto draft = ledger::parse_draft(text);
  auto document = ledger::parse_federation_document(draft ? draft->document : text, true);
  if (!document) throw Failure(EX_DATAERR, file.string() + ": " + document.error().reason);
  return std::move(document->federation);
}

// Admins who have both signed and rejected the draft `after`, where it follows `before`: neither counts.
std::vector<std::string> contradicted(const ledger::FederationDocument& before, const fs::path& after) {
  const auto draft = ledger::parse_draft(read_whole(after, ledger::kMaxDraftBytes));
  if (!draft) return {};
  const auto state = ledger::judge_draft(&before, *draft, system_now());
  return state ? state->both : std::vector<std::string>{};
}

std::vector<std::string> contradicted(const fs::path& before, const fs::path& after) {
  const auto old = ledger::open_first(read_whole(before, ledger::kMaxDraftBytes), std::nullopt);
  return old ? contradicted(*old, after) : std::vector<std::string>{};
}

void diff(const std::vector<fs::path>& files, const Common& common) {
  const fs::path& after = files.back();
  std::vector<ledger::FederationChange> changes;
  std::vector<std::string> both;
  if (files.size() == 2) {
    const ledger::Federation before = read_either(files.front());
    changes = ledger::diff_federations(&before, read_either(after));
    both = contradicted(files.front(), after);
  } else {
    const ledger::FederationDocument before = read_in_force(std::nullopt, common);
    changes = ledger::diff_federations(&before.federation(), read_either(after));
    both = contradicted(before, after);
  }
  std::cout << (common.json ? ledger::changes_json(changes) + "\n" : ledger::changes_text(changes));
  if (common.json) return;
  if (changes.empty()) std::cout << "nothing changes\n";
  for (const std::string& id : both)
    std::cout << "signed and rejected, which counts for nothing: " << id << '\n';
}

}  // namespace

void add_federation(CLI::App& root, Common& common) {
  auto* noun = add_noun(root, "federation", "Who belongs: the document the federation's admins sign");
  add_federation_drafts(*noun, common);
  auto files = std::make_shared<FilesOptions>();
  auto* shows = add_command(*noun, common, "show", "Show a version, or a draft with its changes and votes",
                            "ehr-agent federation show draft.json");
  shows->add_option("FILE", files->file, "Document or draft (else federation.file of the configuration)");
  shows->add_option("--current", files->current, kCurrentHelp)->type_name("FILE");
  shows->callback([files, &common] { show(*files, common); });
  auto compared = std::make_shared<std::vector<fs::path>>();
  auto* differ = add_command(*noun, common, "diff", "Show what changes from one version to another",
                             "ehr-agent federation diff federation.json draft.json");
  differ
      ->add_option("FILE", *compared,
                   "Old and new, documents or drafts; one alone: beside the version in force")
      ->required()
      ->expected(1, 2);
  differ->callback([compared, &common] { diff(*compared, common); });
  add_federation_votes(*noun, common);
}

}  // namespace edge::cli
