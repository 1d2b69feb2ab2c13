// `keys rotate|revoke`: the new key and its announcement to the federation's admins; the end of a key at
// once.
#include <algorithm>
#include <iostream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "agent/adapters/key_files.h"
#include "agent/cli/daemon_call.h"
#include "agent/cli/failure.h"
#include "agent/cli/federation_files.h"
#include "agent/cli/keys_commands.h"
#include "agent/cli/output.h"
#include "agent/core/key_change.h"
#include "ledger-client/core/base64.h"

namespace edge::cli {
namespace {

using ledger::KeyUse;

const std::map<std::string, KeyUse> kUses{
    {"sign", KeyUse::kSign}, {"log", KeyUse::kLog}, {"witness", KeyUse::kWitness}, {"age", KeyUse::kAge}};

struct RotateOptions {
  std::vector<std::string> uses;
  unsigned overlap = kDefaultOverlapDays;
  fs::path output = "-";
  std::optional<fs::path> current;
};

// What this machine holds, against what the federation lists for it.
class Rotation {
 public:
  Rotation(const Config& config, const ledger::FederationDocument& current)
      : dir_(config.keys.dir),
        address_(*config.agent.address),
        token_(token_key(config.keys.sign_token, config.keys.sign_pin)),
        member_(current.federation().find(address_)),
        sign_(load_sign_keys(dir_, address_, token_)),
        witness_(load_witness_keys(dir_, address_)) {
    if (member_ == nullptr)
      throw Failure(EX_DATAERR, "the federation document does not list this agent, " + address_.text());
    signing_ = in_use(KeyUse::kSign);
    origin_ = member_->newest_origin().value_or("");
  }

  // The key of that use that a new one can take the place of.
  const ledger::MemberKey& to_replace(KeyUse use) const {
    if (use == KeyUse::kLog)
      throw Failure(EX_USAGE, "a log's key can't be changed: who trusts the log trusts it under that key",
                    "`ehr-agent ledger retire` ends the log and begins the next one with a key of its own");
    if (use == KeyUse::kSign && token_)
      throw Failure(
          EX_USAGE, "the signing key is in a token, where this program makes no keys",
          "make sign-N there, propose it with --add-key, and name it in keys.sign_token when it is listed");
    return *in_use(use);
  }

  // The next key of that use: made now, unless one was made before that the federation does not list yet.
  void add(KeyUse use, std::chrono::hours overlap) {
    const auto& old = to_replace(use);
    const auto begins = new_key_begins();
    NewKey next;
    next.key.use = use;
    next.key.from = begins;
    next.replaces = old.id;
    next.until = begins + std::chrono::hours(24) + overlap;
    auto held = public_keys(dir_, address_, use, token_);
    if (member_->find_key(held.front().id) != nullptr) {
      made_.push_back(add_key(dir_, address_, use));
      held = public_keys(dir_, address_, use, token_);
    }
    next.key.id = held.front().id;
    next.key.public_text = held.front().text;
    if (use != KeyUse::kAge) {
      const auto sign = use == KeyUse::kSign ? load_sign_keys(dir_, address_) : std::vector<SignKey>{};
      const auto witness =
          use == KeyUse::kWitness ? load_witness_keys(dir_, address_) : std::vector<LogKey>{};
      const Signer& signer = use == KeyUse::kSign ? *sign.front().signer : *witness.front().signer;
      next.possession = prove_possession(signer, origin_, rotation_of(next, signing_->id));
    }
    change_.keys.push_back(std::move(next));
  }

  std::string announce() {
    for (const SignKey& key : sign_) {
      if (key.id == signing_->id)
        return sign_key_change(change_, {address_, key.signer.get(), make_kid(address_, key.id)});
    }
    throw Failure(EX_NOINPUT, "the signing key " + signing_->id + " is not here");
  }
  const KeyChange& change() const { return change_; }
  const std::vector<std::string>& made() const { return made_; }

 private:
  // The newest listed one that is held.
  const ledger::MemberKey* in_use(KeyUse use) const {
    const auto held = public_keys(dir_, address_, use, token_);
    const ledger::MemberKey* found = nullptr;
    for (const auto* key : member_->keys_of(use)) {
      const auto same = [&](const PublicKeyText& one) {
        return one.id == key->id && one.text == key->public_text;
      };
      if (key->valid_at(system_now()) && std::any_of(held.begin(), held.end(), same)) found = key;
    }
    if (found == nullptr)
      throw Failure(
          EX_DATAERR,
          "the federation document lists no " + std::string(ledger::use_text(use)) + " key that is here",
          "a key that is lost is replaced by the admins: `ehr-agent federation propose --add-key`");
    return found;
  }

