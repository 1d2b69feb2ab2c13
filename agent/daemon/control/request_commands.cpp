#include "agent/daemon/control/request_commands.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <nlohmann/json.hpp>

#include "agent/core/bundle_proof.h"
#include "agent/daemon/control/call.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/note.h"

namespace edge {

using nlohmann::json;

namespace {

// How often a waiting call looks how far it is, and whether its caller is still there.
constexpr std::chrono::milliseconds kLook{100};
constexpr std::chrono::seconds kSettle{5};

std::string hint_for(Code code) {
  switch (code) {
    case Code::kNotAvailable:
      return "unknown patient, no consent, or not for this purpose: the peer does not say which";
    case Code::kNotAMember:
      return "`ehr-agent federation show` lists the members";
    case Code::kExpired:
      return "check the clocks and that the peer is connected (`ehr-agent status`)";
    case Code::kBusy:
      return "try again in a moment";
    case Code::kFailed:
      return "the peer's HIS or ledger has a fault; its operator sees the reason";
    default:
      return "`ehr-agent queue list` shows the reason";
  }
}

RecordQuery read_query(const json& call, ControlChannel& channel) {
  RecordQuery query{identifier_of(receive_patient(channel)), {}, call.value("reason", "")};
  // What no peer would take is not sent.
  const auto bounded = [](const std::string& text, std::size_t most, const char* what) {
    if (text.size() > most)
      throw CallError{"usage", std::string(what) + " is longer than " + std::to_string(most) + " bytes", ""};
  };
  bounded(query.patient.system, kMaxIdentifierBytes, "the identifier's system");
  bounded(query.patient.value, kMaxIdentifierBytes, "the identifier");
  bounded(query.reason, kMaxReasonBytes, "the reason");
  for (const auto& name : call.value("sections", json::array())) query.sections.push_back(section_of(name));
  return query;
}

Operation read_operation(const json& call) {
  const std::string name = call.value("operation", "summary");
  for (const Operation operation : {Operation::kPing, Operation::kSummary, Operation::kEverything}) {
    if (operation_text(operation) == name) return operation;
  }
  throw CallError{"unsupported", "there is no operation `" + name + "`", "summary, everything or ping"};
}

}  // namespace

bool RequestCommands::handle(const json& call, ControlChannel& channel) {
  const std::string command = call.value("command", "");
  if (command == "request")
    request(call, channel);
  else if (command == "request.settle")
    settle(call, channel);
  else if (command == "bundle.open")
    open(call, channel);
  else if (command == "ping")
    ping(call, channel);
  else
    return false;
  return true;
}

void RequestCommands::request(const json& call, ControlChannel& channel) {
  const ledger::Address peer = address_of(call.value("peer", ""));
  const Operation operation = read_operation(call);
  RecordQuery query;
  if (operation != Operation::kPing) query = read_query(call, channel);
  const auto started = requester_.start(peer, operation, query, call.value("purpose", "TREAT"));
  if (!started)
    throw CallError{std::string(code_text(started.error().code)), started.error().reason,
                    started.error().code == Code::kFailed ? kFaultHere : hint_for(started.error().code)};
  if (!wait(*started, call, channel)) return;
  const auto result = requester_.take_result(*started);
  if (!result) throw CallError{"failed", "the request ended without a result", ""};
  if (!result->received) {
    if (result->quarantined) throw CallError{"unverified", result->reason, ""};
    const std::string code(code_text(result->code));
    throw CallError{code, "the peer answered " + code, hint_for(result->code)};
  }
  send_result(channel, *started, *result);
}

bool RequestCommands::wait(const std::string& id, const json& call, ControlChannel& channel) {
  const auto give_up_at =
      Timer::Clock::now() + std::chrono::milliseconds(call.value("timeout_ms", std::int64_t{24 * 3'600'000}));
  RequestProgress last;
  for (;;) {
    const RequestProgress now = requester_.wait(id, kLook);
    if (now.ended) return true;
    if (now.state != last.state || now.bytes != last.bytes) {
      channel.send('P',
                   json{{"id", id}, {"state", now.state}, {"bytes", now.bytes}, {"total", now.total}}.dump());
    }
    last = now;
    const bool late = Timer::Clock::now() > give_up_at;
    if (!late && !channel.closed()) continue;
    requester_.abandon(id);
    if (!late) return false;
    throw CallError{"expired", "no answer yet",
                    "`ehr-agent queue show " + id + "`, later `ehr-agent bundle open " + id + "`"};
  }
}

// A bundle is handed out once it is verified; what comes after waits here until it is on the ledger as well.
void RequestCommands::settle(const json& call, ControlChannel& channel) {
  channel.send('R', json{{"settled", requester_.settled(call.value("id", ""), kSettle)}}.dump());
}

void RequestCommands::send_result(ControlChannel& channel, const std::string& id,
                                  const RequestResult& result) {
  BundleProof proof{result.manifest, {}};
  std::uint64_t cosignatures = result.cosignatures;
  if (!result.witnessed) proof.later = network_.witnessed_proof(result.origin, result.issued_index);
  // Of what is kept, all lines but the log's own are verified cosignatures.
  if (proof.later) cosignatures = ledger::parse_note(proof.later->note).value().signatures.size() - 1;
  const json end{{"id", id},
                 {"bytes", result.plaintext.size()},
                 {"sha256", result.plaintext_sha256},
                 {"issued_index", result.issued_index},
                 {"origin", result.origin},
                 {"anchored", result.witnessed || proof.later ? "witnessed" : "signed"},
                 {"cosignatures", cosignatures},
                 {"suspect", result.suspect},
                 {"proof", encode_bundle_proof(proof)}};
  channel.send_data(result.plaintext);
  channel.send('R', end.dump());
}

// Times the whole request path: signing, sealing, the broker both ways, the peer's checks and its answer.
void RequestCommands::ping(const json& call, ControlChannel& channel) {
  const ledger::Address peer = address_of(call.value("peer", ""));
  require_broker(connected_);
  const auto patience = std::chrono::milliseconds(
      std::clamp(call.value("timeout_ms", std::int64_t{10'000}), std::int64_t{1}, std::int64_t{600'000}));
  struct Pong {
    Outcome<std::string> answer;
    Timer::Clock::time_point at;
  };
  const auto pong = std::make_shared<std::promise<Pong>>();
  auto answered = pong->get_future();
  const auto begin = Timer::Clock::now();
  calls_.call(peer, Operation::kPing, {}, patience, [pong](Outcome<std::string> answer) {
    pong->set_value({std::move(answer), Timer::Clock::now()});
  });
  while (answered.wait_for(kLook) != std::future_status::ready) {
    if (channel.closed()) return;
  }
  const auto result = answered.get();
  if (!result.answer) {
    const Refusal& refusal = result.answer.error();
    const bool silent = refusal.code == Code::kExpired;
    throw CallError{std::string(code_text(refusal.code)), silent ? "no answer" : refusal.reason,
                    hint_for(refusal.code)};
  }
  const auto told = ledger::parse_json(*result.answer, {64 * 1024, 4});
  const json answer = told && told->is_object() ? *told : json::object();
  const std::chrono::duration<double, std::milli> round_trip = result.at - begin;
  channel.send('R', json{{"peer", peer.text()},
                         {"milliseconds", std::round(round_trip.count() * 100) / 100},
                         {"version", answer.value("version", "")}}
                        .dump());
}

void RequestCommands::open(const json& call, ControlChannel& channel) {
  const std::string id = call.value("id", "");
  const auto result = requester_.open_bundle(id);
  if (!result) {
    const bool missing = result.error().code == Code::kNotAvailable;
    throw CallError{missing ? "not-found" : std::string(code_text(result.error().code)),
                    result.error().reason, "`ehr-agent queue show ID` tells its state"};
  }
  send_result(channel, id, *result);
}

}  // namespace edge
