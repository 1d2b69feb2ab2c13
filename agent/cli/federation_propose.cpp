// `federation init` and `federation propose`: drafts of the first version and of the next.
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/cli/daemon_call.h"
#include "agent/cli/failure.h"
#include "agent/cli/federation_commands.h"
#include "agent/cli/federation_files.h"
#include "agent/cli/output.h"
#include "agent/core/federation_changes.h"
#include "agent/core/federation_signing.h"
#include "agent/core/secret.h"
#include "ledger-client/core/key_validity.h"

namespace edge::cli {
namespace {

constexpr std::uint64_t kMaxMember = 1u << 20;
constexpr unsigned kDays = 14;
constexpr std::uint64_t kMaxCount =
    10'000;  // of votes: more than members or admins can be; -1 is read as 2^64-1

struct ProposeOptions {
  std::optional<fs::path> current;
  fs::path output = "draft.json";
  std::vector<fs::path> join, embed, rotate;
  std::vector<std::string> suspect_from, revoke_keys, cutoffs;
  std::vector<std::string> suspend, revoke, reinstate, roles, names, add_keys, end_keys, add_admins,
      remove_admins;
  std::optional<std::uint64_t> threshold, witness_quorum;
  std::optional<std::string> ca_spki;
  std::string reason;
  unsigned days = kDays;
};

// LEFT=RIGHT of an option.
FederationChanges::Of split(const std::string& text, const char* option) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == text.npos)
    throw Failure(EX_USAGE, std::string{option} + " takes two things joined by =", "--help shows an example");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

FederationChanges changes_of(const ProposeOptions& options) {
  FederationChanges changes;
  for (const auto& file : options.join) changes.join.push_back(read_whole(file, kMaxMember));
  for (const auto& [list, status] : {std::pair{&options.suspend, ledger::MemberStatus::kSuspended},
                                     {&options.revoke, ledger::MemberStatus::kRevoked},
                                     {&options.reinstate, ledger::MemberStatus::kActive}}) {
    for (const auto& address : *list) changes.status.emplace_back(address, status);
  }
  for (const auto& text : options.roles) changes.roles.push_back(split(text, "--role"));
  for (const auto& text : options.names) changes.names.push_back(split(text, "--name"));
  for (const auto& text : options.add_keys) {
    const auto [address, file] = split(text, "--add-key");
    changes.add_keys.emplace_back(address, read_whole(file, kMaxMember));
  }
  for (const auto& text : options.end_keys) {
    const auto [address, rest] = split(text, "--end-key");
    const auto [id, end] = split(rest, "--end-key");
    const auto time = ledger::parse_time(end);
    if (!time) throw Failure(EX_USAGE, "--end-key: " + end + " is not a time like 2026-11-22T08:00:00.000Z");
    changes.end_keys.push_back({{address, id}, *time});
  }
  for (const auto& text : options.add_admins) changes.add_admins.push_back(split(text, "--add-admin"));
  changes.remove_admins = options.remove_admins;
  changes.threshold = options.threshold;
  changes.witness_quorum = options.witness_quorum;
  changes.ca_spki_sha256 = options.ca_spki;
  return changes;
}

void write_draft(const ledger::Result<std::string>& payload, const ledger::FederationDocument* current,
                 const ProposeOptions& options, const Common& common) {
  if (!payload) throw Failure(EX_DATAERR, payload.error().reason);
  if (options.reason.size() > ledger::kMaxReasonBytes) throw Failure(EX_USAGE, "--reason is too long");
  ledger::FederationDraft draft{unsigned_federation(*payload),
                                system_now() + std::chrono::hours(24 * options.days),
                                options.reason,
                                {}};
  for (const auto& file : options.embed) {
    const auto rejected = read_draft(file).rejections;
    draft.rejections.insert(draft.rejections.end(), rejected.begin(), rejected.end());
  }
  const std::string text = ledger::encode_draft(draft);
  if (const auto readable = ledger::parse_draft(text); !readable)
    throw Failure(EX_DATAERR, readable.error().reason);
  write_text(options.output, text);
  if (options.output == "-") return;
  if (common.json) return print_json(describe(current, draft));
  print_draft(current, draft);
  std::cout << "\nwrote " << options.output.string() << "; each admin: ehr-agent federation approve "
            << options.output.string() << " --key KEY\n";
}

// The checkpoint that says up to where a member's log counts: of a file, or the newest witnessed one that the
// running agent holds.
std::optional<ledger::Cutoff> cutoff_of(const std::string& address, const ProposeOptions& options,
                                        const ledger::Federation& federation, const Common& common) {
  const auto parsed = ledger::Address::parse(address);
  if (!parsed) throw Failure(EX_USAGE, address + " is not an IP address");
  const ledger::Member* member = federation.find(*parsed);
  if (member == nullptr)
    throw Failure(EX_DATAERR, address + " is not in the document",
                  "`ehr-agent federation show` lists the members");
  std::string note, why = "it has no witnessed checkpoint of that log";
  bool given = false;
  std::uint64_t known = 0;  // entries the member has signed, as far as the agent here knows
  for (const auto& text : options.cutoffs) {
    const auto [of, file] = split(text, "--cutoff");
    if (of != address) continue;
    note = read_whole(file, ledger::kMaxNoteBytes);
    given = true;
  }
  try {
    if (!given) {
      const auto answer = Daemon(common.load()).call({{"command", "ledger.witnessed"}, {"address", address}});
      note = answer.value("note", "");
      known = answer.value("known", known);
    }
  } catch (const Failure& failure) {
    why = failure.what();
  }
  std::vector<ledger::NoteKey> witnesses;  // nobody witnesses oneself
  for (const auto& other : federation.members) {
    const auto key =
        other.address == member->address || !other.has_role("witness") ? std::nullopt : other.witness_key();
    if (key) witnesses.push_back(*key);
  }
  std::optional<ledger::Cutoff> cutoff;
  for (const auto& key :
       note.empty() ? std::vector<ledger::NoteKey>{} : member->log_keys_of(note.substr(0, note.find('\n')))) {
    if (const auto made = ledger::cutoff_from(note, key, witnesses, federation.witness_quorum))
      cutoff = *made;
    else
      why = made.error().reason;
  }
  if (!cutoff && given) throw Failure(EX_DATAERR, "--cutoff: " + why);
  if (!cutoff)
    std::cerr << "warning: no cutoff for " << address << ": the agent here gives none (" << why
              << "); --cutoff IP=FILE names a witnessed checkpoint\n";
  if (cutoff && known > cutoff->size)
    std::cerr << "warning: the newest " << known - cutoff->size << " of " << known << " entries of "
              << cutoff->origin
              << " are not witnessed: what they anchor will be refused; propose it again in a moment to take "
                 "them in\n";
  for (const auto& text : options.suspect_from) {
    const auto [of, index] = split(text, "--suspect-from");
    if (of != address) continue;
    if (!cutoff || index.empty() || index.find_first_not_of("0123456789") != index.npos || index.size() > 15)
      throw Failure(EX_USAGE, "--suspect-from wants a cutoff and the index of an entry");
    cutoff->suspect_from = std::stoull(index);
  }
  return cutoff;
}

void add_cutoffs(FederationChanges& changes, const ProposeOptions& options,
                 const ledger::Federation& federation, const Common& common) {
  for (const auto& address : options.revoke) {
    if (const auto cutoff = cutoff_of(address, options, federation, common))
      changes.cutoffs.emplace_back(address, *cutoff);
  }
  for (const auto& text : options.revoke_keys) {
    const auto key = split(text, "--revoke-key");
    const auto cutoff = cutoff_of(key.first, options, federation, common);
    if (!cutoff)
      throw Failure(EX_UNAVAILABLE, "--revoke-key needs a cutoff", "--cutoff IP=FILE names a checkpoint");
    changes.revoke_keys.emplace_back(key, *cutoff);
  }
}

// A member's own word about its new keys.
KeyChange read_announcement(const fs::path& file, const ledger::FederationDocument& current) {
  const std::string text = without_line_end(read_whole(file, kMaxKeyChangeBytes));
  auto change = verify_key_change(text, current.federation(), system_now());
  if (!change)
    throw Failure(EX_DATAERR, file.string() + ": " + change.error().reason,
                  "`ehr-agent keys rotate` on the member's machine makes it, for the version in force");
  return std::move(change).value();
}

void propose(const ProposeOptions& options, const Common& common) {
  initialise_cryptography();
  auto changes = changes_of(options);
  if (changes.empty() && options.rotate.empty() && options.revoke_keys.empty())
    throw Failure(EX_USAGE, "nothing would change", "--help lists what can");
  const auto current = read_in_force(options.current, common);
  add_cutoffs(changes, options, current.federation(), common);
  for (const auto& file : options.rotate) changes.rotate.push_back(read_announcement(file, current));
  write_draft(next_payload(current.payload(), changes), &current, options, common);
}

void init(const ProposeOptions& options, const Common& common) {
  initialise_cryptography();
  if (options.add_admins.empty() || !options.threshold)
    throw Failure(EX_USAGE, "say who decides: --add-admin ID=KEY, once for each, and --threshold N",
                  "`ehr-agent federation admin-key FILE` makes an admin's key and prints KEY");
  write_draft(first_payload(changes_of(options)), nullptr, options, common);
}

void add_changes(CLI::App& command, ProposeOptions& options) {
  command.add_option("--join", options.join, "Member object, as `ehr-agent keys show` prints it")
      ->type_name("FILE");
  command
      .add_option("--add-admin", options.add_admins, "An admin and the key `admin-key` printed; or a new key")
      ->type_name("ID=KEY");
  command
      .add_option("--threshold", options.threshold,
                  "Signatures a version needs; more than half of the admins")
      ->check(CLI::Range(std::uint64_t{1}, kMaxCount))
      ->type_name("N");
  command.add_option("--witness-quorum", options.witness_quorum, "Cosignatures that make an entry witnessed")
      ->check(CLI::Range(std::uint64_t{0}, kMaxCount))
      ->type_name("N");
  command.add_option("--ca-spki", options.ca_spki, "SHA-256 of the CA's public key (`pki spki` prints it)")
      ->type_name("HEX");
  command.add_option("--role", options.roles, "A member's roles: hospital, witness, store, verifier")
      ->type_name("IP=ROLE,ROLE");
  command.add_option("--reason", options.reason, "Why, for those who are to sign")->type_name("TEXT");
  command.add_option("--days", options.days, "Admins may sign it for so long")
      ->type_name("N")
      ->check(CLI::Range(1, 365))
      ->capture_default_str();
  command.add_option("-o,--output", options.output, "The draft; - is standard output")
      ->type_name("FILE")
      ->capture_default_str();
}

void add_propose(CLI::App& noun, Common& common) {
  auto options = std::make_shared<ProposeOptions>();
  auto* command = add_command(noun, common, "propose", "Make a draft of the next version",
                              "ehr-agent federation propose --revoke 10.20.0.7 --reason 'left in November'");
  command->add_option("--current", options->current, kCurrentHelp)->type_name("FILE");
  add_changes(*command, *options);
  command->add_option("--suspend", options->suspend, "A member who is served nothing for now")
      ->type_name("IP");
  command->add_option("--revoke", options->revoke, "A member who is served nothing any more")
      ->type_name("IP");
  command->add_option("--revoke-key", options->revoke_keys, "A member's key that counts no more: IP=sign-1")
      ->type_name("IP=KEY");
  command
      ->add_option(
          "--cutoff", options->cutoffs,
          "A witnessed checkpoint of a revoked member's log (else the running agent's newest): what is "
          "anchored in it stays valid")
      ->type_name("IP=FILE");
  command
      ->add_option("--suspect-from", options->suspect_from,
                   "What a revoked member anchored from that entry on is shown as suspect")
      ->type_name("IP=INDEX");
  command->add_option("--reinstate", options->reinstate, "A member who is active again")->type_name("IP");
  command->add_option("--name", options->names, "A member's name")->type_name("IP=TEXT");
  command->add_option("--add-key", options->add_keys, "One more key of a member: a key object in a file")
      ->type_name("IP=FILE");
  command
      ->add_option("--rotate", options->rotate,
                   "New keys of a member, as its `ehr-agent keys rotate` announced them")
      ->type_name("FILE");
  command->add_option("--end-key", options->end_keys, "When a member's key ends")->type_name("IP=KEY=TIME");
  command->add_option("--remove-admin", options->remove_admins, "An admin who decides no more")
      ->type_name("ID");
  command->add_option("--embed", options->embed, "A rejected draft of the same version: take its rejections")
      ->type_name("FILE");
  command->callback([options, &common] { propose(*options, common); });
}

}  // namespace

void add_federation_drafts(CLI::App& noun, Common& common) {
  auto first = std::make_shared<ProposeOptions>();
  auto* begin = add_command(noun, common, "init", "Make a draft of the first version of a new federation",
                            "ehr-agent federation init --add-admin alice=KEY --threshold 1 --join a.json");
  add_changes(*begin, *first);
  begin->callback([first, &common] { init(*first, common); });
  add_propose(noun, common);
}

}  // namespace edge::cli