  fs::path dir_;
  ledger::Address address_;
  std::optional<TokenKey> token_;
  const ledger::Member* member_;
  std::vector<SignKey> sign_;
  std::vector<LogKey> witness_;
  const ledger::MemberKey* signing_ = nullptr;
  std::string origin_;
  KeyChange change_{address_, {}};
  std::vector<std::string> made_;
};

// Of the running agent, who has the votes: an approval is used up once.
class RotationApproval {
 public:
  RotationApproval(const Config& config, const Rotation& rotation, const RotateOptions& options)
      : config_(config), call_{{"command", "keys.rotate"}, {"overlap_days", options.overlap}} {
    auto& keys = call_["keys"] = nlohmann::json::array();
    std::transform(options.uses.begin(), options.uses.end(), std::back_inserter(keys),
                   [&](const std::string& use) { return rotation.to_replace(kUses.at(use)).id; });
  }
  // Throw Failure where votes lack.
  void demand() const { call(false); }
  void use_up() const { call(true); }

 private:
  void call(bool use) const {
    if (config_.approval.keys == 0) return;
    auto call = call_;
    call["use"] = use;
    (void)Daemon(config_).call(call);
  }

  const Config& config_;
  nlohmann::json call_;
};

void rotate(const RotateOptions& options, const Common& common) {
  const Config config = common.load();
  initialise_cryptography();
  const auto current = read_in_force(options.current, common);
  Rotation rotation(config, current);
  const RotationApproval approval(config, rotation, options);
  approval.demand();
  for (const auto& use : options.uses) rotation.add(kUses.at(use), std::chrono::hours(24) * options.overlap);
  const std::string announcement = rotation.announce();
  approval.use_up();
  write_text(options.output, announcement);
  if (options.output == "-") return;
  if (common.json) {
    nlohmann::json keys = nlohmann::json::array();
    for (const NewKey& key : rotation.change().keys)
      keys.push_back(
          {{"id", key.key.id}, {"replaces", key.replaces}, {"until", ledger::format_time(key.until)}});
    return print_json({{"made", rotation.made()}, {"keys", keys}, {"file", options.output.string()}});
  }
  for (const NewKey& key : rotation.change().keys)
    std::cout << key.key.id << " takes the place of " << key.replaces << ", which verifies messages until "
              << ledger::format_time(key.until) << '\n';
  std::cout << "wrote " << options.output.string() << "; an admin: ehr-agent federation propose --rotate "
            << options.output.string() << '\n';
}

struct RevokeOptions {
  std::string key, reason;
  std::optional<std::uint64_t> suspect_from;
};

void revoke(const RevokeOptions& options, const Common& common) {
  const Config config = common.load();
  if (options.key.starts_with("log-"))
    throw Failure(EX_USAGE, "a log's key ends with its log",
                  "`ehr-agent ledger retire` ends the log and begins the next one with a key of its own");
  nlohmann::json call{{"command", "keys.revoke"}, {"key", options.key}, {"reason", options.reason}};
  if (options.suspect_from) call["suspect_from"] = *options.suspect_from;
  const auto result = Daemon(config).call(call);
  if (common.json) return print_json(result);
  const std::string next = result.value("next", "");
  std::cout << options.key << " is revoked by entry " << result.at("index") << "; "
            << (next.empty() ? "nothing can be signed until the federation lists another key that is here"
                             : next + " signs")
            << '\n';
}

}  // namespace

std::vector<std::string> revocation_reasons() {
  return {ledger::kRevocationReasons.begin(), ledger::kRevocationReasons.end()};
}

void add_keys_rotate(CLI::App& noun, Common& common) {
  auto options = std::make_shared<RotateOptions>();
  auto* command =
      add_command(noun, common, "rotate",
                  "Make the next key and announce it to the federation's admins; the agent uses it "
                  "as soon as the federation lists it",
                  "ehr-agent keys rotate sign age -o rotation.jws");
  std::vector<std::string> names;
  names.reserve(kUses.size());
  for (const auto& [name, use] : kUses) names.push_back(name);
  command
      ->add_option("USE", options->uses,
                   "sign, witness or age (a log's key ends with its log: ledger retire)")
      ->required()
      ->check(CLI::IsMember(names));
  command->add_option("--overlap", options->overlap, "Days for which the old key still verifies messages")
      ->type_name("DAYS")
      ->check(CLI::Range(0U, kMaxOverlapDays))
      ->capture_default_str();
  command->add_option("--current", options->current, kCurrentHelp)->type_name("FILE");
  command->add_option("-o,--output", options->output, "The announcement; - is standard output")
      ->type_name("FILE")
      ->capture_default_str();
  command->callback([options, &common] { rotate(*options, common); });

  auto revoked = std::make_shared<RevokeOptions>();
  auto* revokes =
      add_command(noun, common, "revoke", "End a key at once, by an entry of the running agent's log",
                  "ehr-agent keys revoke sign-1 --reason compromised");
  revokes->add_option("KEY", revoked->key, "Its id, sign-1 for example")->required();
  revokes->add_option("--reason", revoked->reason, "compromised, lost, replaced or retired")
      ->required()
      ->check(CLI::IsMember(revocation_reasons()));
  revokes
      ->add_option("--suspect-from", revoked->suspect_from,
                   "What the key signed from this entry of the own log on is shown as suspect")
      ->type_name("INDEX");
  revokes->callback([revoked, &common] { revoke(*revoked, common); });
}

}  // namespace edge::cli
