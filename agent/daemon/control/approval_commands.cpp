#include "agent/daemon/control/approval_commands.h"

#include <nlohmann/json.hpp>

#include "agent/daemon/log.h"
#include "ledger-client/core/canonical_json.h"

namespace edge {

using nlohmann::json;

namespace {

std::string number(const MotionRow& row) {
  return std::to_string(row.motion.seq);
}

const char* state_of(const MotionRow& row) {
  if (row.used) return "used";
  if (row.tally.passed) {
    const bool standing = row.motion.matter == ledger::matter::kBreakGlassAllow;
    return row.tally.expired && !standing ? "expired" : "approved";
  }
  if (row.tally.dead) return "rejected";
  return row.tally.expired ? "expired" : "open";
}

CallError as_error(const Refusal& refusal) {
  const bool mistake = refusal.code == Code::kMalformed;
  return {
      mistake ? "invalid" : std::string(code_text(refusal.code)), refusal.reason,
      mistake ? "`ehr-agent approval list --all` shows the motions" : "`ehr-agent status` shows the ledger"};
}

CallError lacks_votes(const Deed& deed, const MotionRow& row) {
  return {"approval-needed",
          deed.matter + " of " + deed.subject + " has " + std::to_string(row.tally.approved.size()) +
              " of the " + std::to_string(row.tally.needs) + " approvals it needs (motion " + number(row) +
              ")",
          "`ehr-agent approval show " + number(row) + "`; approvers: `ehr-agent approval vote " +
              number(row) + " approve --key KEY`; then the same command again"};
}

}  // namespace

ApprovalPolicy approval_policy(const Config& config) {
  const ApprovalConfig& approval = config.approval;
  return {approval.approvers, approval.keys, approval.break_glass, approval.federation};
}

std::vector<Approval> require_approvals(ApprovalStore& store, const std::vector<Deed>& deeds) {
  std::vector<Approval> approvals;
  for (const Deed& deed : deeds) {
    auto approval = store.require(deed);
    if (!approval) throw as_error(approval.error());
    approvals.push_back(std::move(*approval));
  }
  for (std::size_t i = 0; i < approvals.size(); ++i)
    if (!approvals[i].granted) throw lacks_votes(deeds[i], *approvals[i].motion);
  return approvals;
}

Approval require_approval(ApprovalStore& store, const Deed& deed) {
  return std::move(require_approvals(store, {deed}).front());
}

void use_up(ApprovalStore& store, std::span<const Approval> approvals) {
  const auto done = store.use_up(approvals);
  if (!done) throw as_error(done.error());
}

std::string why_glass_holds(ApprovalStore& store, bool configured) {
  if (!configured || store.break_glass_stands()) return {};
  const auto needs = store.policy().needs(ledger::matter::kBreakGlassAllow);
  return "break_glass.allow takes no effect: " + std::to_string(needs) +
         " approvers must agree (`ehr-agent approval propose break-glass.allow on`)";
}

bool ApprovalCommands::handle(const json& call, ControlChannel& channel) {
  const std::string command = call.value("command", "");
  json result;
  if (command == "approval.propose")
    result = propose(call, channel);
  else if (command == "approval.list")
    result = list(call.value("all", false));
  else if (command == "approval.vote")
    result = vote(channel);
  else if (command == "approval.show") {
    const auto row = store_.find(call.at("motion").get<std::uint64_t>());
    if (!row) throw CallError{"not-found", "there is no such motion", "`ehr-agent approval list --all`"};
    result = describe(*row);
  } else {
    return false;
  }
  channel.send('R', result.dump());
  return true;
}

json ApprovalCommands::propose(const json& call, ControlChannel& channel) {
  const std::string text = receive_data(channel, "payload");
  const auto payload = ledger::parse_json(text, {.max_bytes = kMaxPayloadBytes, .max_depth = 8});
  Deed deed{call.value("matter", ""), call.value("subject", ""), ""};
  if (!payload || !payload->is_object() || !ledger::is_matter(deed.matter) ||
      !ledger::is_subject(deed.subject))
    throw CallError{"malformed", "no matter, subject and payload of a motion", ""};
  deed.payload = ledger::canonical_json(*payload);
  if (check_) check_(deed);
  const auto row = store_.propose(deed);
  if (!row) throw as_error(row.error());
  log::info("motion proposed", {{"motion", number(*row)}, {"matter", deed.matter}});
  return describe(*row);
}

json ApprovalCommands::list(bool all) {
  json motions = json::array();
  for (const MotionRow& row : store_.list(all)) motions.push_back(describe(row));
  return {{"motions", std::move(motions)}};
}

json ApprovalCommands::vote(ControlChannel& channel) {
  const auto row = store_.vote(receive_data(channel, "vote"));
  if (!row) throw as_error(row.error());
  log::info("vote anchored", {{"motion", number(*row)}, {"state", state_of(*row)}});
  return describe(*row);
}

json ApprovalCommands::describe(const MotionRow& row) const {
  json votes = json::array(), ignored = json::array();
  for (const auto& one : row.votes)
    votes.push_back({{"entry", one.index},
                     {"time", ledger::format_time(one.time)},
                     {"approver", one.vote.approver},
                     {"choice", std::string(ledger::choice_text(one.vote.choice))}});
  for (const auto& one : row.tally.ignored)
    ignored.push_back({{"entry", one.index},
                       {"approver", one.approver},
                       {"why", std::string(ledger::ignored_text(one.why))}});
  const auto policy = store_.policy();
  json out{{"motion", row.motion.seq},
           {"state", state_of(row)},
           {"matter", row.motion.matter},
           {"subject", row.motion.subject},
           {"payload", json::parse(row.payload)},
           {"sha256", ledger::to_hex(ledger::motion_sha256(row.motion))},
           {"proposed", ledger::format_time(row.proposed)},
           {"expires", ledger::format_time(row.motion.expires)},
           {"needs", row.tally.needs},
           {"of", policy.roster.size()},
           {"approved", row.tally.approved},
           {"rejected", row.tally.rejected},
           {"void", row.tally.both},
           {"votes", std::move(votes)},
           {"ignored", std::move(ignored)}};
  if (row.used) out["used"] = ledger::format_time(*row.used);
  if (!policy.roster.empty())
    out["file"] = json::parse(encode_motion_file({row.motion, row.payload, policy.roster}));
  return out;
}

json ApprovalCommands::summary() {
  std::size_t open = 0, approved = 0;
  for (const MotionRow& row : store_.list(false)) ++(row.tally.passed ? approved : open);
  return {{"open", open}, {"approved", approved}};
}

}  // namespace edge
