// `keys split`, `check-share` and `recover`: an age identity in the hands of several trustees
// (crypto.md 5.1).
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/adapters/key_files.h"
#include "agent/adapters/key_formats.h"
#include "agent/adapters/secret_file.h"
#include "agent/cli/failure.h"
#include "agent/cli/keys_commands.h"
#include "agent/cli/output.h"
#include "agent/core/age/passphrase.h"
#include "agent/core/key_share.h"

namespace edge::cli {
namespace {

constexpr std::uint64_t kMaxSealedShare = 2 * kMaxShareBytes;

struct SplitOptions {
  unsigned shares = 5, threshold = 3;
  std::vector<std::string> trustees;
  fs::path dir = ".";
  std::optional<fs::path> secret;
};
struct CheckOptions {
  fs::path file;
  std::vector<fs::path> identities;
  std::optional<std::string> reseal;
  std::optional<fs::path> output;
};
struct RecoverOptions {
  std::vector<fs::path> files, identities;
  fs::path output;
};

// The secret of a file that may be escrowed: signing keys are replaced, never escrowed.
Secret secret_to_split(const fs::path& file) {
  Secret secret = read_secret_file(file);
  if (seed_from_pem(secret) || seed_from_skey(secret))
    throw Failure(EX_USAGE, file.string() + " is a signing key",
                  "a lost signing key is replaced (`ehr-agent keys rotate`), never recovered");
  return secret;
}

Secret open_share(const fs::path& file, const std::vector<age::Identity>& identities) {
  const std::string sealed = read_whole(file, kMaxSealedShare);
  auto opened = age::open_secret(borrowed(identities), ledger::as_bytes(sealed));
  if (!opened) refuse_sealed(file, opened.error().reason);
  return std::move(opened).value();
}

KeyShare read_share(const fs::path& file, const Secret& text) {
  auto share = parse_share(text);
  if (!share)
    throw Failure(EX_DATAERR, file.string() + ": " + share.error().reason, "ask the owner for another split");
  return std::move(share).value();
}

void split(const SplitOptions& options, const Common& common) {
  const Config config = common.load();
  initialise_cryptography();
  const auto trustees = recipients_of(options.trustees);
  if (options.threshold < 2 || options.threshold > options.shares || options.shares > shamir::kMaxShares)
    throw Failure(EX_USAGE, "--threshold must be at least 2 and at most --shares, --shares at most 64");
  if (trustees.size() != options.shares)
    throw Failure(EX_USAGE, std::to_string(options.shares) + " shares need as many trustees, not " +
                                std::to_string(trustees.size()));
  const Secret secret =
      options.secret ? secret_to_split(*options.secret) : age_identity_file(config.keys.dir);
  const auto shares = split_secret(secret, config.agent.address->text(), options.shares, options.threshold);
  nlohmann::json files = nlohmann::json::array();
  if (fs::create_directories(options.dir)) fs::permissions(options.dir, fs::perms::owner_all);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const fs::path file =
        options.dir / ("share-" + std::to_string(i + 1) + "-of-" + std::to_string(shares.size()) + ".age");
    write_new_file(file, age::seal_to_all({&trustees[i], 1}, share_text(shares[i]).reveal()));
    files.push_back({{"file", file.string()}, {"trustee", trustees[i].to_text()}});
  }
  if (common.json)
    return print_json({{"set", shares[0].set}, {"threshold", options.threshold}, {"shares", files}});
  for (const auto& one : files)
    std::cout << one["file"].get<std::string>() << " for " << one["trustee"].get<std::string>() << '\n';
  std::cout << "any " << options.threshold
            << " of them recover the secret; each trustee runs `ehr-agent keys check-share`\n";
}

void check_share(const CheckOptions& options, const Common& common) {
  initialise_cryptography();
  if (options.reseal.has_value() != options.output.has_value())
    throw Failure(EX_USAGE, "--reseal and --output go together");
  const Secret text = open_share(options.file, identities_of(options.identities, common));
  const KeyShare share = read_share(options.file, text);
  if (options.reseal) {
    const auto to = recipients_of({*options.reseal});
    write_new_file(*options.output, age::seal_to_all(to, text.reveal()));
  }
  const std::size_t threshold = share.commitments.size();
  if (common.json)
    return print_json({{"ok", true},
                       {"owner", share.owner},
                       {"set", share.set},
                       {"share", share.share.index},
                       {"shares", share.count},
                       {"threshold", threshold}});
  std::cout << "good: share " << share.share.index << " of " << share.count << " for " << share.owner
            << ", any " << threshold << " recover the secret (split " << share.set << ")\n";
  if (options.output) std::cout << "wrote " << options.output->string() << '\n';
}

void recover(const RecoverOptions& options, const Common& common) {
  initialise_cryptography();
  const auto identities = identities_of(options.identities, common);
  std::vector<KeyShare> shares;
  for (const auto& file : options.files) shares.push_back(read_share(file, open_share(file, identities)));
  const auto secret = recover_secret(std::move(shares));
  if (!secret)
    throw Failure(EX_DATAERR, secret.error().reason, "each share must be a different one of one split");
  write_new_secret(options.output, *secret);
  if (common.json) return print_json({{"file", options.output.string()}});
  std::cout << "wrote " << options.output.string()
            << "\nnow make new keys: what was recovered has been in many hands\n";
}

}  // namespace

