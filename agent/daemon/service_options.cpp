// What the service makes of its configuration, at the start and when it is loaded again.
#include "agent/adapters/log_retirement.h"
#include "agent/core/federation_query.h"
#include "agent/daemon/log.h"
#include "agent/daemon/messages.h"
#include "agent/daemon/service_parts.h"
#include "ledger-client/core/topics.h"

namespace edge {

namespace topics = ledger::topics;

namespace {

// One the configuration names elsewhere, or the file of keys.dir, which may come as a credential.
std::filesystem::path tls_file(const Config& config, const std::filesystem::path& given, const char* name) {
  return given.empty() || given == config.keys.dir / name ? key_path(config.keys.dir, name) : given;
}

// Keys whose change needs no new start.
bool taken_over_at_once(const std::string& key) {
  return key.starts_with("approval.") || key == "agent.name" || key == "consent.mark_withheld" ||
         key == "break_glass.allow";
}

}  // namespace

ledger::JournalOptions Service::journal_options() {
  const Signer* signer = keys_.log().signer.get();
  const ledger::NoteKey key = keys_.log().key;
  make_private(config_.ledger.guard.parent_path());
  ledger::JournalOptions options;
  options.database = config_.agent.state_dir / "agent.db";
  options.guard = config_.ledger.guard;
  options.origin = key.name;
  options.sign = [signer, key](const std::string& text) { return sign_note(*signer, key, text); };
  options.now = context_.now;
  options.on_signed = [this](const ledger::SignedBatch& batch) { publisher_.on_signed(batch); };
  options.min_free_bytes = config_.limits.min_free_bytes;
  options.hold = true;
  options.on_frozen = [](const std::string& why) {
    log::error("the ledger signs nothing", {{"reason", why}});
  };
  return options;
}

mqtt_transport::ConnectionOptions Service::connection_options() const {
  const ledger::Address& self = *config_.agent.address;
  mqtt_transport::ConnectionOptions options;
  options.url = config_.mqtt.url;
  options.version = config_.mqtt.version == "3.1.1" ? mqtt_transport::ProtocolVersion::kMqtt311
                                                    : mqtt_transport::ProtocolVersion::kMqtt5;
  options.client_id = self.topic_form();
  options.ca_file = tls_file(config_, config_.mqtt.ca, "ca.crt");
  options.certificate_file = tls_file(config_, config_.mqtt.cert, "tls.crt");
  options.key_file = tls_file(config_, config_.mqtt.key, "tls.key");
  mqtt_transport::Message will;
  will.topic = topics::status(self);
  will.payload = ledger::to_bytes(ledger::as_bytes(will_json(boot_)));
  will.retained = true;
  options.will = std::move(will);
  options.filters = {topics::all_requests_to(self),         topics::all_responses_to(self),
                     std::string(topics::kEveryFederation), std::string(topics::kEveryCheckpoint),
                     std::string(topics::kEveryEntries),    std::string(topics::kEveryCosignature),
                     std::string(topics::kEveryAlert)};
  return options;
}

LedgerNetwork::Options Service::network_options() {
  LedgerNetwork::Options options;
  options.state_dir = config_.agent.state_dir;
  options.startup_wait = config_.ledger.startup_wait;
  options.interval = config_.ledger.interval;
  options.log_key = keys_.log().key;
  options.witness_name = context_.self.address.witness_name();
  options.witness = [this] { return is_witness() ? keys_.witness() : nullptr; };
  options.on_ended = [this] { later_judge_->facts_changed(); };
  options.on_compared = [this] {
    append_retirement(*journal_, config_.agent.state_dir / "agent.db");
    federation_->store_pending();
    keys_.record();
    sync_consents();  // before the first answer
    consents_taken_over_ = true;
    publisher_.republish(journal_->checkpoint_note());
  };
  return options;
}

Exchange Service::make_exchange(const Config& config) {
  ExchangeSettings settings{context_.self,
                            {},
                            merged_rules(fhir::default_rules(), config),
                            config.agent.name,
                            EHR_VERSION,
                            config_.limits.bundle_bytes,
                            groups_of(config),
                            config.consent.mark_withheld,
                            config.break_glass.allow};
  const auto member_status = [this](const ledger::Address& address) {
    const auto federation = context_.federation();
    const ledger::Member* member = federation->find(address);
    return member ? member->status : ledger::MemberStatus::kRevoked;
  };
  return {
      std::move(settings),
      {records_.get(), spool_.get(), disclosures_.get(), consents_.get(), context_.now, context_.fill_random,
       ledger_answers_.get(),
       [this](std::uint64_t from, std::uint64_t count) {
         return federation_->range(from, count, kMaxFederationRangeBytes);
       },
       member_status, [this] { return approvals_->break_glass_stands(); },
       [this] { return keys_.bundle_signer(); },
       [this](const Manifest& manifest, ledger::ByteView inline_bytes) {
         return beside_.start([this, manifest, bytes = ledger::to_bytes(inline_bytes)] {
           return seal_manifest(context_, context_.signing(), manifest, bytes);
         });
       },
       [ready = context_.agreements](const age::Recipient& recipient) { return ready->take(recipient); }}};
}

void Service::use_approvals(const Config& config) {
  approvals_->use(approval_policy(config), config.approval.lifetime);
  glass_configured_ = config.break_glass.allow;
  if (const auto why = why_glass_holds(*approvals_, glass_configured_); !why.empty()) log::warning(why);
}

void Service::reload(const ledger::Result<Config>& loaded) {
  reload_certificates();
  if (!loaded) {
    log::error("the configuration is kept as it was", {{"reason", loaded.error().reason}});
    return;
  }
  const auto before = config_values(config_), after = config_values(*loaded);
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] != after[i] && !taken_over_at_once(before[i].first)) {
      log::warning("a changed key waits for the next start", {{"key", before[i].first}});
    }
  }
  use_approvals(*loaded);
  responder_->use(make_exchange(*loaded));
  consent_commands_->use(*loaded);
  log::info("groups, sections and what consents may do are those of the file now");
}

}  // namespace edge
