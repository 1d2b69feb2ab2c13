#include "agent/daemon/service_parts.h"

#include <sodium.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "agent/adapters/log_retirement.h"
#include "agent/core/federation_query.h"
#include "agent/daemon/ledger_view.h"
#include "agent/daemon/log.h"
#include "ledger-client/core/topics.h"

namespace edge {

namespace topics = ledger::topics;

namespace {

constexpr std::chrono::milliseconds kTick{250};
constexpr std::chrono::milliseconds kMaintenance{60'000};

ledger::TimePoint system_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::int64_t steady_milliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Timer::Clock::now().time_since_epoch())
      .count();
}

std::filesystem::path or_default(const std::filesystem::path& given, const std::filesystem::path& otherwise) {
  return given.empty() ? otherwise : given;
}

// One the configuration names elsewhere, or the file of keys.dir, which may come as a credential.
std::filesystem::path tls_file(const Config& config, const std::filesystem::path& given, const char* name) {
  return given.empty() || given == config.keys.dir / name ? key_path(config.keys.dir, name) : given;
}

// Keys whose change needs no new start.
bool taken_over_at_once(const std::string& key) {
  return key.starts_with("approval.") || key == "agent.name" || key == "consent.mark_withheld" ||
         key == "break_glass.allow";
}

WorkQueue make_queue(const Config& config) {
  const std::size_t workers = std::max(config.agent.workers, 2U);
  // One worker always stays for what comes in: acknowledgements and chunks never wait behind assemblies.
  const std::size_t assemblies = std::min<std::size_t>(config.limits.assemblies, workers - 1);
  return WorkQueue(
      {config.limits.intake_queue, 2 * config.transfer.window + config.limits.request_bytes * 4, workers},
      {config.limits.work_queue_per_peer, config.limits.work_queue_per_peer, assemblies});
}

}  // namespace