void add_keys_share(CLI::App& noun, Common& common) {
  auto* splits = add_command(noun, common, "split", "Split the age identities among trustees",
                             "ehr-agent keys split --shares 3 --threshold 2 --trustee age1… --trustee age1… "
                             "--trustee age1… --output shares");
  auto options = std::make_shared<SplitOptions>();
  splits->add_option("--shares", options->shares, "How many shares")->capture_default_str();
  splits->add_option("--threshold", options->threshold, "How many of them recover it")->capture_default_str();
  splits->add_option("--trustee", options->trustees, "Age recipient of a trustee; once for each share")
      ->required()
      ->type_name("age1…");
  splits->add_option("-o,--output", options->dir, "Folder for the sealed shares")
      ->type_name("DIR")
      ->capture_default_str();
  splits
      ->add_option("--secret", options->secret,
                   "Another age identity to split, as one a backup is encrypted to")
      ->type_name("FILE");
  splits->callback([options, &common] { split(*options, common); });

  auto* checks =
      add_command(noun, common, "check-share", "Check a share that came, and seal it for a recovery",
                  "ehr-agent keys check-share share-2-of-5.age");
  auto checked = std::make_shared<CheckOptions>();
  checks->add_option("FILE", checked->file, "The sealed share")->required();
  checks
      ->add_option("--identity", checked->identities,
                   "File with an age identity that opens it (else this agent's)")
      ->type_name("FILE");
  checks->add_option("--reseal", checked->reseal, "Seal it for this recipient, who recovers the secret")
      ->type_name("age1…");
  checks->add_option("-o,--output", checked->output, "File for the share sealed again")->type_name("FILE");
  checks->callback([checked, &common] { check_share(*checked, common); });

  auto* recovers = add_command(noun, common, "recover", "Put shares together",
                               "ehr-agent keys recover share-1.age share-4.age share-5.age -o age-1.txt");
  auto recovered = std::make_shared<RecoverOptions>();
  recovers->add_option("SHARE", recovered->files, "The sealed shares")->required();
  recovers
      ->add_option("--identity", recovered->identities,
                   "File with an age identity that opens them (else this agent's)")
      ->type_name("FILE");
  recovers->add_option("-o,--output", recovered->output, "File for the secret; it must not exist")
      ->required()
      ->type_name("FILE");
  recovers->callback([recovered, &common] { recover(*recovered, common); });
}

}  // namespace edge::cli
