#include "agent/daemon/control.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <nlohmann/json.hpp>

#include "agent/adapters/file_store.h"
#include "agent/core/bundle_proof.h"
#include "agent/core/fhir/section_names.h"
#include "agent/daemon/key_commands.h"
#include "ledger-client/core/canonical_json.h"
#include "ledger-client/core/note.h"

namespace edge {

using nlohmann::json;

namespace {

constexpr std::size_t kDataFrame = 1 << 20;
// How often a waiting call looks how far it is, and whether its caller is still there.
constexpr std::chrono::milliseconds kLook{100};
constexpr std::chrono::seconds kSettle{5};

void send_error(ControlChannel& channel, const CallError& error) {
  channel.send('E', json{{"code", error.code}, {"error", error.error}, {"hint", error.hint}}.dump());
}

constexpr const char* kBrokerHint = "`ehr-agent status` shows the broker; the agent goes on trying";

constexpr const char* kTokenHint = "put the token back; signing goes on without a restart";

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

RecordQuery read_query(const json& call, const std::string& patient) {
  const auto identifier = ledger::parse_json(patient, {64 * 1024, 4});
  if (!identifier || !identifier->is_object() || identifier->value("value", "").empty()) {
    throw CallError{"usage", "no patient identifier",
                    "give `system|value`, a value, or - for standard input"};
  }
  RecordQuery query{
      {identifier->value("system", ""), identifier->value("value", "")}, {}, call.value("reason", "")};
  // What no peer would take is not sent.
  const auto bounded = [](const std::string& text, std::size_t most, const char* what) {
    if (text.size() > most)
      throw CallError{"usage", std::string(what) + " is longer than " + std::to_string(most) + " bytes", ""};
  };
  bounded(query.patient.system, kMaxIdentifierBytes, "the identifier's system");
  bounded(query.patient.value, kMaxIdentifierBytes, "the identifier");
  bounded(query.reason, kMaxReasonBytes, "the reason");
  for (const auto& name : call.value("sections", json::array())) {
    const auto section = fhir::section_from_name(name.get<std::string>());
    if (!section) throw CallError{"usage", "there is no section `" + name.get<std::string>() + "`", ""};
    query.sections.push_back(*section);
  }
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

ControlCommands::ControlCommands(Requester& requester, PeerCalls& calls, LedgerNetwork& network,
                                 Responder& responder, DisclosureStore& disclosures, RequestStore& requests,
                                 DoubtStore& doubts, ConsentCommands& consents, DisclosureCommands& trail,
                                 FederationBook& federation, ApprovalStore& approvals, KeyBook& keys,
                                 std::function<std::string()> status, std::function<bool()> connected)
    : requester_(requester),
      calls_(calls),
      network_(network),
      responder_(responder),
      disclosures_(disclosures),
      requests_(requests),
      doubts_(doubts),
      consents_(consents),
      trail_(trail),
      status_(std::move(status)),
      connected_(std::move(connected)),
      federation_(federation),
      approvals_(approvals),
      keys_(keys) {}

void ControlCommands::handle(const Frame& call, ControlChannel& channel) {
  try {
    const auto parsed = ledger::parse_json(call.payload, {64 * 1024, 8});
    if (call.kind != 'C' || !parsed || !parsed->is_object()) throw CallError{"malformed", "not a call", ""};
    const std::string command = parsed->value("command", "");
    const std::string id = parsed->value("id", "");
    if (command == "status") return channel.send('R', status_());
    if (command == "request") return request(call.payload, channel);
    if (command == "request.settle") return settle(id, channel);
    if (command == "ping") return ping(call.payload, channel);
    if (command == "bundle.open") return open(call.payload, channel);
    if (command == "ledger.recover") return channel.send('R', recover());
    if (command == "federation.publish") return publish_federation(*parsed, channel);
    if (command == "ledger.witnessed") return channel.send('R', witnessed(call.payload));
    if (command == "federation.show") return show_federation(channel);
    if (command == "queue.list") return channel.send('R', queue_list());
    if (command == "queue.show") return channel.send('R', queue_show(id));
    if (command == "queue.retry" || command == "queue.drop") {
      const bool done = command == "queue.retry"
                            ? requester_.retry(id) || responder_.retry(id)
                            : requester_.drop(id) || responder_.drop(id) || doubts_.see(id);
      if (!done)
        throw CallError{"not-found", "no unfinished transfer with this id",
                        "`ehr-agent queue list` shows them"};
      return channel.send('R', "{}");
    }
    if (consents_.handle(*parsed, channel) || trail_.handle(*parsed, channel)) return;
    KeyCommands keys(keys_, approvals_);
    const auto check = [&](const Deed& deed) {
      keys.check(deed);
      consents_.check(deed);
    };
    if (ApprovalCommands(approvals_, check).handle(*parsed, channel) || keys.handle(*parsed, channel)) return;
    throw CallError{"unsupported", "unknown command", "is the command line newer than the running agent?"};
  } catch (const CallError& error) {
    send_error(channel, error);
  } catch (const ApprovalStore::UsedUp&) {
    send_error(channel, {"invalid", "what the motion allows has been done",
                         "`ehr-agent approval list --all` shows the motions"});
  } catch (const json::exception&) {
    send_error(channel, {"malformed", "a member of the call has the wrong type", ""});
  } catch (const UnusableKey& fault) {
    send_error(channel,
               {"failed", std::string("the signing key can't be used: ") + fault.what(), kTokenHint});
  } catch (const NoRoom& fault) {
    send_error(channel, {"disk-full", fault.what(), ""});
  } catch (const Unavailable& fault) {
    send_error(channel, {"failed", fault.what(), "`ehr-agent status` shows the agent's state"});
  }
}

void ControlCommands::request(const std::string& call_text, ControlChannel& channel) {
  const json call = json::parse(call_text);
  const auto peer = ledger::Address::parse(call.value("peer", ""));
  if (!peer) throw CallError{"usage", "the peer is not an IP address", ""};
  const Operation operation = read_operation(call);
  RecordQuery query;
  if (operation != Operation::kPing) {
    const auto patient = channel.receive();
    if (!patient || patient->kind != 'D') throw CallError{"malformed", "no patient identifier", ""};
    query = read_query(call, patient->payload);
  }
  const auto started = requester_.start(*peer, operation, query, call.value("purpose", "TREAT"));
  if (!started)
    throw CallError{std::string(code_text(started.error().code)), started.error().reason,
                    started.error().code == Code::kFailed ? kFaultHere : hint_for(started.error().code)};
  const std::string& id = *started;
  const auto give_up_at =
      Timer::Clock::now() + std::chrono::milliseconds(call.value("timeout_ms", std::int64_t{24 * 3'600'000}));
  RequestProgress last;
  while (!last.ended) {
    const RequestProgress now = requester_.wait(id, kLook);
    if (!now.ended && (now.state != last.state || now.bytes != last.bytes)) {
      channel.send('P',
                   json{{"id", id}, {"state", now.state}, {"bytes", now.bytes}, {"total", now.total}}.dump());
    }
    last = now;
    const bool late = Timer::Clock::now() > give_up_at;
    if (!last.ended && (channel.closed() || late)) {
      // The request goes on; the bundle will lie in the inbox.
      requester_.abandon(id);
      if (late)
        throw CallError{"expired", "no answer yet",
                        "`ehr-agent queue show " + id + "`, later `ehr-agent bundle open " + id + "`"};
      return;
    }
  }
  const auto result = requester_.take_result(id);
  if (!result) throw CallError{"failed", "the request ended without a result", ""};
  if (!result->received) {
    if (result->quarantined) throw CallError{"unverified", result->reason, ""};
    const std::string code(code_text(result->code));
    throw CallError{code, "the peer answered " + code, hint_for(result->code)};
  }
  send_result(channel, id, *result);
}

// A bundle is handed out once it is verified; what comes after waits here until it is on the ledger as well.
void ControlCommands::settle(const std::string& id, ControlChannel& channel) {
  channel.send('R', json{{"settled", requester_.settled(id, kSettle)}}.dump());
}

void ControlCommands::send_result(ControlChannel& channel, const std::string& id,
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
  for (std::size_t at = 0; at < result.plaintext.size(); at += kDataFrame)
    channel.send('D', std::string_view(result.plaintext).substr(at, kDataFrame));
  channel.send('R', end.dump());
}

// Times the whole request path: signing, sealing, the broker both ways, the peer's checks and its answer.
void ControlCommands::ping(const std::string& call_text, ControlChannel& channel) {
  const json call = json::parse(call_text);
  const auto peer = ledger::Address::parse(call.value("peer", ""));
  if (!peer) throw CallError{"usage", "the peer is not an IP address", ""};
  if (!connected_()) throw CallError{"failed", "this agent is not connected to the broker", kBrokerHint};
  const auto patience = std::chrono::milliseconds(
      std::clamp(call.value("timeout_ms", std::int64_t{10'000}), std::int64_t{1}, std::int64_t{600'000}));
  struct Pong {
    Outcome<std::string> answer;
    Timer::Clock::time_point at;
  };
  const auto pong = std::make_shared<std::promise<Pong>>();
  auto answered = pong->get_future();
  const auto begin = Timer::Clock::now();
  calls_.call(*peer, Operation::kPing, {}, patience, [pong](Outcome<std::string> answer) {
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
  channel.send('R', json{{"peer", peer->text()},
                         {"milliseconds", std::round(round_trip.count() * 100) / 100},
                         {"version", answer.value("version", "")}}
                        .dump());
}

std::string ControlCommands::recover() {
  if (!connected_()) throw CallError{"failed", "this agent is not connected to the broker", kBrokerHint};
  const auto recovered = network_.recover();
  if (!recovered) throw CallError{"failed", recovered.error().reason, "`ehr-agent status` shows the log"};
  return json{{"result", *recovered}}.dump();
}

void ControlCommands::open(const std::string& call, ControlChannel& channel) {
  const std::string id = json::parse(call).value("id", "");
  const auto result = requester_.open_bundle(id);
  if (!result) {
    const bool missing = result.error().code == Code::kNotAvailable;
    throw CallError{missing ? "not-found" : std::string(code_text(result.error().code)),
                    result.error().reason, "`ehr-agent queue show ID` tells its state"};
  }
  send_result(channel, id, *result);
}

// Nobody is asked about what is no newer version: it is published already, or can't be.
Approval ControlCommands::approve_publication(const std::string& document) {
  const auto parsed = ledger::parse_federation_document(document);
  const auto current = ledger::parse_federation_document(federation_.newest_text());
  if (!parsed || !current || parsed->federation.version <= current->federation.version)
    return {true, std::nullopt};
  return require_approval(approvals_, edge::publish_federation(parsed->federation.version, parsed->sha256));
}

// With `file`, the caller hands the document out himself: that needs the same approval, and is the one thing
// it allows.
void ControlCommands::publish_federation(const json& call, ControlChannel& channel) {
  const auto document = channel.receive();
  if (!document || document->kind != 'D') throw CallError{"malformed", "no federation document", ""};
  const Approval approval = approve_publication(document->payload);
  if (call.value("file", false)) {
    use_up(approvals_, {&approval, 1});
    return channel.send('R', "{}");
  }
  const auto offer = federation_.offer(document->payload);
  // Adopted first: published again, a version is known already.
  if (offer.fate == ledger::FederationFate::kAdopted) use_up(approvals_, {&approval, 1});
  switch (offer.fate) {
    case ledger::FederationFate::kAdopted:
    case ledger::FederationFate::kKnown:
      return channel.send('R', json{{"version", offer.version}}.dump());
    case ledger::FederationFate::kAhead:
      throw CallError{"malformed", "versions between this one and the one in force are missing", ""};
    case ledger::FederationFate::kOlder:
      throw CallError{"malformed", "it is older than the first version this agent was given", ""};
    default:
      throw CallError{"malformed", offer.reason, "`ehr-agent federation show` shows what is in force"};
  }
}

std::string ControlCommands::witnessed(const std::string& call_text) {
  const auto address = ledger::Address::parse(json::parse(call_text).value("address", ""));
  if (!address) throw CallError{"malformed", "the member is not an IP address", ""};
  json answer{{"note", network_.witnessed_note(*address)}};
  const std::string note = answer["note"];
  for (const auto& log : network_.view().logs)
    if (log.origin == note.substr(0, note.find('\n'))) answer["known"] = std::max(log.held, log.known);
  return answer.dump();
}

void ControlCommands::show_federation(ControlChannel& channel) {
  const std::string text = federation_.newest_text();
  for (std::size_t at = 0; at < text.size(); at += kDataFrame)
    channel.send('D', std::string_view(text).substr(at, kDataFrame));
  channel.send('R', "{}");
}

}  // namespace edge
