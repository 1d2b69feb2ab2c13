#include "agent/adapters/disclosure_store.h"

#include "agent/adapters/audit_row.h"
#include "agent/adapters/outbound_row.h"

namespace edge {

using ledger::sqlite::Database;
using ledger::sqlite::Statement;

namespace {

constexpr std::string_view kWatermark = "request_watermark";

// The id of a refused request, which is then answered in the same way again; an issued one's stands in
// `outbound`.
void burn_id(Database& database, const RefusalRecord& record) {
  database
      .cached("INSERT INTO request_in(peer, id, sha256, issued, code, expires) VALUES(?1, ?2, ?3, 0, ?4, ?5)")
      .bind(1, record.peer.text())
      .bind(2, record.request)
      .bind(3, ledger::ByteView(record.sha256))
      .bind(4, code_text(record.refusal.code))
      .bind(5, to_integer(record.expires))
      .run();
}

ledger::BundleIssued body_of(const Disclosure& disclosure) {
  const Request& request = disclosure.request->request();
  const SealedPayload& seal = disclosure.payload.seal;
  return {request.envelope.id,
          request.envelope.from.text(),
          request.purpose,
          seal.ciphertext.sha256,
          seal.ciphertext.merkle_root,
          seal.ciphertext.size,
          disclosure.plaintext_commitment,
          disclosure.patient_commitment};
}

SectionSet asked_sections(const RefusalRecord& record) {
  if (record.query->sections.empty())
    return record.operation == operation_text(Operation::kEverything) ? SectionSet::all()
                                                                      : SectionSet::document();
  SectionSet out;
  for (const fhir::Section section : record.query->sections) out.add(section);
  return out;
}

Refusal refused_issue(ledger::AppendError error, const ledger::Journal& journal) {
  switch (error) {
    case ledger::AppendError::kDuplicate:
      return {Code::kReplayed, "an answer for this id is already on the ledger"};
    case ledger::AppendError::kDiskFull:
      return {Code::kFailed, "no room on the ledger's disk"};
    default:
      // What froze it may be the commit of this very entry.
      throw Unavailable("the ledger signs nothing: " + journal.frozen());
  }
}

}  // namespace

DisclosureStore::DisclosureStore(ledger::Journal& journal, Options options)
    : journal_(journal), options_(std::move(options)), reader_(options_.database) {}

std::optional<KnownRequest> DisclosureStore::known(const ledger::Address& peer, const std::string& id) {
  return reader_.with([&](Database& database) -> std::optional<KnownRequest> {
    Statement& select = database.cached(
        "SELECT request_sha256, 1, '' FROM outbound WHERE peer = ?1 AND id = ?2 UNION ALL"
        " SELECT sha256, issued, code FROM request_in WHERE peer = ?1 AND id = ?2");
    select.bind(1, peer.text()).bind(2, id);
    if (!select.step()) return std::nullopt;
    KnownRequest known{*ledger::hash_from_bytes(select.column_blob(0)), select.column_int(1) != 0,
                       code_from_text(select.column_text(2)).value_or(Code::kFailed)};
    select.reset();
    return known;
  });
}

IssueOutcome DisclosureStore::issue(const Disclosure& disclosure) {
  const VerifiedRequest& verified = *disclosure.request;
  const Request& request = verified.request();
  const Envelope& asked = request.envelope;
  const std::string unique = asked.from.text() + " " + asked.id;
  std::vector<ledger::NewEntry> entries{
      {std::string(ledger::entry_type::kBundleIssued), ledger::encode_body(body_of(disclosure)), unique}};
  std::optional<BreakGlassUse> use;
  if (disclosure.decision.break_glass) {
    use.emplace(request, *options_.vault, options_.fill_random);
    entries.push_back(use->entry());
  }
  const ledger::TimePoint now = options_.now();
  const AuditSubject subject(*options_.vault, request.query.patient, disclosure.patient_key,
                             request.query.reason);
  const Pseudonym patient = options_.consents->name_of(disclosure.patient_key);
  const auto statements = [&](Database& database, std::uint64_t index) {
    // A consent that was revoked while the bundle was made counts: this is the last moment it can.
    const ConsentDecision decision =
        disclosure.decide_again(options_.consents->read(database, disclosure.patient_key));
    if (!(decision.permitted == disclosure.decision.permitted) ||
        decision.break_glass != disclosure.decision.break_glass)
      throw ConsentChanged{};
    // Nothing that an ended key signed is anchored after its end.
    if (!options_.may_anchor(disclosure.signer_kid)) throw SignerChanged{};
    AuditRow row{now,
                 asked.from.text(),
                 asked.id,
                 verified.sha256(),
                 operation_text(request.operation),
                 request.purpose,
                 "disclosed"};
    row.entry_index = index;
    row.patient_salt = disclosure.patient_salt;
    row.patient_commitment = disclosure.patient_commitment;
    row.plaintext_salt = disclosure.plaintext_salt;
    row.subject = &subject;
    row.sections = decision.given;
    row.withheld = decision.withheld;
    row.rule = deciding_rule(decision);
    row.consents = deciding_consents(decision);
    row.content_type = disclosure.content_type;
    row.bytes = disclosure.payload.seal.plaintext_size;
    if (use) row.break_glass = index + 1;
    insert_audit(database, row);
    insert_outbound(database, disclosure, patient, index, now, now + options_.transfer_deadline);
    if (use) use->insert(database, index + 1, now);
  };
  const auto sealed = [&](const ledger::Appended& appended) {
    const ledger::AppendedEntry& entry = appended.entries.front();
    if (disclosure.sealed)
      disclosure.sealed({entry.line, entry.index, entry.inclusion, appended.checkpoint_note});
  };
  try {
    const auto appended = journal_.append(std::move(entries), statements, ledger::Work::kNew, sealed);
    if (!appended) return refused_issue(appended.error(), journal_);
    Issued issued;
    if (use) issued.break_glass_entry = appended->entries.back().index;
    return issued;
  } catch (const ConsentChanged&) {
    return ConsentChanged{};
  } catch (const SignerChanged&) {
    return SignerChanged{};
  } catch (const AuditFailed& failed) {
    return Refusal{Code::kFailed, failed.what()};  // rolled back: what is not recorded does not happen
  }
}

void DisclosureStore::refuse(const RefusalRecord& record) {
  const ledger::TimePoint now = options_.now();
  std::optional<AuditSubject> subject;
  if (record.query)
    subject.emplace(*options_.vault, record.query->patient, record.note.patient_key, record.query->reason);
  const Code code = record.refusal.code;
  const bool passing =
      code == Code::kBusy || code == Code::kFailed;  // may be asked again, and is no refusal on the ledger
  const bool burns_id = !passing && code != Code::kReplayed && code != Code::kExpired;
  const auto statements = [&](Database& database, std::uint64_t) {
    Statement& seen = database.cached(
        "SELECT 1 FROM audit WHERE peer = ?1 AND request = ?2 AND sha256 = ?3 AND outcome = 'refused'");
    seen.bind(1, record.peer.text()).bind(2, record.request).bind(3, ledger::ByteView(record.sha256));
    const bool repeated = seen.step();
    seen.reset();
    if (repeated) return;
    if (burns_id) burn_id(database, record);
    AuditRow row{now,           record.peer.text(), record.request,
                 record.sha256, record.operation,   record.purpose,
                 "refused",     code_text(code),    record.refusal.reason};
    if (subject) row.subject = &*subject;
    if (record.query) row.sections = asked_sections(record);
    row.consents = record.note.consents;
    insert_audit(database, row);
    if (passing) return;
    const auto hour = std::chrono::floor<std::chrono::hours>(now);
    database
        .cached(
            "INSERT INTO refusal_count(peer, hour, count) VALUES(?1, ?2, 1)"
            " ON CONFLICT(peer, hour) DO UPDATE SET count = count + 1")
        .bind(1, record.peer.text())
        .bind(2, to_integer(hour))
        .run();
  };
  if (!journal_.append({}, statements, ledger::Work::kBegun))
    throw Unavailable("the audit trail can't be written");
}

std::size_t DisclosureStore::append_refusal_counts() {
  struct Row {
    std::string peer;
    std::int64_t hour, count;
  };
  const auto current = to_integer(std::chrono::floor<std::chrono::hours>(options_.now()));
  const auto rows = reader_.with([&](Database& database) {
    std::vector<Row> found;
    Statement& select =
        database.cached("SELECT peer, hour, count FROM refusal_count WHERE hour < ?1 ORDER BY hour, peer");
    select.bind(1, current);
    while (select.step())
      found.push_back({std::string(select.column_text(0)), select.column_int(1), select.column_int(2)});
    return found;
  });
  for (const Row& row : rows) {
    const std::string hour = ledger::format_time(to_time(row.hour));
    const ledger::Refusals body{row.peer, hour, static_cast<std::uint64_t>(row.count)};
    const auto forget = [&row](Database& database, std::uint64_t) {
      database.cached("DELETE FROM refusal_count WHERE peer = ?1 AND hour = ?2")
          .bind(1, row.peer)
          .bind(2, row.hour)
          .run();
    };
    const auto appended = journal_.append(
        {{std::string(ledger::entry_type::kRefusals), ledger::encode_body(body), row.peer + " " + hour}},
        forget);
    // A duplicate can only be the same hour counted on after a clock went back; its rest is dropped rather
    // than counted twice.
    if (!appended && appended.error() == ledger::AppendError::kDuplicate) (void)journal_.append({}, forget);
    if (!appended && appended.error() != ledger::AppendError::kDuplicate) return 0;
  }
  return rows.size();
}

ledger::TimePoint DisclosureStore::watermark() {
  const std::string value = meta(std::string(kWatermark));
  return value.empty() ? ledger::TimePoint{} : to_time(std::stoll(value));
}

ledger::TimePoint DisclosureStore::prune(std::chrono::milliseconds margin) {
  const ledger::TimePoint target = std::max(watermark(), options_.now() - margin);
  const auto statements = [&](Database& database, std::uint64_t) {
    database.cached("DELETE FROM request_in WHERE expires <= ?1").bind(1, to_integer(target)).run();
    database.cached("INSERT OR REPLACE INTO agent_meta(key, value) VALUES(?1, ?2)")
        .bind(1, kWatermark)
        .bind(2, std::to_string(to_integer(target)))
        .run();
  };
  return journal_.append({}, statements) ? target : watermark();
}

std::string DisclosureStore::meta(const std::string& key) {
  return reader_.with([&](Database& database) {
    Statement& select = database.cached("SELECT value FROM agent_meta WHERE key = ?1");
    select.bind(1, key);
    std::string value = select.step() ? std::string(select.column_text(0)) : "";
    select.reset();
    return value;
  });
}

void DisclosureStore::set_meta(const std::string& key, const std::string& value) {
  const auto statements = [&](Database& database, std::uint64_t) {
    database.cached("INSERT OR REPLACE INTO agent_meta(key, value) VALUES(?1, ?2)")
        .bind(1, key)
        .bind(2, value)
        .run();
  };
  // Below the low-water mark too: an agent must start to finish what was begun.
  if (!journal_.append({}, statements, ledger::Work::kBegun)) throw Unavailable("agent.db can't be written");
}

}  // namespace edge
