#include "ledger-client/mqtt/connection.h"

#include "ledger-client/mqtt/session.h"

namespace mqtt_transport {

Connection::Connection(ConnectionOptions options, ConnectionHandlers handlers)
    : session_(std::make_unique<Session>(std::move(options), std::move(handlers))) {}

Connection::~Connection() = default;

void Connection::start() {
  session_->start();
}
bool Connection::ready() const {
  return session_->ready();
}
void Connection::reconnect(int grace_ms) {
  session_->reconnect(grace_ms);
}

void Connection::stop(int grace_ms) {
  session_->stop(grace_ms);
}
Connection::Counters Connection::counters() const {
  return session_->counters();
}

PublishResult Connection::publish(Message message, PublishDone done) {
  return session_->publish(std::move(message), std::move(done));
}

}  // namespace mqtt_transport
