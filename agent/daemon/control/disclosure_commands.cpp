#include "agent/daemon/control/disclosure_commands.h"

#include <nlohmann/json.hpp>

#include "agent/daemon/control/call.h"
#include "agent/daemon/log.h"
#include "ledger-client/core/canonical_json.h"

namespace edge {

using nlohmann::json;

namespace {

constexpr std::size_t kPage = 200;  // rows read at once
constexpr std::size_t kFrameBytes =
    256 * 1024;  // a data frame is sent when it is longer; a line is far shorter

std::string name_of(const ledger::Federation& federation, const std::string& address) {
  const auto parsed = ledger::Address::parse(address);
  const ledger::Member* member = parsed ? federation.find(*parsed) : nullptr;
  return member ? member->name : std::string();
}

}  // namespace

DisclosureCommands::DisclosureCommands(const Context& context, AuditTrail& trail, his::SqliteStore& records)
    : context_(context), trail_(trail), records_(records) {}

bool DisclosureCommands::handle(const json& call, ControlChannel& channel) {
  const std::string command = call.value("command", "");
  if (command == "disclosures.list") return list(call, channel), true;
  if (command == "disclosures.prune") return prune(call, channel), true;
  return false;
}

// With everything the HIS knows this patient by; of whom it knows nobody, the name alone.
AuditPatient DisclosureCommands::find_patient(ControlChannel& channel) const {
  AuditPatient out{identifier_of(receive_patient(channel)), "", {}};
  const PatientLookup lookup = records_.find_here(out.named);
  if (std::holds_alternative<PatientAmbiguous>(lookup))
    throw CallError{"not-found", "the identifier fits several patients", "give it with its system"};
  if (const auto* found = std::get_if<PatientFound>(&lookup)) {
    out.key = found->key;
    out.identifiers = records_.identifiers(found->key);
    const std::string id = out.key.substr(out.key.find('/') + 1);
    for (const auto& logical : {out.key, id, "urn:uuid:" + id}) out.identifiers.push_back({"", logical});
  }
  return out;
}

void DisclosureCommands::list(const json& call, ControlChannel& channel) {
  AuditFilter filter{call.value("peer", ""), {}, {}};
  if (!filter.peer.empty()) filter.peer = address_of(filter.peer).text();
  if (call.contains("since")) filter.since = time_of(call, "since");
  if (call.contains("until")) filter.until = time_of(call, "until");
  std::optional<std::vector<std::int64_t>> only;
  if (call.value("of_patient", false)) {
    only = trail_.rows_of(find_patient(channel));
    if (!only)
      throw CallError{"not-found", "the identifier was asked for with several systems",
                      "give it with its system"};
  }
  const auto federation = context_.federation();
  const std::string self = context_.self.address.text(), self_name = name_of(*federation, self);
  std::size_t rows = 0;
  std::int64_t after = 0;
  for (;;) {
    auto page = trail_.page(filter, after, kPage, only ? &*only : nullptr);
    if (page.empty()) break;
    std::string lines;
    for (fhir::AuditRecord& record : page) {
      record.self_name = self_name;
      record.peer_name = name_of(*federation, record.peer);
      lines += fhir::write_record(record) + '\n';
      if (lines.size() < kFrameBytes) continue;
      channel.send('D', lines);
      lines.clear();
    }
    if (!lines.empty()) channel.send('D', lines);
    rows += page.size();
    after = page.back().number;
  }
  channel.send('R', json{{"rows", rows}, {"self", self}, {"name", self_name}}.dump());
}

void DisclosureCommands::prune(const json& call, ControlChannel& channel) {
  const ledger::TimePoint before = time_of(call, "before");
  if (before > context_.now()) throw CallError{"usage", "that moment lies in the future", ""};
  const bool dry_run = call.value("dry_run", false);
  const AuditPruned done = trail_.prune(before, dry_run);
  if (!dry_run && done.rows > 0)
    log::warning("rows of the audit trail deleted by command",
                 {{"before", ledger::format_time(before)}, {"rows", std::to_string(done.rows)}});
  channel.send('R', json{{"before", ledger::format_time(before)},
                         {"dry_run", dry_run},
                         {"rows", done.rows},
                         {"salts", done.salts},
                         {"patients", done.patients},
                         {"break_glass", done.break_glass},
                         {"kept_unreviewed", done.kept},
                         {"wal_truncated", done.wal_truncated}}
                        .dump());
}

}  // namespace edge
