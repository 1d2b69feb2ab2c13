#include "agent/daemon/responder.h"

#include "agent/daemon/log.h"
#include "ledger-client/core/alert.h"

namespace edge {

using ledger::topics::Parsed;
using mqtt_transport::Message;
using SteadyTime = Timer::Clock::time_point;

namespace {

constexpr std::chrono::milliseconds kVersionPatience{3'000}, kVersionLook{100};
constexpr std::size_t kMaxWaitingBytes = 16U << 20U;

bool is_about_ledger(std::string_view operation) {
  const auto known = operation_from_text(operation);
  return known && about_ledger(*known);
}

}  // namespace

Responder::Responder(const Context& context, DisclosureStore& store, FileSpool& spool, Exchange exchange)
    : context_(context),
      store_(store),
      spool_(spool),
      policy_{context.self.address,
              context.fed(),
              context.config->limits.request_bytes,
              context.config->request.max_lifetime,
              context.config->request.clock_tolerance,
              {}},
      watermark_(store.watermark()),
      memory_answers_(context),
      exchange_(std::make_shared<const Exchange>(std::move(exchange))) {}

Responder::~Responder() {
  std::unique_lock lock(mutex_);
  receipts_done_.wait(lock, [this] { return receipts_ == 0; });
}

void Responder::use(Exchange exchange) {
  auto replacement = std::make_shared<const Exchange>(std::move(exchange));
  const std::lock_guard lock(mutex_);
  exchange_ = std::move(replacement);
}

void Responder::guarded(std::string_view what, const std::string& id, const std::function<void()>& task) {
  try {
    task();
  } catch (const std::exception& fault) {
    log::error(what, {{"request", id}, {"cause", fault.what()}});
  }
}

bool Responder::rate_allows(const ledger::Address& peer) {
  const std::lock_guard lock(mutex_);
  const auto& limits = context_.config->limits;
  const auto [bucket, added] = buckets_.try_emplace(peer, limits.requests_per_second, limits.request_burst);
  return bucket->second.take(Timer::Clock::now());
}

void Responder::on_request(Message&& message, const Parsed& topic) {
  const bool welcome = !draining_ && topic.agent == context_.self.address &&
                       message.payload.size() <= context_.config->limits.request_bytes &&
                       context_.federation()->find(*topic.peer) != nullptr && rate_allows(*topic.peer);
  ++context_.counters->requests_received;
  const std::size_t bytes = message.payload.size();
  const SteadyTime received = Timer::Clock::now();
  auto shared = std::make_shared<Message>(std::move(message));
  if (!welcome ||
      !context_.queue->push(Stage::kInbound, topic.peer->text(), "", bytes, [this, shared, topic, received] {
        guarded("request failed", topic.id, [&] { handle_request(shared, topic, received); });
      })) {
    ++context_.counters->requests_dropped;
  }
}

// A sender of a newer version than ours, or with a key that ours does not list: it, or anybody, is about to
// show the newer version to us as well. True while that may be waited for; the request is looked at again
// then. What waits is bounded: nobody has to be authentic to make us wait.
bool Responder::wait_for_version(const std::shared_ptr<const Message>& message, const Parsed& topic,
                                 SteadyTime received) {
  const std::size_t bytes = message->payload.size();
  if (Timer::Clock::now() - received > kVersionPatience) return false;
  if (waiting_bytes_.fetch_add(bytes) + bytes > kMaxWaitingBytes) {
    waiting_bytes_ -= bytes;
    return false;
  }
  context_.timer->at(Timer::Clock::now() + kVersionLook, [this, message, topic, received, bytes] {
    waiting_bytes_ -= bytes;
    (void)context_.queue->push(
        Stage::kInbound, topic.peer->text(), "", message->payload.size(), [this, message, topic, received] {
          guarded("request failed", topic.id, [&] { handle_request(message, topic, received); });
        });
  });
  return true;
}

void Responder::handle_request(const std::shared_ptr<const Message>& message, const Parsed& topic,
                               SteadyTime received) {
  const auto opened = context_.open(message->payload);
  if (!opened) {
    ++context_.counters->requests_dropped;
    return;
  }
  const RequestArrival arrival{*topic.peer, topic.id, message->properties.response_topic};
  const auto federation = context_.federation();
  RequestPolicy policy = policy_;
  policy.fed = federation->version;
  policy.revoked = context_.revoked_keys();
  auto outcome = verify_request(ledger::as_text(*opened), arrival, *federation, policy, context_.now());
  if (const auto* dropped = std::get_if<Dropped>(&outcome)) {
    if (dropped->unknown_key && wait_for_version(message, topic, received)) return;
    ++context_.counters->requests_dropped;
    log::info("request dropped", {{"peer", topic.peer->text()}, {"reason", dropped->reason}});
  } else if (auto* refused = std::get_if<RefusedRequest>(&outcome)) {
    const auto& envelope = refused->envelope;
    const bool newer = refused->refusal.code == Code::kUnsupported && envelope.fed > policy.fed;
    if (newer) context_.fetch_federation(*topic.peer);
    if (newer && wait_for_version(message, topic, received)) return;
    // The id is judged before what the request says, after its times.
    if (refused->refusal.code != Code::kExpired) {
      const auto known = store_.known(envelope.from, envelope.id);
      if (known && known->sha256 != refused->sha256)
        refused->refusal = {Code::kReplayed, "the id was used by another request of this peer"};
    }
    refuse({envelope.from,
            envelope.id,
            refused->sha256,
            refused->operation,
            refused->purpose,
            refused->expires,
            refused->refusal,
            refused->query,
            {}},
           received, !is_about_ledger(refused->operation));
  } else {
    handle_verified(std::get<VerifiedRequest>(outcome), received);
  }
}

void Responder::handle_verified(const VerifiedRequest& request, SteadyTime received) {
  const auto& envelope = request.request().envelope;
  // Others may need what this agent holds before it may sign itself, so only what would be signed waits: the
  // peer asks again.
  if (about_patient(request.request().operation) && !context_.may_issue()) return;
  const std::string key = key_of(envelope.from, envelope.id);
  {
    const std::lock_guard lock(mutex_);
    if (!in_progress_.insert(key).second) return;  // a repetition of what is being worked on
  }
  const auto shared = std::make_shared<VerifiedRequest>(request);
  const bool queued =
      context_.queue->push(Stage::kWork, envelope.from.text(), "", 1, [this, shared, key, received] {
        const auto& asked = shared->request().envelope;
        guarded("request failed", asked.id, [&] {
          try {
            work_on(*shared, received);
          } catch (const std::exception& fault) {
            log::error("request failed", {{"request", asked.id}, {"cause", fault.what()}});
            send_error(asked.from, asked.id, shared->sha256(), Code::kFailed, time_to_refuse(received));
          }
        });
        const std::lock_guard lock(mutex_);
        in_progress_.erase(key);
      });
  if (queued) return;
  {
    const std::lock_guard lock(mutex_);
    in_progress_.erase(key);
  }
  send_busy(request);
}

void Responder::work_on(const VerifiedRequest& request, SteadyTime received) {
  const auto& envelope = request.request().envelope;
  std::shared_ptr<const Exchange> exchange;
  {
    const std::lock_guard lock(mutex_);
    exchange = exchange_;
  }
  // The federation may have changed since the request was verified.
  const bool serves = context_.serves(envelope.from);
  if (serves && about_ledger(request.request().operation))
    return work_on_ledgers(request, *exchange, received);
  const std::uint64_t judged = store_.consent_changes();
  RefusalNote note;
  auto outcome = serves ? exchange->handle(request, &note)
                        : ExchangeOutcome(Refusal{Code::kNotAMember, "member is not active"});
  if (auto* answer = std::get_if<Answer>(&outcome)) {
    if (answer->manifest.anchor) ++context_.counters->bundles_issued;
    if (answer->break_glass_entry) alert_break_glass(*answer->break_glass_entry);
    send_answer(*answer, judged);
    if (const auto* peer = context_.federation()->find(envelope.from)) context_.prepare_for(*peer);
  } else if (const auto* repeated = std::get_if<Repeated>(&outcome)) {
    if (!repeated->known.issued) {
      send_error(envelope.from, envelope.id, request.sha256(), repeated->known.code,
                 time_to_refuse(received));
    } else if (const auto transfer = find(envelope.from, envelope.id)) {
      send_again(transfer);
    } else {
      say_it_ended(envelope.from, envelope.id);
    }
  } else {
    const auto& asked = request.request();
    refuse({envelope.from, envelope.id, request.sha256(), std::string(operation_text(asked.operation)),
            asked.purpose, asked.expires, std::get<Refusal>(outcome),
            about_patient(asked.operation) ? std::optional(asked.query) : std::nullopt, std::move(note)},
           received, true);
  }
}

void Responder::work_on_ledgers(const VerifiedRequest& request, const Exchange& exchange,
                                SteadyTime received) {
  const Request& asked = request.request();
  const auto refused = [&](Refusal refusal) {
    refuse({asked.envelope.from,
            asked.envelope.id,
            request.sha256(),
            std::string(operation_text(asked.operation)),
            asked.purpose,
            asked.expires,
            std::move(refusal),
            {},
            {}},
           received, false);
  };
  const auto known = memory_answers_.repeat(request);
  if (known == MemoryAnswers::Known::kSame) return;
  if (known == MemoryAnswers::Known::kOther)
    return refused({Code::kReplayed, "the id was used by another request of this peer"});
  auto outcome = exchange.handle(request);
  if (auto* refusal = std::get_if<Refusal>(&outcome)) {
    if (refusal->code != Code::kNotAvailable) return refused(std::move(*refusal));
    // Every member asks as it starts what the others hold of its log: holding nothing is an answer.
    return send_error(asked.envelope.from, asked.envelope.id, request.sha256(), refusal->code,
                      time_to_refuse(received));
  }
  auto* answer = std::get_if<Answer>(&outcome);
  if (answer == nullptr) return;  // nothing about a ledger is stored, so nothing is repeated from there
  if (answer->payload.memory.empty()) return send_answer(*answer);
  if (!memory_answers_.send(std::move(*answer))) send_busy(request);
}

void Responder::alert_break_glass(std::uint64_t entry) {
  log::warning("the glass was broken; `ehr-agent break-glass list`", {{"entry", std::to_string(entry)}});
  mqtt_transport::Message message;
  message.topic = ledger::topics::alerts(context_.self.address);
  message.payload = ledger::to_bytes(ledger::as_bytes(
      ledger::encode_alert({ledger::AlertCode::kBreakGlass, entry, {}, {}, context_.now()})));
  message.properties.content_type = "application/json";
  message.properties.payload_is_text = true;
  (void)context_.connection->publish(std::move(message));
}

}  // namespace edge
