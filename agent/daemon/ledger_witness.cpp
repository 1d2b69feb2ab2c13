// The ledger network's judgements: cosigning, and convicting who signs two histories.
#include "agent/daemon/ledger_network.h"
#include "agent/daemon/log.h"
#include "ledger-client/core/entry_rules.h"

namespace edge {

using mqtt_transport::Message;

namespace {

constexpr std::chrono::seconds kProofPatience{20};
constexpr int kCosignUnavailable = 503;  // not verified from entry 0 here yet

}  // namespace

// --- the witness

// The newest tree of every log, where it is verified from entry 0 on: remembered in one transaction, then
// signed.
void LedgerNetwork::cosign_newest() {
  const LogKey* const witness = options_.witness();
  if (witness == nullptr) return;
  if (cosigned_with_ != witness->id) {  // what an older key cosigned is cosigned anew
    cosigned_with_ = witness->id;
    for (auto& [origin, log] : logs_) log.tree_seen = 0;
  }
  const auto now = Timer::Clock::now();
  std::vector<WitnessedTree> trees;
  for (auto& [origin, log] : logs_) {
    const ledger::Replica& replica = log.followed->replica();
    const std::string note = log.followed->note_of_what_is_held();
    if (log.convicted || note.empty() || replica.size() == 0) continue;
    if (log.tree_seen == replica.size() && now - log.cosigned < options_.interval) continue;
    const auto record = store_.record(origin);
    if (record && (record->size > replica.size() || replica.root_at(record->size) != record->root)) {
      log::error("not cosigned: the replica is not what was cosigned before", {{"origin", origin}});
      continue;
    }
    log.tree_seen = replica.size();
    log.cosigned = now;
    trees.push_back({{origin, replica.size(), replica.root()}, note});
  }
  if (trees.empty()) return;
  for (const WitnessedTree& tree : store_.store(std::move(trees))) publish_cosignature(*witness, tree);
}

std::string LedgerNetwork::cosignature_line(const LogKey& witness,
                                            const ledger::Checkpoint& checkpoint) const {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(context_.now().time_since_epoch()).count();
  return sign_cosignature(*witness.signer, witness.key, static_cast<std::uint64_t>(seconds),
                          checkpoint.to_text());
}

void LedgerNetwork::publish_cosignature(const LogKey& witness, const WitnessedTree& tree) {
  const Log* log = find(tree.checkpoint.origin);
  if (log == nullptr || !context_.connection->ready()) return;
  Message message;
  message.topic = ledger::topics::cosignature(log->followed->identity().owner, context_.self.address);
  const std::string line = cosignature_line(witness, tree.checkpoint);
  message.payload = ledger::to_bytes(ledger::as_bytes(line));
  message.retained = true;
  message.properties.content_type = "text/plain";
  message.properties.payload_is_text = true;
  (void)context_.connection->publish(std::move(message));
  // One's own cosignature counts like the others'.
  (void)find(tree.checkpoint.origin)->followed->take_cosignature(line, witness.key);
}

CosignAnswer LedgerNetwork::cosign(const CosignQuery& query) {
  return run_here([&] { return cosign_here(query); });
}

CosignAnswer LedgerNetwork::cosign_here(const CosignQuery& query) {
  const LogKey* const witness = options_.witness();
  if (witness == nullptr) return {static_cast<int>(ledger::WitnessStatus::kUnknownOrigin), 0, ""};
  const auto keys = [this](const std::string& origin) {
    const Log* log = find(origin);
    return log == nullptr ? std::vector<ledger::NoteKey>{} : log->followed->identity().keys;
  };
  auto verdict = ledger::judge_add_checkpoint(
      query.body, keys, [this](const std::string& origin) { return store_.record(origin); },
      options_.witness_name);
  CosignAnswer answer{static_cast<int>(verdict.status), verdict.known_size, ""};
  if (verdict.status != ledger::WitnessStatus::kAccepted) return answer;
  const ledger::Checkpoint& checkpoint = verdict.checkpoint->checkpoint;
  Log& log = *find(checkpoint.origin);
  const ledger::Replica& replica = log.followed->replica();
  if (comparison_ != Comparison::kDone || log.convicted) return {kCosignUnavailable, 0, ""};
  if (replica.size() < checkpoint.size || replica.root_at(checkpoint.size) != checkpoint.root) {
    log.followed->take_checkpoint(verdict.clean_note, Timer::Clock::now());
    return {kCosignUnavailable, 0, ""};
  }
  if (store_.store({{checkpoint, verdict.clean_note}}).empty()) return {kCosignUnavailable, 0, ""};
  answer.lines = cosignature_line(*witness, checkpoint);
  return answer;
}

// --- who lies

void LedgerNetwork::on_contradiction(const std::string& origin, const std::string& signed_note) {
  Log* log = find(origin);
  if (log == nullptr || log->convicted) return;
  const auto& identity = log->followed->identity();
  const auto second = ledger::open_checkpoint_of(signed_note, origin, identity.keys);
  const std::string held = log->followed->note_of_what_is_held();
  if (!second || held.empty()) return;
  const auto now = Timer::Clock::now();
  if (now < log->next_suspicion) return;
  log->next_suspicion = now + kProofPatience;
  // One's own disk is the first suspect: what is damaged is fetched again and convicts nobody.
  if (log->followed->heal(now)) return;
  log::warning("a log contradicts what is held of it", {{"origin", origin}});
  ledger::Replica& replica = log->followed->replica();
  const std::uint64_t size = second->checkpoint.size;
  if (size > replica.size()) return ask_for_proof(*log, held, *second);
  const auto read = [&](unsigned level, std::uint64_t index) { return replica.reader().node(level, index); };
  const ledger::Proof consistency = size > 0 && size < replica.size()
                                        ? ledger::make_consistency(size, replica.size(), read)
                                        : ledger::Proof{};
  const auto proof =
      ledger::find_equivocation(signed_note, held, replica.root_at(size), consistency, identity.keys);
  if (proof) convict(origin, *proof, true);
}

// Whoever holds the other history can show how it begins.
void LedgerNetwork::ask_for_proof(Log& log, const std::string& held, const ledger::SignedCheckpoint& second) {
  const std::string origin = log.followed->identity().origin;
  const LedgerProofQuery query{origin, log.followed->replica().size(), second.checkpoint.size};
  const auto federation = context_.federation();
  for (const ledger::Member& member : federation->members) {
    if (member.address == context_.self.address || member.status != ledger::MemberStatus::kActive) continue;
    calls_.call(member.address, Operation::kLedgerProof, encode_params(query), kProofPatience,
                [this, origin, held, second](const Outcome<std::string>& answer) {
                  const auto shown = answer ? parse_ledger_proof_answer(*answer)
                                            : ledger::Result<LedgerProof>(ledger::Problem{});
                  if (!shown || shown->origin != origin) return;
                  (void)post(0, [this, origin, held, second, shown = *shown] {
                    const Log* accused = find(origin);
                    if (accused == nullptr || accused->convicted) return;
                    const auto proof =
                        ledger::find_equivocation(held, second.note, shown.old_root, shown.consistency,
                                                  accused->followed->identity().keys);
                    if (proof) convict(origin, *proof, true);
                  });
                });
  }
}

void LedgerNetwork::convict(const std::string& origin, const ledger::Equivocation& proof, bool found_here) {
  Log* log = find(origin);
  if (log == nullptr || log->convicted) return;
  const std::string evidence = ledger::encode_equivocation(proof);
  const std::uint64_t witnessed = log->followed->witnessed_size();
  if (found_here) store_.set_to_anchor(origin, true);
  store_.convict({origin, evidence, witnessed});
  log->convicted = true;
  {
    const std::lock_guard lock(mutex_);
    convicted_[origin] = witnessed;
  }
  log::error("a log has signed two histories: it is frozen here", {{"origin", origin}});
  options_.on_ended();
  if (!found_here) return;
  // Everybody shall hear of it at once, also while nothing may be signed here yet.
  if (!anchor_convictions()) alert(ledger::AlertCode::kEquivocation, origin, {}, proof);
}

// What was found here goes on the own log, as soon as that may be signed. False if something still waits.
bool LedgerNetwork::anchor_convictions() {
  bool all = true;
  for (const ConvictedLog& log : store_.to_anchor()) {
    const auto appended =
        journal_.append({{std::string(ledger::entry_type::kEquivocation), log.proof, log.origin}});
    if (!appended && appended.error() != ledger::AppendError::kDuplicate) {
      all = false;
      continue;
    }
    store_.set_to_anchor(log.origin, false);
    const auto proof = ledger::parse_equivocation(log.proof);
    if (appended && proof)
      alert(ledger::AlertCode::kEquivocation, log.origin, appended->entries.front().index, *proof);
  }
  return all;
}

// Nobody is believed: evidence is checked here as if it had been found here.
void LedgerNetwork::take_alert(const ledger::Address& from, std::string_view payload) {
  if (from == context_.self.address) return;
  const auto heard = ledger::parse_alert(payload);
  if (!heard || !heard->evidence) return;
  const ledger::Equivocation& proof = *heard->evidence;
  const Log* log = find(ledger::accused_origin(proof));
  if (log == nullptr) return;
  const auto conviction = ledger::check_equivocation(proof, log->followed->identity().keys);
  if (conviction) convict(conviction->origin, proof, false);
}

void LedgerNetwork::alert(ledger::AlertCode code, const std::string& origin,
                          std::optional<std::uint64_t> index,
                          const std::optional<ledger::Equivocation>& evidence) {
  if (!context_.connection->ready()) return;
  ledger::Alert alert;
  alert.code = code;
  alert.time = context_.now();
  alert.origin = origin;
  alert.index = index;
  alert.evidence = evidence;
  Message message;
  message.topic = ledger::topics::alerts(context_.self.address);
  message.payload = ledger::to_bytes(ledger::as_bytes(ledger::encode_alert(alert)));
  message.properties.content_type = "application/json";
  message.properties.payload_is_text = true;
  (void)context_.connection->publish(std::move(message));
}

}  // namespace edge
