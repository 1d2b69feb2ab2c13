// `approval`: what several persons of this hospital decide together. Each signs with a key file of his own,
// here or anywhere else; the vote counts when the agent has anchored it.
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/adapters/admin_key.h"
#include "agent/cli/commands.h"
#include "agent/cli/confirm.h"
#include "agent/cli/daemon_call.h"
#include "agent/cli/failure.h"
#include "agent/cli/federation_files.h"
#include "agent/cli/keys_commands.h"
#include "agent/cli/motion_text.h"
#include "agent/cli/output.h"
#include "agent/core/approval.h"

namespace edge::cli {
namespace {

using nlohmann::json;

constexpr std::uint64_t kNoVersion = 0;  // in a key's memory: not a version of the federation document

std::uint64_t number_of(const std::string& text, const char* what) {
  const bool digits = !text.empty() && text.size() <= 15 &&
                      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) throw Failure(EX_USAGE, text + " is no " + what);
  return std::stoull(text);
}

json find_motion(const Common& common, std::uint64_t number) {
  return Daemon(common.load()).call({{"command", "approval.show"}, {"motion", number}});
}

// ----------------------------------------------------------------------------------------------------
// propose

struct ProposeOptions {
  std::string matter, subject, reason = "compromised";
  std::optional<std::uint64_t> suspect_from;
  unsigned overlap = kDefaultOverlapDays;
};

Deed deed_of(const ProposeOptions& options) {
  const auto& [matter, subject, reason, suspect_from, overlap] = options;
  if (matter == ledger::matter::kBreakGlassAllow) {
    if (subject != "on" && subject != "off") throw Failure(EX_USAGE, matter + " takes on or off");
    return allow_break_glass(subject == "on");
  }
  if (matter == ledger::matter::kBreakGlassReview)
    return review_break_glass(number_of(subject, "entry of the ledger"));
  if (matter == ledger::matter::kFederationPublish) {
    const auto draft = read_draft(subject);
    const auto document = ledger::parse_federation_document(draft.document, true);
    return publish_federation(document->federation.version, document->sha256);
  }
  if (matter == ledger::matter::kKeysRotate) return rotate_key(subject, overlap);
  if (matter == ledger::matter::kKeysRevoke) return revoke_key(subject, reason, suspect_from);
  throw Failure(EX_USAGE, "nothing of the kind `" + matter + "` is decided by votes", "--help lists what is");
}

void propose(const ProposeOptions& options, const Common& common) {
  initialise_cryptography();
  const Deed deed = deed_of(options);
  if (!ledger::is_subject(deed.subject))
    throw Failure(EX_USAGE, "what the motion is about is of other characters than a-z, 0-9, . and -");
  const auto row =
      Daemon(common.load())
          .call({{"command", "approval.propose"}, {"matter", deed.matter}, {"subject", deed.subject}},
                deed.payload);
  common.json ? print_json(row) : print_motion(row);
}

// ----------------------------------------------------------------------------------------------- list and
// show

void list(bool all, const Common& common) {
  const auto result = Daemon(common.load()).call({{"command", "approval.list"}, {"all", all}});
  if (common.json) return print_json(result);
  std::vector<std::vector<std::string>> rows{
      {"motion", "matter", "subject", "state", "approved", "needs", "void", "until"}};
  for (const json& row : result.at("motions"))
    rows.push_back({std::to_string(row["motion"].get<std::uint64_t>()), row["matter"], row["subject"],
                    row["state"], names(row["approved"]), std::to_string(row["needs"].get<std::uint64_t>()),
                    row["void"].empty() ? "-" : names(row["void"]), row["expires"]});
  if (rows.size() == 1)
    std::cout << (all ? "nothing was ever moved\n" : "nothing waits for votes\n");
  else
    print_table(rows);
}

void show(std::uint64_t number, const std::optional<fs::path>& output, const Common& common) {
  const auto row = find_motion(common, number);
  if (output) {
    if (!row.contains("file")) throw Failure(EX_CONFIG, "the configuration lists no approver");
    write_text(*output, row["file"].dump());
    if (*output == "-") return;
  }
  common.json ? print_json(row) : print_motion(row);
}

// -------------------------------------------------------------------------------------------------------
// vote

struct VoteOptions {
  std::string motion, choice;  // a number or a file; approve or reject
  std::optional<fs::path> key, file, output;
  bool yes = false;
};

MotionFile motion_of(const VoteOptions& options, const Common& common) {
  const bool is_number =
      !options.motion.empty() && options.motion.find_first_not_of("0123456789") == std::string::npos;
  std::string text;
  if (is_number) {
    const auto row = find_motion(common, number_of(options.motion, "motion"));
    if (!row.contains("file")) throw Failure(EX_CONFIG, "the configuration lists no approver");
    text = row["file"].dump();
  } else {
    text = read_whole(options.motion, kMaxMotionFileBytes);
  }
  auto file = parse_motion_file(text);
  if (!file) throw Failure(EX_DATAERR, options.motion + ": " + file.error().reason);
  return std::move(file).value();
}

std::string approver_of(const MotionFile& file, const Signer& signer) {
  for (const auto& one : file.approvers)
    if (one.key == signer.public_key()) return one.id;
  throw Failure(EX_NOPERM, "this key is not an approver's", "[[approver]] of the configuration lists them");
}

// A second vote that contradicts the first voids both: this tool makes none.
void check_memory(const AdminKey& key, const ledger::Hash& motion, ledger::Choice choice) {
  for (const auto& cast : key.cast()) {
    if (cast.version == kNoVersion && cast.sha256 == motion &&
        cast.approved != (choice == ledger::Choice::kApprove))
      throw Failure(EX_DATAERR, std::string("this key has ") + (cast.approved ? "approved" : "rejected") +
                                    " this motion: a second vote would void both");
  }
}

void hand_in(const std::string& vote, const Common& common) {
  const auto row = Daemon(common.load()).call({{"command", "approval.vote"}}, vote);
  common.json ? print_json(row) : print_motion(row);
}

void vote(const VoteOptions& options, const Common& common) {
  initialise_cryptography();
  if (options.file)
    return hand_in(without_line_end(read_whole(*options.file, ledger::kMaxVoteBytes)), common);
  const auto choice = ledger::choice_from(options.choice);
  if (options.motion.empty() || !choice || !options.key)
    throw Failure(EX_USAGE, "a vote needs MOTION, approve or reject, and --key",
                  "or --file with one made before");
  const MotionFile file = motion_of(options, common);
  const ledger::Hash hash = ledger::motion_sha256(file.motion);
  AdminKey key(*options.key);
  const std::string who = approver_of(file, key.signer());
  check_memory(key, hash, *choice);
  if (system_now() >= file.motion.expires) throw Failure(EX_DATAERR, "the motion has expired");
  if (!common.json) {
    std::cout << "Motion " << file.motion.seq << " of " << file.motion.origin << ": " << file.motion.matter
              << " of " << file.motion.subject << '\n';
    print_deed(file.motion.matter, file.motion.subject, json::parse(file.payload));
    std::cout << "SHA-256:      " << ledger::to_hex(hash) << "\nneeds:        " << file.motion.threshold
              << " approvers until " << ledger::format_time(file.motion.expires) << '\n'
              << std::flush;
  }
  demand_consent(options.yes, "Sign as " + who + " that you " + options.choice + " motion " +
                                  std::to_string(file.motion.seq) + "?");
  key.remember({kNoVersion, hash, *choice == ledger::Choice::kApprove});
  const std::string signed_vote = sign_vote(key.signer(), who, *choice, hash);
  if (!options.output) return hand_in(signed_vote, common);
  write_text(*options.output, signed_vote);
  if (*options.output == "-") return;
  if (common.json)
    return print_json({{"approver", who}, {"choice", options.choice}, {"file", options.output->string()}});
  std::cout << "wrote " << options.output->string() << "; at the hospital: ehr-agent approval vote --file "
            << options.output->string() << '\n';
}

void add_vote(CLI::App& noun, Common& common) {
  auto options = std::make_shared<VoteOptions>();
  auto* command = add_command(noun, common, "vote", "Show a motion, sign a vote on it and have it anchored",
                              "ehr-agent approval vote 7 approve --key director.pem");
  command->add_option("MOTION", options->motion, "Its number, or a file `approval show -o` wrote");
  command->add_option("CHOICE", options->choice, "approve or reject")
      ->check(CLI::IsMember({"approve", "reject"}));
  command->add_option("--key", options->key, "The approver's key file")->type_name("FILE");
  command->add_option("--file", options->file, "Hand in a vote that -o wrote, maybe elsewhere")
      ->type_name("FILE");
  command->add_option("-o,--output", options->output, "Write the vote there instead of handing it in")
      ->type_name("FILE");
  command->add_flag("--yes", options->yes, "Don't ask after showing the motion");
  command->callback([options, &common] { vote(*options, common); });
}

}  // namespace

