// The running service: messages by topic, what it publishes, its timers, its end.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/adapters/inbox.h"
#include "agent/daemon/log.h"
#include "agent/daemon/service_parts.h"
#include "ledger-client/core/topics.h"

namespace edge {

namespace topics = ledger::topics;

namespace {

constexpr std::chrono::milliseconds kTick{250};
constexpr std::chrono::milliseconds kMaintenance{60'000};

std::int64_t steady_milliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Timer::Clock::now().time_since_epoch())
      .count();
}

}  // namespace

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

void Service::publish_retained(std::string topic, const std::string& payload,
                               const std::string& content_type) {
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
  later_judge_->remind();
  timer_.at(Timer::Clock::now(), [this] {
    responder_->tick(true);
    requester_->tick(true);
    peer_calls_->tick(true);
  });
}

void Service::start() {
  last_progress_ = steady_milliseconds();
  for (const auto& file : {config_.agent.state_dir / "agent.db", config_.ledger.guard})
    state_watch_.watch(file);
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
    later_judge_->tick();
    for (const auto& file : state_watch_.newly_gone())
      log::error("a file in use is gone from its place, what is written to it is lost",
                 {{"file", file.string()},
                  {"hint",
                   "stop the agent, put the folder back or mount its disk, and start it again; "
                   "`ehr-agent ledger recover` fetches back what others hold of the ledger"}});
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
    (void)consent_sync_->sync();
  } catch (const CallError& error) {
    log::error("consents of the HIS are not taken over", {{"cause", error.error}});
  } catch (const std::exception& fault) {
    log::error("consents of the HIS are not taken over", {{"cause", fault.what()}});
  }
}

void Service::maintain() {
  if (consents_taken_over_) sync_consents();
  later_judge_->recheck();
  try {
    const ledger::TimePoint now = context_.now();
    federation_->store_pending();
    keys_.follow(context_.federation());  // a key's time may have come or ended
    if (consents_taken_over_) keys_.record();
    (void)disclosures_->append_refusal_counts();
    // How much longer than its answer took a request may live.
    const auto margin = config_.request.clock_tolerance + config_.request.max_lifetime;
    const ledger::TimePoint watermark = disclosures_->prune(margin);
    responder_->set_watermark(watermark);
    const auto ended = std::min(now - config_.retention.spool, watermark - margin);
    for (const auto& file : disclosures_->forget_before(ended)) spool_->remove(file);
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
