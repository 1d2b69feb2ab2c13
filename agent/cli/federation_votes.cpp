// `federation admin-key|approve|reject|publish`: what admins do with a draft. Each shows the changes before
// anything is signed, and the key's file remembers what it signed.
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/adapters/admin_key.h"
#include "agent/cli/confirm.h"
#include "agent/cli/daemon_call.h"
#include "agent/cli/failure.h"
#include "agent/cli/federation_commands.h"
#include "agent/cli/federation_files.h"
#include "agent/cli/output.h"
#include "agent/core/federation_signing.h"
#include "ledger-client/core/base64.h"

namespace edge::cli {
namespace {

struct VoteOptions {
  fs::path draft, key;
  std::optional<fs::path> current, output;
  bool yes = false;
};

std::string public_text(const Signer& signer) {
  return ledger::base64url_encode(signer.public_key().bytes);
}

void admin_key(const fs::path& file, const Common& common) {
  initialise_cryptography();
  const bool made = make_admin_key(file);
  const AdminKey key(file);
  if (common.json)
    return print_json({{"file", file.string()}, {"made", made}, {"key", public_text(key.signer())}});
  if (made) std::cerr << "made " << file.string() << "; keep it where no agent runs\n";
  std::cout << public_text(key.signer()) << '\n';
}

// Whose key it is: an admin of the version in force, or of the draft.
std::string id_of(const Signer& signer, const ledger::FederationDocument* current,
                  const ledger::Federation& next, bool rejecting) {
  const auto find = [&](const ledger::Federation& federation) -> const ledger::Admin* {
    for (const auto& admin : federation.admins) {
      if (admin.key == signer.public_key()) return &admin;
    }
    return nullptr;
  };
  const auto* admin = current ? find(current->federation()) : nullptr;
  if (!admin && !(rejecting && current)) admin = find(next);
  if (!admin)
    throw Failure(EX_NOPERM, "this key is not an admin's",
                  rejecting && current ? "admins of the version in force alone can reject" : "");
  return admin->id;
}

std::string refusal_hint(const AdminKey& key, const ledger::ParsedFederation& next, bool approve) {
  const auto other = [&](const ledger::CastVote& vote) {
    return vote.approved && vote.version == next.federation.version && vote.sha256 != next.sha256;
  };
  const auto cast = key.cast();
  if (approve && std::any_of(cast.begin(), cast.end(), other))
    return "publish the other draft; or let so many admins `ehr-agent federation reject` it, and "
           "`propose --embed` it with the change";
  return "`ehr-agent federation show` shows the draft's votes";
}

void cast_vote(const VoteOptions& options, const Common& common, bool approve) {
  initialise_cryptography();
  auto draft = read_draft(options.draft);
  const auto current = read_current(options.current, common, draft);
  const auto* before = current ? &*current : nullptr;
  const auto next = ledger::parse_federation_document(draft.document, true);
  AdminKey key(options.key);
  const auto id = id_of(key.signer(), before, next->federation, !approve);
  const auto allowed = approve ? ledger::may_approve(before, draft, key.cast(), system_now())
                               : ledger::may_reject(before, draft, key.cast(), system_now());
  if (!allowed) throw Failure(EX_DATAERR, allowed.error().reason, refusal_hint(key, *next, approve));
  if (!common.json) print_draft(before, draft);
  demand_consent(options.yes, std::string(approve ? "Sign" : "Reject") + " version " +
                                  std::to_string(next->federation.version) + "?");
  key.remember({next->federation.version, next->sha256, approve});
  if (approve)
    draft.document = add_vote(draft.document, id, key.signer());
  else
    draft = add_rejection(std::move(draft), id, key.signer());
  write_text(options.output.value_or(options.draft), ledger::encode_draft(draft));
  if (common.json) return print_json(describe(before, draft));
  std::cout << id << (approve ? " has signed version " : " has rejected version ") << next->federation.version
            << '\n';
}

struct PublishOptions {
  std::vector<fs::path> drafts;
  std::optional<fs::path> current, output;
};

// Who writes the document to a file hands it out past the agent: where this machine's hospital asks for
// votes, its agent must have them. A first version is nobody's to approve: no agent runs without one.
void demand_approval(const std::string& document, std::uint64_t version, const Common& common) {
  if (version == 1 || (!common.config && !fs::exists(config_path(common.config)))) return;
  const Config config = common.load();
  if (config.approval.federation == 0) return;
  (void)Daemon(config).call({{"command", "federation.publish"}, {"file", true}}, document);
}

void publish(const PublishOptions& options, const Common& common) {
  initialise_cryptography();
  std::vector<ledger::FederationDraft> copies;
  for (const auto& file : options.drafts) copies.push_back(read_draft(file));
  const auto draft = ledger::merge_drafts(copies);
  if (!draft) throw Failure(EX_DATAERR, draft.error().reason);
  const auto current = read_current(options.current, common, *draft);
  const auto* before = current ? &*current : nullptr;
  const auto state = ledger::judge_draft(before, *draft, system_now());
  if (!state) throw Failure(EX_DATAERR, state.error().reason);
  if (!state->passes || state->expired) {
    if (!common.json) print_draft(before, *draft);
    throw Failure(EX_DATAERR, state->passes ? "the draft has expired" : "the draft lacks signatures",
                  state->passes ? "propose it anew" : "`ehr-agent federation approve` adds one");
  }
  const std::string document = ledger::passed_document(*draft, *state);
  if (options.output) demand_approval(document, state->version, common);
  const nlohmann::json result{{"version", state->version}, {"sha256", ledger::to_hex(state->sha256)}};
  if (options.output)
    write_text(*options.output, document);
  else
    (void)Daemon(common.load()).call({{"command", "federation.publish"}}, document);
  if (options.output == fs::path("-")) return;
  if (common.json) return print_json(result);
  std::cout << "version " << state->version
            << (options.output ? " is in " + options.output->string() : " is published") << "; SHA-256 "
            << ledger::to_hex(state->sha256) << '\n';
}

void add_vote_command(CLI::App& noun, Common& common, const std::string& name, const std::string& what,
                      bool approve) {
  auto options = std::make_shared<VoteOptions>();
  auto* command =
      add_command(noun, common, name, what, "ehr-agent federation " + name + " draft.json --key alice.pem");
  command->add_option("DRAFT", options->draft, "The draft; the vote is added to it")->required();
  command->add_option("--key", options->key, "The admin's key file")->required()->type_name("FILE");
  command->add_option("--current", options->current, kCurrentHelp)->type_name("FILE");
  command->add_option("-o,--output", options->output, "Write the draft with the vote there instead")
      ->type_name("FILE");
  command->add_flag("--yes", options->yes, "Don't ask after showing the changes");
  command->callback([options, &common, approve] { cast_vote(*options, common, approve); });
}

}  // namespace

void add_federation_votes(CLI::App& noun, Common& common) {
  auto file = std::make_shared<fs::path>();
  auto* makes = add_command(noun, common, "admin-key",
                            "Make an admin's key file if it is missing; print the public key",
                            "ehr-agent federation admin-key alice.pem");
  makes->add_option("FILE", *file, "The key file")->required();
  makes->callback([file, &common] { admin_key(*file, common); });
  add_vote_command(noun, common, "approve", "Show a draft's changes and sign it", true);
  add_vote_command(noun, common, "reject", "Show a draft's changes and sign that they must not be", false);
  auto options = std::make_shared<PublishOptions>();
  auto* publishes = add_command(noun, common, "publish",
                                "Publish a draft that has enough signatures; copies signed apart are merged",
                                "ehr-agent federation publish draft-of-alice.json draft-of-bob.json");
  publishes->add_option("DRAFT", options->drafts, "The draft, or its copies")->required();
  publishes->add_option("--current", options->current, kCurrentHelp)->type_name("FILE");
  publishes
      ->add_option("-o,--output", options->output, "Write the document there; else the running agent gets it")
      ->type_name("FILE");
  publishes->callback([options, &common] { publish(*options, common); });
}

}  // namespace edge::cli
