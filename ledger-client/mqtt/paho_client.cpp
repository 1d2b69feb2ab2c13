#include "ledger-client/mqtt/paho_client.h"

#include <mqtt/async_client.h>

#include "ledger-client/mqtt/paho_convert.h"

namespace mqtt_transport {
namespace {

constexpr std::chrono::seconds kDisconnectWait{1};
constexpr int kPahoBuffer = 1'000;  // messages; our window keeps it far from full
constexpr int kFirstRefusal = 128;  // MQTT 5 reason codes from here on are failures
constexpr int kConnectionLost = -1;

}  // namespace

class PahoClient::Client : private mqtt::iaction_listener {
 public:
  Client(const ConnectionOptions& options, const BrokerUrl& url, PahoEvents& events)
      : options_(options),
        url_(url),
        events_(events),
        client_(url.paho_uri(), options.client_id,
                mqtt::create_options(protocol_number(options.version), kPahoBuffer)) {
    // Once, before the first connect: set_callback and its relatives race with the receive thread later on.
    client_.set_connected_handler([this](const std::string&) { events_.connected(); });
    client_.set_connection_lost_handler([this](const std::string& cause) {
      events_.lost({cause.empty() ? "connection lost" : cause, {}});
    });
    // A DISCONNECT of the broker; Paho doesn't call the handler above for it.
    client_.set_disconnected_handler([this](const mqtt::properties&, mqtt::ReasonCode code) {
      events_.lost({"the broker disconnected us, reason " + std::to_string(int(code)), {}});
    });
    client_.set_message_callback(
        [this](const mqtt::const_message_ptr& message) { events_.received(*message); });
  }

  void connect() {
    auto options = connect_options_of(options_, url_);
    earlier_ = std::move(current_);
    current_ = client_.connect(std::move(options), nullptr, *this);
  }

  void subscribe() {
    const auto& filters = options_.filters;
    if (filters.empty()) return events_.subscribed(true);
    client_.subscribe(mqtt::string_collection::create(filters), std::vector<int>(filters.size(), 1), nullptr,
                      *this);
  }

  void publish(const Message& message, std::uint64_t id) {
    const auto converted = to_paho(message, options_.version);
    if (message.qos == 0) {
      client_.publish(converted);
    } else {
      client_.publish(converted, reinterpret_cast<void*>(id),
                      *this);  // NOLINT(performance-no-int-to-ptr): a number, never followed
    }
  }

  // Paho's words for a failed attempt, if any. Only on the connecting thread.
  std::string why_connect_failed() const {
    try {
      if (current_) current_->try_wait();
    } catch (const mqtt::exception& failure) {
      return failure.get_message();
    }
    return {};
  }

  // Only on threads that may wait.
  void disconnect() noexcept {
    try {
      if (!client_.is_connected()) return;
      closing_ = client_.disconnect(0);
      closing_->wait_for(kDisconnectWait);
    } catch (const std::exception&) {  // then it was gone already
    }
  }

 private:
  static std::uint64_t id_of(const mqtt::token& token) {
    return reinterpret_cast<std::uint64_t>(token.get_user_context());
  }

  void on_success(const mqtt::token& token) override {
    if (token.get_type() == mqtt::token::PUBLISH) {
      const int code = options_.version == ProtocolVersion::kMqtt5 ? int(token.get_reason_code()) : 0;
      events_.acknowledged(id_of(token), code);
    } else if (token.get_type() == mqtt::token::SUBSCRIBE) {
      events_.subscribed(all_granted(token));
    }
  }

  void on_failure(const mqtt::token& token) override {
    const int code = int(token.get_reason_code());
    if (token.get_type() == mqtt::token::PUBLISH) {
      events_.acknowledged(id_of(token), code >= kFirstRefusal ? code : kConnectionLost);
    } else if (token.get_type() == mqtt::token::SUBSCRIBE) {
      events_.subscribed(false);
    } else if (token.get_type() == mqtt::token::CONNECT) {
      code >= kFirstRefusal ? events_.lost(refusal(code)) : events_.unreachable();
    }
  }

  static Loss refusal(int code) {
    const bool account =
        code == mqtt::ReasonCode::BAD_USER_NAME_OR_PASSWORD || code == mqtt::ReasonCode::NOT_AUTHORIZED;
    return {"the broker refused the connection, reason " + std::to_string(code) +
                (account ? ": it does not know this user, or not with this password or certificate" : ""),
            account ? "check the user's name and password file; the broker's log says more" : ""};
  }

  static bool all_granted(const mqtt::token& token) {
    try {
      const auto response = token.get_subscribe_response();
      for (const auto code : response.get_reason_codes()) {
        if (int(code) >= kFirstRefusal) return false;
      }
      return true;
    } catch (const std::exception&) {
      return false;
    }
  }

  const ConnectionOptions& options_;
  const BrokerUrl& url_;
  PahoEvents& events_;
  // Paho's thread still touches a token after it has signalled, so none is let go of right then: that of an
  // attempt lives one attempt longer.
  mqtt::token_ptr earlier_, current_, closing_;
  mqtt::async_client client_;  // last: destroyed first, and with it every callback
};

PahoClient::PahoClient(const ConnectionOptions& options, const BrokerUrl& url, PahoEvents& events)
    : client_(std::make_unique<Client>(options, url, events)) {}

PahoClient::~PahoClient() = default;

void PahoClient::connect() {
  client_->connect();
}
void PahoClient::subscribe() {
  client_->subscribe();
}
void PahoClient::publish(const Message& message, std::uint64_t id) {
  client_->publish(message, id);
}
std::string PahoClient::why_connect_failed() const {
  return client_->why_connect_failed();
}
void PahoClient::disconnect() noexcept {
  client_->disconnect();
}

}  // namespace mqtt_transport
