#include "agent/daemon/service_parts.h"

#include <sodium.h>

#include <stdexcept>

#include "agent/daemon/log.h"

namespace edge {

namespace {

ledger::TimePoint system_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::filesystem::path or_default(const std::filesystem::path& given, const std::filesystem::path& otherwise) {
  return given.empty() ? otherwise : given;
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
  make_private(config_.agent.state_dir);
  const auto database = config_.agent.state_dir / "agent.db";
  migrate_agent_tables(database);
  open_ledger(database);
  open_stores(database);
  count_this_start();
  make_parts();
  make_commands();
  open_federation();
  keys_.follow(context_.federation());
  check_own_keys();
}

// Federation, own log and the keys that follow both.
void Service::open_ledger(const std::filesystem::path& database) {
  context_.signing_now = [this] { return keys_.identity(); };
  context_.identities_now = [this] { return keys_.identities(); };
  context_.look_for_keys = [this] { return keys_.look_again(); };
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
}

// What is kept here: the HIS, the spool, and all that shares the ledger's database.
void Service::open_stores(const std::filesystem::path& database) {
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
  doubts_ = std::make_unique<DoubtStore>(*journal_, database, context_.now);
  ledger_answers_ =
      std::make_unique<StoredLedgerAnswers>(logs_in(config_.agent.state_dir, keys_.log().key.name));
}

void Service::count_this_start() {
  const std::string last_boot = disclosures_->meta("boot");
  boot_ = (last_boot.empty() ? 0 : std::stoull(last_boot)) + 1;
  disclosures_->set_meta("boot", std::to_string(boot_));
  since_ = ledger::format_time(context_.now());
}

// The two sides of a request, the ledger's network, and what each asks of the other through the context.
void Service::make_parts() {
  connection_ = std::make_unique<mqtt_transport::Connection>(
      connection_options(),
      mqtt_transport::ConnectionHandlers{
          [this](mqtt_transport::Message&& message) { route(std::move(message)); }, [this] { on_ready(); },
          [](const mqtt_transport::Loss& loss) {
            loss.hint.empty() ? log::warning("no broker", {{"cause", loss.cause}})
                              : log::warning("no broker", {{"cause", loss.cause}, {"hint", loss.hint}});
          }});
  context_.connection = connection_.get();
  responder_ = std::make_unique<Responder>(context_, *disclosures_, *spool_, make_exchange(config_));
  requester_ = std::make_unique<Requester>(context_, *requests_);
  peer_calls_ = std::make_unique<PeerCalls>(context_);
  later_judge_ = std::make_unique<LaterJudge>(
      context_, *doubts_, [this] { return network_->ended_places(); },
      [this](const std::string& origin) { publish_alert(ledger::AlertCode::kBundlesInDoubt, origin); });
  context_.judged_facts = [this] { return later_judge_->facts(); };
  context_.judge_again = [this] { later_judge_->facts_changed(); };
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
  context_.log_end = [this](const std::string& origin) { return network_->log_end(origin); };
  context_.revoked_keys = [this] { return network_->revoked_keys(); };
  context_.consistency = [this](const std::string& origin, std::uint64_t smaller, std::uint64_t larger) {
    return network_->consistency(origin, smaller, larger);
  };
  // A frozen ledger refuses by itself.
  context_.may_issue = [this] {
    return network_->compared() && (consents_taken_over_ || !journal_->frozen().empty());
  };
}

// The keys here must be the ones the others know; a stranger's key would only show as silence.
void Service::check_own_keys() const {
  const auto federation = context_.federation();
  const ledger::Member* own = federation->find(context_.self.address);
  if (own == nullptr)
    throw ConfigFault("the federation document does not list this agent, " + context_.self.address.text(),
                      "its administrators add a member with `federation propose --join`; `keys show` prints "
                      "the member object");
  if (const auto why = keys_.unusable(); !why.empty())
    throw ConfigFault(
        why,
        "is this machine's clock right? Then compare `ehr-agent keys show` with `ehr-agent federation show`; "
        "if a later version lists the key, make its document federation.file");
}

Service::~Service() {
  drain();
}

}  // namespace edge