Service::Service(const Config& config)
    : config_(config),
      keys_(config, system_now),
      queue_(make_queue(config)),
      context_{&config_,
               &current_federation_,
               {*config.agent.address, nullptr, {}},
               {},
               nullptr,
               &queue_,
               &timer_,
               &counters_,
               system_now,
               [](std::span<std::uint8_t> out) { randombytes_buf(out.data(), out.size()); }},
      publisher_(*config.agent.address, keys_.log().key.name) {
  context_.signing_now = [this] { return keys_.identity(); };
  context_.identities_now = [this] { return keys_.identities(); };
  context_.look_for_keys = [this] { return keys_.look_again(); };
  std::filesystem::create_directories(config_.agent.state_dir);
  const auto database = config_.agent.state_dir / "agent.db";
  migrate_agent_tables(database);
  auto history = load_federation(database, config_.federation.file);
  current_federation_.set(history.newest().shared());
  journal_ = std::make_unique<ledger::Journal>(journal_options());
  federation_ = std::make_unique<FederationBook>(std::move(history), *journal_, current_federation_);
  keys_.use(*journal_, database);
  context_.signing_then = [this](std::uint64_t known_fed) {
    const auto known = federation_->version(known_fed);
    return known ? keys_.identity_for(*known) : keys_.identity();
  };
  if (const auto why = journal_->frozen(); !why.empty())
    log::error("the ledger signs nothing", {{"reason", why}});
  records_ =
      std::make_unique<his::SqliteStore>(or_default(config_.his.database, config_.agent.state_dir / "his.db"),
                                         merged_rules(fhir::default_rules(), config_));
  spool_ = std::make_unique<FileSpool>(config_.agent.state_dir / "spool", config_.limits.min_free_bytes,
                                       context_.fill_random, config_.limits.spool_bytes);
  vault_ = std::make_unique<PatientVault>(*journal_, database, keys_.identities());
  consents_ = std::make_unique<ConsentStore>(
      *journal_, *vault_, ConsentStore::Options{database, context_.now, context_.fill_random});
  glass_ = std::make_unique<BreakGlassStore>(
      *journal_, *vault_, BreakGlassStore::Options{database, context_.now, context_.fill_random});
  approvals_ = std::make_unique<ApprovalStore>(
      *journal_, ApprovalStore::Options{database, keys_.log().key.name, context_.now, context_.fill_random});
  use_approvals(config_);
  disclosures_ = std::make_unique<DisclosureStore>(
      *journal_, DisclosureStore::Options{database, config_.transfer.deadline, context_.now,
                                          context_.fill_random, consents_.get(), vault_.get(),
                                          [this](const std::string& kid) { return keys_.may_anchor(kid); }});
  trail_ = std::make_unique<AuditTrail>(
      *journal_, *vault_, AuditTrail::Options{database, context_.self.address.text(), keys_.log().key.name});
  requests_ = std::make_unique<RequestStore>(*journal_, *vault_, database, context_.now);
  ledger_answers_ =
      std::make_unique<StoredLedgerAnswers>(logs_in(config_.agent.state_dir, keys_.log().key.name));

  const std::string last_boot = disclosures_->meta("boot");
  boot_ = (last_boot.empty() ? 0 : std::stoull(last_boot)) + 1;
  disclosures_->set_meta("boot", std::to_string(boot_));
  since_ = ledger::format_time(context_.now());

  connection_ = std::make_unique<mqtt_transport::Connection>(
      connection_options(),
      mqtt_transport::ConnectionHandlers{
          [this](mqtt_transport::Message&& message) { route(std::move(message)); }, [this] { on_ready(); },
          [](const std::string& cause) {
            log::warning("no broker", {{"cause", cause}});
          }});
  context_.connection = connection_.get();
  responder_ = std::make_unique<Responder>(context_, *disclosures_, *spool_, make_exchange(config_));
  requester_ = std::make_unique<Requester>(context_, *requests_);
  peer_calls_ = std::make_unique<PeerCalls>(context_);
  network_ = std::make_unique<LedgerNetwork>(context_, *journal_, *peer_calls_, network_options());
  publisher_.use(*connection_, [this](const std::string& note) { network_->on_published(note); });
  if (is_witness())
    ledger_answers_->set_cosign([this](const CosignQuery& query) { return network_->cosign(query); });
  context_.fetch_federation = [this](const ledger::Address& peer) { fetch_federation(peer); };
  context_.own_witnessed = [this] { return network_->own_witnessed(); };
  context_.why_void = [this](const std::string& origin, std::uint64_t index) {
    return network_->why_void(origin, index);
  };
  context_.key_end = [this](const std::string& origin, const std::string& key_id) {
    return network_->key_end(origin, key_id);
  };
  context_.revoked_keys = [this] { return network_->revoked_keys(); };
  context_.consistency = [this](const std::string& origin, std::uint64_t smaller, std::uint64_t larger) {
    return network_->consistency(origin, smaller, larger);
  };
  // A frozen ledger refuses by itself.
  context_.may_issue = [this] {
    return network_->compared() && (consents_taken_over_ || !journal_->frozen().empty());
  };
  consent_commands_ =
      std::make_unique<ConsentCommands>(context_, *consents_, *glass_, *records_, *approvals_);
  disclosure_commands_ = std::make_unique<DisclosureCommands>(context_, *trail_, *records_);
  commands_ = std::make_unique<ControlCommands>(
      *requester_, *peer_calls_, *network_, *responder_, *disclosures_, *requests_, *consent_commands_,
      *disclosure_commands_, *federation_, *approvals_, keys_, [this] { return control_status(); },
      [this] { return connection_->ready(); });
  open_federation();
  keys_.follow(context_.federation());
  check_own_keys();
}

// The keys here must be the ones the others know; a stranger's key would only show as silence.
void Service::check_own_keys() const {
  const auto federation = context_.federation();
  const ledger::Member* own = federation->find(context_.self.address);
  if (own == nullptr)
    throw std::runtime_error("the federation document does not list this agent, " +
                             context_.self.address.text());
  if (const auto why = keys_.unusable(); !why.empty()) throw std::runtime_error(why);
}

Service::~Service() {
  drain();
}

ledger::JournalOptions Service::journal_options() {
  const Signer* signer = keys_.log().signer.get();
  const ledger::NoteKey key = keys_.log().key;
  std::filesystem::create_directories(config_.ledger.guard.parent_path());
  return {config_.agent.state_dir / "agent.db",
          config_.ledger.guard,
          key.name,
          [signer, key](const std::string& text) { return sign_note(*signer, key, text); },
          context_.now,
          [this](const ledger::SignedBatch& batch) { publisher_.on_signed(batch); },
          config_.limits.min_free_bytes,
          512,
          true};
}

