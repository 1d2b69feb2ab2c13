#include "agent/cli/federation_files.h"

#include <sys/stat.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/cli/daemon_call.h"
#include "agent/cli/failure.h"
#include "agent/cli/output.h"

namespace edge::cli {

namespace {

ledger::DraftState judged(const ledger::FederationDocument* current, const ledger::FederationDraft& draft) {
  auto state = ledger::judge_draft(current, draft, system_now());
  if (!state)
    throw Failure(EX_DATAERR, state.error().reason, "--current names the version the draft follows");
  return std::move(state).value();
}

std::vector<ledger::FederationChange> changes_of(const ledger::FederationDocument* current,
                                                 const ledger::FederationDraft& draft) {
  const auto document = ledger::parse_federation_document(draft.document, true);
  return ledger::diff_federations(current ? &current->federation() : nullptr, document->federation);
}

std::string joined(const std::vector<std::string>& ids) {
  std::string text;
  for (const auto& id : ids) text += (text.empty() ? "" : ", ") + id;
  return text.empty() ? "nobody" : text;
}

std::string signers(const ledger::FederationDocument& document) {
  std::vector<std::string> ids;
  const auto parsed = ledger::parse_federation_document(document.text());
  for (const auto& signature : parsed->jws.signatures) ids.push_back(signature.kid);
  return joined(ids);
}

std::string verdict(const ledger::DraftState& state) {
  if (state.passes) return state.expired ? "has enough signatures, and has expired" : "has enough signatures";
  if (state.dead) return "is rejected: it can't pass any more";
  return state.expired ? "has expired" : "waits for signatures";
}

// Where a draft is no successor of what is in force, that is said before anybody looks for votes.
void demand_next(const ledger::FederationDocument& current, const ledger::ParsedFederation& draft) {
  const std::uint64_t now = current.version(), next = draft.federation.version;
  const std::string in_force = "version " + std::to_string(now) + " (SHA-256 " +
                               ledger::to_hex(current.sha256()) + ", signed by " + signers(current) + ")";
  if (next == now && draft.sha256 == current.sha256())
    throw Failure(EX_DATAERR, "the draft is in force already: it is " + in_force, "nothing is left to do");
  if (next <= now)
    throw Failure(EX_DATAERR,
                  "the draft is of version " + std::to_string(next) + ", and in force is " + in_force,
                  "propose the change anew: `ehr-agent federation propose` starts from what is in force");
  if (next > now + 1)
    throw Failure(EX_DATAERR,
                  "the draft is of version " + std::to_string(next) + ", and known here is " + in_force,
                  "--current FILE names the version before the draft's");
  if (draft.federation.prev != current.sha256())
    throw Failure(EX_DATAERR,
                  "the draft follows another version " + std::to_string(now) + " than " + in_force,
                  "propose the change anew, or name the version it follows with --current");
}

}  // namespace

ledger::TimePoint system_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

ledger::FederationDocument read_document(const fs::path& file) {
  auto document = ledger::open_first(read_whole(file, ledger::kMaxFederationTextBytes), std::nullopt);
  if (!document) throw Failure(EX_DATAERR, file.string() + ": " + document.error().reason);
  return std::move(document).value();
}

ledger::FederationDraft read_draft(const fs::path& file) {
  auto draft = ledger::parse_draft(read_whole(file, ledger::kMaxDraftBytes));
  if (!draft) throw Failure(EX_DATAERR, file.string() + ": " + draft.error().reason);
  return std::move(draft).value();
}

std::optional<ledger::FederationDocument> read_current(const std::optional<fs::path>& file,
                                                       const Common& common,
                                                       const ledger::FederationDraft& draft) {
  const auto next = ledger::parse_federation_document(draft.document, true);
  if (next->federation.version == 1 && !file) return std::nullopt;
  auto current = read_in_force(file, common);
  demand_next(current, *next);
  return current;
}

ledger::FederationDocument read_in_force(const std::optional<fs::path>& file, const Common& common) {
  if (file) return read_document(*file);
  const Config config = common.load();
  std::string text;
  try {
    CallHandlers handlers;
    handlers.data = [&](std::string_view bytes) { text += bytes; };
    (void)Daemon(config).call({{"command", "federation.show"}}, {}, handlers);
  } catch (const Failure&) {
    return read_document(config.federation.file);  // no agent runs here
  }
  auto document = ledger::open_first(text, std::nullopt);
  if (!document) throw Failure(EX_PROTOCOL, "the agent's federation document: " + document.error().reason);
  return std::move(document).value();
}

void write_text(const fs::path& file, const std::string& text) {
  if (file == "-") {
    std::cout << text << '\n';
    return;
  }
  AtomicFile out(file);
  out.write(text);
  out.commit();
  if (::chmod(file.c_str(), 0644) != 0)
    throw std::system_error(errno, std::generic_category(), file.string());
}

nlohmann::json describe(const ledger::FederationDocument* current, const ledger::FederationDraft& draft) {
  const auto state = judged(current, draft);
  return {{"version", state.version},
          {"sha256", ledger::to_hex(state.sha256)},
          {"reason", draft.reason},
          {"expires", ledger::format_time(draft.expires)},
          {"expired", state.expired},
          {"changes", nlohmann::json::parse(ledger::changes_json(changes_of(current, draft)))},
          {"signed", {{"previous", state.votes.previous}, {"own", state.votes.own}}},
          {"needs", {{"previous", state.needs_previous}, {"own", state.needs_own}}},
          {"rejected", state.rejected},
          {"void", state.both},
          {"passes", state.passes},
          {"dead", state.dead}};
}

void print_draft(const ledger::FederationDocument* current, const ledger::FederationDraft& draft) {
  const auto state = judged(current, draft);
  std::cout << "Draft of version " << state.version << ", SHA-256 " << ledger::to_hex(state.sha256) << '\n';
  if (!draft.reason.empty()) std::cout << "reason: " << printable(draft.reason) << '\n';
  std::cout << '\n' << ledger::changes_text(changes_of(current, draft)) << '\n';
  if (state.needs_previous > 0)
    std::cout << "signed by admins of the version in force: " << joined(state.votes.previous) << " ("
              << state.votes.previous.size() << " of " << state.needs_previous << ")\n";
  std::cout << "signed by admins of this version: " << joined(state.votes.own) << " ("
            << state.votes.own.size() << " of " << state.needs_own << ")\n";
  if (!state.rejected.empty()) std::cout << "rejected by: " << joined(state.rejected) << '\n';
  if (!state.both.empty())
    std::cout << "signed and rejected, which counts for nothing: " << joined(state.both) << '\n';
  std::cout << "It " << verdict(state) << ". Valid until " << ledger::format_time(draft.expires) << ".\n";
}

}  // namespace edge::cli