void add_approval(CLI::App& root, Common& common) {
  auto* noun = add_noun(root, "approval", "What several persons of this hospital decide together");
  auto options = std::make_shared<ProposeOptions>();
  auto* proposes = add_command(*noun, common, "propose", "Move that something be done",
                               "ehr-agent approval propose break-glass.allow on");
  proposes
      ->add_option("MATTER", options->matter,
                   "break-glass.allow, break-glass.review, federation.publish, keys.rotate or keys.revoke")
      ->required();
  proposes->add_option("SUBJECT", options->subject, "on or off; an entry; a draft's file; a key's id")
      ->required();
  proposes->add_option("--reason", options->reason, "Of keys.revoke: compromised, lost, replaced or retired")
      ->type_name("WORD")
      ->check(CLI::IsMember(revocation_reasons()))
      ->capture_default_str();
  proposes
      ->add_option("--suspect-from", options->suspect_from,
                   "Of keys.revoke: what the key signed from this entry on is shown as suspect")
      ->type_name("INDEX");
  proposes
      ->add_option("--overlap", options->overlap,
                   "Of keys.rotate: days for which the old key still verifies messages")
      ->type_name("DAYS")
      ->check(CLI::Range(0U, kMaxOverlapDays))
      ->capture_default_str();
  proposes->callback([options, &common] { propose(*options, common); });

  auto all = std::make_shared<bool>(false);
  auto* lists =
      add_command(*noun, common, "list", "List the motions that wait for votes, or for what they allow",
                  "ehr-agent approval list");
  lists->add_flag("--all", *all, "Past ones too");
  lists->callback([all, &common] { list(*all, common); });

  auto number = std::make_shared<std::uint64_t>(0);
  auto output = std::make_shared<std::optional<fs::path>>();
  auto* shows = add_command(*noun, common, "show", "Show a motion and who has voted how",
                            "ehr-agent approval show 7 -o motion.json");
  shows->add_option("MOTION", *number, "Its number")->required();
  shows->add_option("-o,--output", *output, "Also write it to a file, for approvers elsewhere")
      ->type_name("FILE");
  shows->callback([number, output, &common] { show(*number, *output, common); });
  add_vote(*noun, common);
}

}  // namespace edge::cli
