#include "ledger-client/cli/trust.h"

#include <cstdlib>
#include <filesystem>

#include "ledger-client/cli/files.h"
#include "ledger-client/core/federation_document.h"
#include "ledger-client/core/origin.h"

namespace ledger::cli {
namespace {

constexpr const char* kDefaultFederation = "/etc/ehr-agent/federation.json";

std::string default_federation() {
  const char* from_environment = std::getenv("EHR_LEDGER_FEDERATION");
  return from_environment != nullptr && *from_environment != '\0' ? from_environment : kDefaultFederation;
}

}  // namespace

Trust Trust::load(const TrustOptions& options) {
  Trust trust;
  for (const auto& vkey : options.vkeys) trust.add_vkey(vkey);
  if (!options.policy.empty()) trust.add_policy(options.policy);
  const bool nothing_given = options.vkeys.empty() && options.policy.empty();
  if (!options.federation.empty()) {
    trust.add_federation(options.federation, options.federation_sha256);
  } else if (nothing_given) {
    trust.add_federation(default_federation(), options.federation_sha256);
  }
  return trust;
}

std::optional<Trust> Trust::load_if_any(const TrustOptions& options) {
  const bool nothing_given = options.vkeys.empty() && options.policy.empty() && options.federation.empty();
  if (nothing_given && !std::filesystem::exists(default_federation())) return std::nullopt;
  return load(options);
}

void Trust::add_federation(const std::string& file, const std::string& sha256_hex) {
  const auto text = read_input(
      file, "give --federation FILE, --policy FILE or --vkey VKEY: whom to trust can't be guessed");
  std::optional<Hash> expected;
  if (!sha256_hex.empty()) {
    expected = hash_from_hex(sha256_hex);
    if (!expected) throw UserError(kUsage, "--sha256 takes 64 lower-case hexadecimal digits");
  }
  const auto document = open_first(text, expected);
  if (!document) {
    throw UserError(kMalformed, file + ": " + document.error().reason,
                    "the hash is over the document's payload; compare it with what the federation's members "
                    "published");
  }
  const Federation& federation = document->federation();
  for (const auto& member : federation.members) {
    for (const auto& dated : member.log_keys()) logs_[dated.key.name].push_back(dated.key);
    for (const auto& key : member.keys) member_keys_.insert_or_assign({member.address, key.id}, key);
  }
  for (const auto& dated : federation.all_witness_keys()) witnesses_.push_back(dated.key);
  federation_quorum_ = federation.witness_quorum;
}

void Trust::add_policy(const std::string& file) {
  auto policy = parse_policy(read_input(file));
  if (!policy) throw UserError(kMalformed, file + ": " + policy.error().reason);
  for (const auto& key : policy->logs) logs_[key.name].push_back(key);
  for (const auto& [name, key] : policy->witnesses) witnesses_.push_back(key);
  policy_ = std::move(*policy);
}

void Trust::add_vkey(const std::string& vkey) {
  const auto key = NoteKey::from_vkey(vkey);
  if (!key)
    throw UserError(kUsage, "--vkey: " + key.error().reason,
                    "a verifier key looks like ehr/10-20-0-5+1a2b3c4d+AaBb…");
  if (key->type == NoteKeyType::kEd25519) logs_[key->name].push_back(*key);
  if (key->type == NoteKeyType::kCosignatureV1) witnesses_.push_back(*key);
}

const MemberKey* Trust::member_key(const std::string& origin, const std::string& key_id) const {
  const auto log = parse_origin(origin);
  const auto found = log ? member_keys_.find({log->address, key_id}) : member_keys_.end();
  return found == member_keys_.end() ? nullptr : &found->second;
}

const std::vector<NoteKey>& Trust::keys_of(const std::string& origin) const {
  const auto found = logs_.find(origin);
  if (found != logs_.end()) return found->second;
  throw UserError(
      kNotFound, "no key of the log " + origin + " is known",
      "the federation document or policy does not name it; give --vkey VKEY if you trust it all the same");
}

std::vector<std::string> Trust::origins() const {
  std::vector<std::string> names;
  for (const auto& [origin, keys] : logs_) names.push_back(origin);
  return names;
}

Quorum Trust::quorum(std::span<const NoteSigner> cosigners) const {
  if (policy_) return {std::nullopt, true, policy_->quorum_met(cosigners)};
  if (!federation_quorum_) return {};
  return {federation_quorum_, false, cosigners.size() >= *federation_quorum_};
}

bool Trust::quorum_met(std::span<const NoteSigner> cosigners) const {
  return !policy_ || policy_->quorum_met(cosigners);
}

bool Trust::is_witnessed(std::span<const NoteSigner> cosigners) const {
  if (cosigners.empty()) return false;
  if (policy_) return policy_->quorum_met(cosigners);
  const std::size_t of_federation = federation_quorum_.value_or(0);
  const std::size_t needed = of_federation > 0 ? of_federation : witnesses_.size();
  return needed > 0 && cosigners.size() >= needed;
}

}  // namespace ledger::cli