LedgerNetwork::Options Service::network_options() {
  LedgerNetwork::Options options;
  options.state_dir = config_.agent.state_dir;
  options.startup_wait = config_.ledger.startup_wait;
  options.interval = config_.ledger.interval;
  options.log_key = keys_.log().key;
  options.witness_name = context_.self.address.witness_name();
  options.witness = [this] { return is_witness() ? keys_.witness() : nullptr; };
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
  return {std::move(settings),
          {records_.get(), spool_.get(), disclosures_.get(), consents_.get(), context_.now,
           context_.fill_random, ledger_answers_.get(),
           [this](std::uint64_t from, std::uint64_t count) {
             return federation_->range(from, count, kMaxFederationRangeBytes);
           },
           member_status, [this] { return approvals_->break_glass_stands(); },
           [this] { return keys_.bundle_signer(); }}};
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

void Service::route(mqtt_transport::Message&& message) {
  const auto topic = topics::parse(message.topic);
  if (!topic) return;
  switch (topic->kind) {
    case topics::Kind::kCheckpoint:
    case topics::Kind::kEntries:
    case topics::Kind::kCosignature:
    case topics::Kind::kAlerts:
      return network_->on_message(std::move(message), *topic);
    case topics::Kind::kFederation:
      return offer_shown(std::move(message), topic->agent);
    case topics::Kind::kRequest:
      return responder_->on_request(std::move(message), *topic);
    case topics::Kind::kAck:
      return responder_->on_ack(std::move(message), *topic);
    case topics::Kind::kManifest:
    case topics::Kind::kChunk:
    case topics::Kind::kError:
      if (peer_calls_->has(topic->id)) return peer_calls_->on_response(std::move(message), *topic);
      return requester_->on_response(std::move(message), *topic);
    default:
      return;
  }
}

void Service::publish_retained(std::string topic, std::string payload, const std::string& content_type) {
  mqtt_transport::Message message;
  message.topic = std::move(topic);
  message.payload = ledger::to_bytes(ledger::as_bytes(payload));
  message.retained = true;
  message.properties.content_type = content_type;
  message.properties.payload_is_text = true;
  (void)connection_->publish(std::move(message));
}

void Service::publish_status(const std::string& state) {
  publish_retained(topics::status(context_.self.address),
                   status_json({state, boot_, since_, journal_->checkpoint(), queue_.depth(Stage::kInbound),
                                queue_.depth(Stage::kWork), requester_->pending()}),
                   "application/json");
}

void Service::publish_descriptor() {
  try {
    publish_retained(topics::descriptor(context_.self.address), descriptor_jws(context_, config_.agent.name),
                     "application/jose");
  } catch (const std::exception& fault) {  // the key can't sign; that is said wherever it matters
    log::error("the descriptor is not published", {{"cause", fault.what()}});
  }
}

// Retained topics are published again on every connect, so the broker needs no memory of its own.
void Service::on_ready() {
  was_ready_ = true;
  log::info("connected to the broker");
  publish_status("ready");
  publish_descriptor();
  publish_retained(topics::federation(context_.self.address), federation_->newest_text(),
                   "application/jose+json");
  // What the broker retains of this log is compared before it is overwritten.
  if (network_->compared() && journal_->frozen().empty()) publisher_.republish(journal_->checkpoint_note());
  network_->on_ready();
  // Whoever was not listening is told again, until a person has looked at it.
  for (const std::uint64_t entry : glass_->unreviewed()) responder_->alert_break_glass(entry);
  timer_.at(Timer::Clock::now(), [this] {
    responder_->tick(true);
    requester_->tick(true);
    peer_calls_->tick(true);
  });
}

void Service::start() {
  last_progress_ = steady_milliseconds();
  const unsigned workers = std::max(config_.agent.workers, 2U);
  for (unsigned i = 0; i < workers; ++i) {
    workers_.emplace_back([this](const std::stop_token& stop) { queue_.run(stop); });
  }
  responder_->resume();
  requester_->resume();
  begin_certificates();
  connection_->start();
  timer_.every(kTick, [this] {
    responder_->tick(false);
    requester_->tick(false);
    peer_calls_->tick(false);
  });
  timer_.every(config_.metrics.interval, [this] {
    mqtt_transport::Message message;
    message.topic = topics::metrics(context_.self.address);
    message.payload = ledger::to_bytes(ledger::as_bytes(metrics_json(counters_, connection_->counters())));
    message.qos = 0;
    if (!connection_->ready()) return;
    (void)connection_->publish(std::move(message));
    publish_status(draining_ ? "draining" : "ready");
  });
  timer_.every(config_.ledger.interval, [this] {
    if (network_->compared() && journal_->frozen().empty()) publisher_.republish(journal_->checkpoint_note());
  });
  timer_.every(kMaintenance, [this] { maintain(); });
  timer_.at(Timer::Clock::now(), [this] { maintain(); });
  control_ = std::make_unique<ControlServer>(
      config_.control.socket,
      [this](const Frame& call, ControlChannel& channel, unsigned) { commands_->handle(call, channel); });
}

// A HIS that can't be read says nothing new; what it said before counts.
void Service::sync_consents() {
  try {
    (void)consent_commands_->sync();
  } catch (const CallError& error) {
    log::error("consents of the HIS are not taken over", {{"cause", error.error}});
  } catch (const std::exception& fault) {
    log::error("consents of the HIS are not taken over", {{"cause", fault.what()}});
  }
}

void Service::maintain() {
  if (consents_taken_over_) sync_consents();
  try {
    const ledger::TimePoint now = context_.now();
    federation_->store_pending();
    keys_.follow(context_.federation());  // a key's time may have come or ended
    if (consents_taken_over_) keys_.record();
    (void)disclosures_->append_refusal_counts();
    responder_->set_watermark(
        disclosures_->prune(config_.request.clock_tolerance + config_.request.max_lifetime));
    for (const auto& file : disclosures_->forget_before(now - config_.retention.spool)) spool_->remove(file);
    for (const auto& id : requests_->forget_before(now - config_.retention.inbox))
      remove_inbox(config_.agent.state_dir / "inbox", id);
    (void)trail_->prune(now - config_.retention.audit, false);
  } catch (const std::exception& fault) {
    log::error("maintenance failed", {{"cause", fault.what()}});
  }
}

bool Service::progressing(std::chrono::milliseconds patience) {
  const bool pushed =
      queue_.push(Stage::kInbound, "", "watchdog", 0, [this] { last_progress_ = steady_milliseconds(); });
  (void)pushed;  // a full queue of our own means the last ones did not run
  return steady_milliseconds() - last_progress_ < patience.count();
}

std::string Service::control_status() {
  const auto transport = connection_->counters();
  const std::string glass = why_glass_holds(*approvals_, glass_configured_);
  const nlohmann::json status{{"address", context_.self.address.text()},
                              {"version", EHR_VERSION},
                              {"state", draining_               ? "draining"
                                        : !connection_->ready() ? "no broker"
                                        : ready()               ? "ready"
                                                                : "comparing its ledger"},
                              {"boot", boot_},
                              {"since", since_},
                              {"federation", {{"version", context_.fed()}}},
                              {"broker",
                               {{"url", config_.mqtt.url},
                                {"connected", connection_->ready()},
                                {"reconnects", transport.reconnects}}},
                              {"certificates", certificates_view()},
                              {"ledger", ledger_view(*journal_, network_->view())},
                              {"approvals", ApprovalCommands(*approvals_).summary()},
                              {"break_glass", !glass_configured_ ? "not allowed"
                                              : glass.empty()    ? "allowed"
                                                                 : glass},
                              {"queues",
                               {{"intake", queue_.depth(Stage::kInbound)},
                                {"work", queue_.depth(Stage::kWork)},
                                {"pending", requester_->pending()}}},
                              {"counters", nlohmann::json::parse(metrics_json(counters_, transport))}};
  return status.dump();
}

std::string Service::status_line() const {
  return std::string(connection_->ready() ? "serving" : "waiting for the broker") + ", ledger size " +
         std::to_string(journal_->checkpoint().size);
}

void Service::drain() {
  if (draining_.exchange(true)) return;
  responder_->set_draining();
  if (connection_->ready()) publish_status("draining");
  timer_.stop();
  peer_calls_->stop();  // first, as the command line may wait for one
  network_->stop();
  control_.reset();
  for (auto& worker : workers_) worker.request_stop();
  workers_.clear();  // joins: what runs is finished
  publisher_.stop();
  if (connection_->ready()) publish_status("stopped");
  connection_->stop();
}

}  // namespace edge
