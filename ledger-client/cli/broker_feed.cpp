#include "ledger-client/cli/broker_feed.h"

#include <unistd.h>

#include <fstream>
#include <random>

#include "ledger-client/core/entries_message.h"
#include "ledger-client/core/origin.h"
#include "ledger-client/mqtt/tls_files.h"

namespace ledger::cli {
namespace {

mqtt_transport::ConnectionOptions connection_options(const BrokerOptions& options,
                                                     const std::string& origin) {
  mqtt_transport::ConnectionOptions connection;
  connection.url = options.url;
  connection.version =
      options.mqtt311 ? mqtt_transport::ProtocolVersion::kMqtt311 : mqtt_transport::ProtocolVersion::kMqtt5;
  // A second reader with the same name would end the first one's session.
  connection.client_id =
      "ehr-ledger-" + std::to_string(::getpid()) + "-" + std::to_string(std::random_device{}() % 1000000);
  connection.user = options.user;
  connection.password_file = options.password_file;
  connection.ca_file = options.ca_file;
  connection.certificate_file = options.certificate_file;
  connection.key_file = options.key_file;
  if (const auto known = parse_origin(origin)) {
    connection.filters = {topics::checkpoint(known->address), topics::entries(known->address),
                          topics::every_cosignature(known->address)};
  } else {
    connection.filters = {std::string(topics::kEveryCheckpoint), std::string(topics::kEveryEntries),
                          std::string(topics::kEveryCosignature)};
  }
  return connection;
}

// Before anything is sent.
void check_files(const mqtt_transport::ConnectionOptions& options) {
  if (!options.password_file.empty() && !std::ifstream(options.password_file))
    throw UserError(kNotFound, "cannot read the password file " + options.password_file,
                    "check --password-file");
  if (!options.url.starts_with("mqtts:")) return;
  const auto fault = mqtt_transport::check_tls_files(options);
  if (!fault) return;
  const bool unreadable = fault->kind == mqtt_transport::TlsFileFault::Kind::kUnreadable;
  throw UserError(unreadable ? kNotFound : kMalformed, fault->loss.cause, fault->loss.hint);
}

}  // namespace

bool LedgerMessage::is_about(const std::string& log) const {
  if (!origin.empty()) return origin == log;
  const auto known = parse_origin(log);
  return known && known->address == agent;
}

std::string origin_of_message(topics::Kind kind, const Address& agent, std::string_view payload) {
  if (kind == topics::Kind::kCosignature) return {};
  std::string named;
  if (kind == topics::Kind::kCheckpoint) {
    named = payload.substr(0, payload.find('\n'));
  } else if (const auto origin = entries_message_origin(payload)) {
    named = *origin;
  }
  const auto known = parse_origin(named);
  return known && known->address == agent ? named : agent.origin();
}

BrokerFeed::BrokerFeed(const BrokerOptions& options, const std::string& origin,
                       std::chrono::seconds timeout) {
  mqtt_transport::ConnectionHandlers handlers;
  handlers.on_message = [this](mqtt_transport::Message&& message) { take(std::move(message)); };
  handlers.on_ready = [this] {
    const std::lock_guard lock(mutex_);
    ready_ = true;
    changed_.notify_all();
  };
  handlers.on_lost = [this](const mqtt_transport::Loss& loss) {
    const std::lock_guard lock(mutex_);
    loss_ = loss;
    changed_.notify_all();
  };
  const auto how = connection_options(options, origin);
  check_files(how);
  try {
    connection_.emplace(how, std::move(handlers));
  } catch (const std::invalid_argument& wrong) {
    throw UserError(kUsage, std::string("--broker: ") + wrong.what());
  }
  connection_->start();
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] { return ready_ || loss_.lasting; });
  if (ready_) return;
  const auto loss = loss_;
  lock.unlock();
  throw UserError(
      kUnavailable,
      "no connection to " + options.url + ": " + (loss.cause.empty() ? "no answer" : loss.cause),
      loss.hint.empty() ? "check --broker, --ca and --cert/--key or --user/--password-file" : loss.hint);
}

void BrokerFeed::take(mqtt_transport::Message&& message) {
  const auto topic = topics::parse(message.topic);
  if (!topic) return;
  const auto kind = topic->kind;
  if (kind != topics::Kind::kEntries && kind != topics::Kind::kCheckpoint &&
      kind != topics::Kind::kCosignature) {
    return;
  }
  const auto payload = as_text(message.payload);
  LedgerMessage taken{kind, topic->agent, origin_of_message(kind, topic->agent, payload),
                      std::string(payload)};
  const std::lock_guard lock(mutex_);
  if (queued_bytes_ + taken.payload.size() > kMaxQueuedBytes) {
    overflowed_ = true;
    return;
  }
  queued_bytes_ += taken.payload.size();
  queue_.push_back(std::move(taken));
  changed_.notify_all();
}

std::optional<LedgerMessage> BrokerFeed::next(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, wait, [this] { return !queue_.empty(); })) return std::nullopt;
  auto message = std::move(queue_.front());
  queue_.pop_front();
  queued_bytes_ -= message.payload.size();
  return message;
}

bool BrokerFeed::overflowed() {
  const std::lock_guard lock(mutex_);
  return std::exchange(overflowed_, false);
}

}  // namespace ledger::cli
