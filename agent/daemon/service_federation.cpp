// The service's part in the federation document: what members show, what is asked for, what is alarmed.
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/core/federation_query.h"
#include "agent/daemon/log.h"
#include "agent/daemon/service_parts.h"
#include "ledger-client/core/topics.h"

namespace edge {

namespace topics = ledger::topics;

namespace {

constexpr std::chrono::milliseconds kFederationPatience{3'000};  // for one member to answer federation-range
constexpr std::chrono::milliseconds kFederationPause{10'000};    // after nobody could

}  // namespace

bool Service::is_witness() const {
  const auto federation = context_.federation();
  const ledger::Member* own = federation->find(*config_.agent.address);
  return own != nullptr && own->has_role("witness");
}

std::string Service::own_standing() const {
  const auto federation = context_.federation();
  const ledger::Member* own = federation->find(*config_.agent.address);
  return own == nullptr ? "not listed" : std::string{ledger::status_text(own->status)};
}

nlohmann::json Service::federation_view() const {
  nlohmann::json refused = nlohmann::json::array();
  for (const auto& one : federation_->refused()) {
    refused.push_back({{"code", ledger::alert_code_text(one.code)},
                       {"from", one.from ? one.from->text() : "-"},
                       {"version", one.version == 0 ? "unreadable" : std::to_string(one.version)},
                       {"times", one.times},
                       {"reason", one.reason}});
  }
  nlohmann::json view{{"version", context_.fed()}, {"standing", own_standing()}};
  if (!refused.empty()) view["refused"] = std::move(refused);
  return view;
}

// Who is no active member gets no answers, and would look for the reason everywhere else.
void Service::tell_own_standing() const {
  const std::string standing = own_standing();
  if (standing != "active")
    log::warning("the federation document does not list this agent as active: nobody answers it",
                 {{"standing", standing}, {"version", std::to_string(context_.fed())}});
}

// The file may be newer than what is kept here: somebody brought it by hand.
void Service::open_federation() {
  federation_->use({[this](const std::shared_ptr<const ledger::Federation>& federation) {
                      // Shown before anything is signed with a key that it alone lists.
                      publish_retained(topics::federation(context_.self.address), federation_->newest_text(),
                                       "application/jose+json");
                      tell_own_standing();
                      keys_.follow(federation);
                      network_->on_federation();
                      later_judge_->facts_changed();
                    },
                    [this] {
                      keys_.record();
                      publish_descriptor();
                    },
                    [this](ledger::AlertCode code) { publish_alert(code); }});
  std::ifstream in(config_.federation.file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (text.empty() || federation_->offer(text).fate != ledger::FederationFate::kAdopted) tell_own_standing();
}

void Service::publish_alert(ledger::AlertCode code, const std::optional<std::string>& origin) {
  mqtt_transport::Message message;
  message.topic = topics::alerts(context_.self.address);
  ledger::Alert alert;
  alert.code = code;
  alert.time = context_.now();
  alert.origin = origin;
  message.payload = ledger::to_bytes(ledger::as_bytes(ledger::encode_alert(alert)));
  message.properties.content_type = "application/json";
  message.properties.payload_is_text = true;
  (void)connection_->publish(std::move(message));
}

// One at a time: from whoever is known to have more, then from every other active member, version by version.
void Service::fetch_federation(const ledger::Address& shown_by) {
  if (fetching_federation_.exchange(true)) return;
  const auto federation = context_.federation();
  std::vector<ledger::Address> peers;
  for (const ledger::Member& member : federation->members) {
    if (member.address == context_.self.address || member.status != ledger::MemberStatus::kActive) continue;
    peers.insert(member.address == shown_by ? peers.begin() : peers.end(), member.address);
  }
  ask_for_versions(std::move(peers), "no other member is active");
}

void Service::ask_for_versions(std::vector<ledger::Address> peers, const std::string& why) {
  if (peers.empty()) {
    federation_->withheld(why);
    timer_.at(Timer::Clock::now() + kFederationPause, [this] { fetching_federation_ = false; });
    return;
  }
  const ledger::Address peer = peers.front();
  peer_calls_->call(peer, Operation::kFederationRange,
                    encode_params(FederationRangeQuery{context_.fed() + 1, kMaxFederationVersions}),
                    kFederationPatience,
                    [this, peers](const Outcome<std::string>& answer) { take_versions(peers, answer); });
}

void Service::take_versions(const std::vector<ledger::Address>& peers, const Outcome<std::string>& answer) {
  const auto versions =
      answer ? parse_federation_versions(*answer)
             : ledger::Result<std::vector<std::string>>(ledger::Problem{answer.error().reason});
  bool further = false;
  std::string why = versions ? "it has no later version" : versions.error().reason;
  if (versions) {
    for (const std::string& text : *versions) {
      const auto offer = federation_->offer(text);
      if (offer.fate != ledger::FederationFate::kAdopted) {
        why = offer.reason.empty() ? "it does not show the version that is next" : offer.reason;
        break;
      }
      further = true;
    }
  }
  if (further) {
    fetching_federation_ = false;  // whoever is ahead of this as well shows it again
    return;
  }
  ask_for_versions({peers.begin() + 1, peers.end()}, "the last asked, " + peers.front().text() + ": " + why);
}

// What a member shows as the newest it knows.
void Service::offer_shown(mqtt_transport::Message&& message, const ledger::Address& from) {
  const std::size_t bytes = message.payload.size();
  if (from == context_.self.address || bytes == 0 || bytes > ledger::kMaxFederationTextBytes) return;
  auto shared = std::make_shared<mqtt_transport::Message>(std::move(message));
  (void)queue_.push(Stage::kInbound, from.text(), "federation", bytes, [this, shared, from] {
    try {
      const auto text = ledger::as_text(shared->payload);
      const auto offer = federation_->offer(text, from);
      if (offer.fate == ledger::FederationFate::kAhead) fetch_federation(from);
    } catch (const std::exception& fault) {
      log::error("a federation document could not be looked at",
                 {{"peer", from.text()}, {"cause", fault.what()}});
    }
  });
}

}  // namespace edge
