// The daemon's parts, built in the order they depend on each other and ended in reverse: wiring
// in service_parts.cpp, what the configuration means for them in service_options.cpp, running in
// service_run.cpp. Not thread-safe: the main thread builds and stops; the parts themselves are thread-safe.
#pragma once

#include <atomic>
#include <nlohmann/json_fwd.hpp>
#include <thread>

#include "agent/adapters/audit_trail.h"
#include "agent/adapters/doubt_store.h"
#include "agent/adapters/his/sqlite_store.h"
#include "agent/adapters/ledger_answers.h"
#include "agent/daemon/beside.h"
#include "agent/daemon/control/consent_commands.h"
#include "agent/daemon/control/control_commands.h"
#include "agent/daemon/federation_book.h"
#include "agent/daemon/key_book.h"
#include "agent/daemon/later_judge.h"
#include "agent/daemon/ledger_network.h"
#include "agent/daemon/ledger_publisher.h"
#include "agent/daemon/peer_calls.h"
#include "agent/daemon/requester.h"
#include "agent/daemon/responder.h"
#include "agent/daemon/state_watch.h"
#include "agent/daemon/status.h"

namespace edge {

class Service {
 public:
  // Loads keys and federation, opens ledger and HIS. Throws std::exception with what is wrong; nothing is
  // connected yet.
  explicit Service(const Config& config);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  void start();  // connects, resumes what was open, serves
  // Serving: connected, and the own log compared with what others remember of it.
  bool ready() const { return connection_->ready() && was_ready_ && network_->compared(); }
  // True if the workers ran a task within the last `patience`: what the watchdog is fed on.
  bool progressing(std::chrono::milliseconds patience);
  // Takes nothing new, finishes what runs, says so and disconnects. Every thread of the parts has ended when
  // it returns, so that they may be destroyed in any order. Again: nothing.
  void drain();

  // Takes over what can change while running (groups, what consents may do, the selection rules, the name),
  // all or nothing; says what of the rest waits for the next start. A Problem keeps the old configuration.
  void reload(const ledger::Result<Config>& loaded);

  std::string status_line() const;

 private:
  // The constructor's steps, in its order.
  void open_ledger(const std::filesystem::path& database);
  void open_stores(const std::filesystem::path& database);
  void count_this_start();
  void make_parts();
  void make_commands();
  void check_own_keys() const;

  void offer_shown(mqtt_transport::Message&& message, const ledger::Address& from);
  void publish_alert(ledger::AlertCode code, const std::optional<std::string>& origin = {});
  void open_federation();
  bool is_witness() const;
  std::string own_standing() const;  // active, suspended, revoked or not listed
  void tell_own_standing() const;
  nlohmann::json federation_view() const;  // for status
  void fetch_federation(const ledger::Address& shown_by);
  // `why` the one asked before could not show any.
  void ask_for_versions(std::vector<ledger::Address> peers, const std::string& why);
  void take_versions(const std::vector<ledger::Address>& peers, const Outcome<std::string>& answer);
  void route(mqtt_transport::Message&& message);
  void on_ready();
  void publish_status(const std::string& state);
  void publish_descriptor();
  void begin_certificates();
  void reload_certificates();
  void warn_of_certificates() const;
  void publish_retained(std::string topic, const std::string& payload, const std::string& content_type);
  void maintain();
  void sync_consents();
  std::string control_status();
  void use_approvals(const Config& config);
  nlohmann::json certificates_view() const;
  mqtt_transport::ConnectionOptions connection_options() const;
  ledger::JournalOptions journal_options();
  LedgerNetwork::Options network_options();
  Exchange make_exchange(const Config& config);

  const Config& config_;
  KeyBook keys_;
  CurrentFederation current_federation_;
  Counters counters_;
  WorkQueue queue_;
  Timer timer_;
  Context context_;
  Beside beside_;
  LedgerPublisher publisher_;
  std::unique_ptr<ledger::Journal> journal_;
  std::unique_ptr<FederationBook> federation_;
  std::unique_ptr<his::SqliteStore> records_;
  std::unique_ptr<FileSpool> spool_;
  std::unique_ptr<PatientVault> vault_;
  std::unique_ptr<ConsentStore> consents_;
  std::unique_ptr<BreakGlassStore> glass_;
  std::unique_ptr<ApprovalStore> approvals_;
  std::unique_ptr<DisclosureStore> disclosures_;
  std::unique_ptr<AuditTrail> trail_;
  std::unique_ptr<RequestStore> requests_;
  std::unique_ptr<DoubtStore> doubts_;
  std::unique_ptr<StoredLedgerAnswers> ledger_answers_;
  std::unique_ptr<mqtt_transport::Connection> connection_;
  std::unique_ptr<Responder> responder_;
  std::unique_ptr<Requester> requester_;
  std::unique_ptr<PeerCalls> peer_calls_;
  std::unique_ptr<LaterJudge> later_judge_;
  StateWatch state_watch_;
  std::unique_ptr<LedgerNetwork> network_;
  std::unique_ptr<ConsentSync> consent_sync_;
  std::unique_ptr<ConsentCommands> consent_commands_;
  std::unique_ptr<ControlCommands> commands_;
  std::unique_ptr<ControlServer> control_;
  std::vector<std::jthread> workers_;

  std::string tls_in_use_;  // hash of the files' content
  std::uint64_t boot_ = 0;
  std::string since_;
  std::atomic<bool> glass_configured_{false};
  std::atomic<bool> fetching_federation_{false};
  std::atomic<bool> was_ready_{false}, draining_{false}, consents_taken_over_{false};
  std::atomic<std::int64_t> last_progress_{0};
};

}  // namespace edge
