#include "agent/adapters/request_store.h"

#include <array>

#include "agent/adapters/audit_row.h"
#include "agent/adapters/doubt_store.h"
#include "agent/core/ports.h"
#include "ledger-client/core/entry_rules.h"

namespace edge {

using ledger::sqlite::Database;
using ledger::sqlite::Statement;

namespace {

constexpr std::array<std::string_view, 6> kStates{"sent",    "receiving", "received",
                                                  "refused", "failed",    "dropped"};

constexpr std::string_view kColumns =
    "SELECT id, peer, state, operation, purpose, message, sha256, patient, issued, expires, code, reason, "
    "manifest, receipt,"
    " plaintext_size, payload FROM outgoing";

Operation read_operation(std::string_view text) {
  for (const Operation operation : {Operation::kPing, Operation::kSummary, Operation::kEverything}) {
    if (operation_text(operation) == text) return operation;
  }
  return Operation::kSummary;
}

Outgoing read_row(const Statement& row) {
  Outgoing out{std::string(row.column_text(0)),
               *ledger::Address::parse(row.column_text(1)),
               static_cast<OutgoingState>(row.column_int(2)),
               read_operation(row.column_text(3)),
               std::string(row.column_text(4)),
               ledger::to_bytes(row.column_blob(5)),
               *ledger::hash_from_bytes(row.column_blob(6)),
               ledger::to_bytes(row.column_blob(7)),
               to_time(row.column_int(8)),
               to_time(row.column_int(9)),
               std::string(row.column_text(10)),
               std::string(row.column_text(11)),
               std::string(row.column_text(12)),
               std::string(row.column_text(13)),
               static_cast<std::uint64_t>(row.column_int(14)),
               {}};
  if (!row.column_null(15)) out.payload = ledger::to_bytes(row.column_blob(15));
  return out;
}

void update_state(Database& database, const std::string& id, OutgoingState state, std::string_view code,
                  std::string_view reason, std::int64_t finished) {
  // What ended stays as it ended; only a failed request may still be dropped.
  database
      .cached(
          "UPDATE outgoing SET state = ?2, code = ?3, reason = ?4, finished = ?5"
          " WHERE id = ?1 AND (state < 2 OR (state = 4 AND ?2 = 5))")
      .bind(1, id)
      .bind(2, static_cast<std::int64_t>(state))
      .bind(3, code)
      .bind(4, reason)
      .bind(5, finished)
      .run();
}

}  // namespace

std::string_view outgoing_state_text(OutgoingState state) {
  return kStates.at(static_cast<std::size_t>(state));
}

RequestStore::RequestStore(ledger::Journal& journal, const PatientVault& vault,
                           const std::filesystem::path& database, std::function<ledger::TimePoint()> now)
    : journal_(journal), vault_(vault), now_(std::move(now)), reader_(database) {}

std::future<ledger::Journal::Answer> RequestStore::insert(const Outgoing& request,
                                                          std::shared_future<ledger::Bytes> patient) {
  const auto statements = [request, patient = std::move(patient)](Database& database, std::uint64_t) {
    Statement& insert = database.cached(
        "INSERT INTO outgoing(id, peer, state, operation, purpose, message, sha256, patient, issued, expires)"
        " VALUES(?1, ?2, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    insert.bind(1, request.id)
        .bind(2, request.peer.text())
        .bind(3, operation_text(request.operation))
        .bind(4, request.purpose);
    insert.bind(5, ledger::ByteView(request.message)).bind(6, ledger::ByteView(request.sha256));
    insert.bind(7, ledger::ByteView(patient.get()))
        .bind(8, to_integer(request.issued))
        .bind(9, to_integer(request.expires));
    insert.run();
  };
  return journal_.append_async({}, statements, ledger::Work::kNew);
}

void RequestStore::manifest_accepted(const std::string& id, const std::string& manifest) {
  const auto statements = [&](Database& database, std::uint64_t) {
    database.cached("UPDATE outgoing SET state = 1, manifest = ?2 WHERE id = ?1 AND state = 0")
        .bind(1, id)
        .bind(2, manifest)
        .run();
  };
  if (!journal_.append({}, statements, ledger::Work::kBegun)) throw Unavailable("agent.db can't be written");
}

ledger::Journal::Answer RequestStore::received(const Outgoing& request, const Received& received) {
  const ledger::TimePoint now = now_();
  std::optional<AuditSubject> subject;
  if (received.issued_index) subject.emplace(vault_, received.patient, "", "");
  const auto statements = [&](Database& database, std::uint64_t index) {
    Statement& update = database.cached(
        "UPDATE outgoing SET state = 2, code = '', reason = '', finished = ?2, manifest = ?3, receipt = ?4, "
        "payload = ?5,"
        " plaintext_size = ?6 WHERE id = ?1");
    update.bind(1, request.id).bind(2, to_integer(now)).bind(3, received.manifest).bind(4, received.receipt);
    if (received.inline_payload.empty()) {
      update.bind(5, std::nullopt);
    } else {
      update.bind(5, ledger::ByteView(received.inline_payload));
    }
    update.bind(6, static_cast<std::int64_t>(received.plaintext_size)).run();
    if (!received.issued_index) return;
    AuditRow row{now,
                 request.peer.text(),
                 request.id,
                 request.sha256,
                 operation_text(request.operation),
                 request.purpose,
                 "received"};
    row.entry_index = index;
    row.subject = &*subject;
    row.content_type = received.content_type;
    row.bytes = received.plaintext_size;
    row.peer_origin = received.issued_origin;
    row.peer_index = received.issued_index;
    row.peer_key = received.key_id;
    row.peer_size = received.tree.size;
    row.peer_root = received.tree.root;
    insert_audit(database, row);
    if (!received.suspect.empty())
      insert_doubt(database, database.last_insert_rowid(), ledger::Validity::kSuspect, received.suspect, now);
  };
  std::vector<ledger::NewEntry> entries;
  if (received.issued_index) {
    const ledger::BundleReceived body{request.id, request.peer.text(), received.ciphertext_sha256,
                                      *received.issued_index};
    entries.push_back({std::string(ledger::entry_type::kBundleReceived), ledger::encode_body(body),
                       request.peer.text() + " " + request.id});
  }
  return journal_.append(std::move(entries), statements, ledger::Work::kBegun);
}

void RequestStore::ended(const std::string& id, OutgoingState state, std::string_view code,
                         const std::string& reason) {
  const auto statements = [&](Database& database, std::uint64_t) {
    update_state(database, id, state, code, reason, to_integer(now_()));
  };
  if (!journal_.append({}, statements, ledger::Work::kBegun)) throw Unavailable("agent.db can't be written");
}

bool RequestStore::reopen(const std::string& id) {
  bool changed = false;
  const auto statements = [&](Database& database, std::uint64_t) {
    database
        .cached(
            "UPDATE outgoing SET state = CASE WHEN manifest IS NULL THEN 0 ELSE 1 END, code = '', reason = "
            "'', finished = NULL"
            " WHERE id = ?1 AND state = 4 AND expires > ?2")
        .bind(1, id)
        .bind(2, to_integer(now_()))
        .run();
    changed = database.changes() > 0;
  };
  return journal_.append({}, statements).ok() && changed;
}

std::vector<Outgoing> RequestStore::list(bool only_open) {
  return reader_.with([&](Database& database) {
    static const std::string unfinished = std::string(kColumns) + " WHERE state IN (0, 1, 4) ORDER BY number";
    static const std::string open = std::string(kColumns) + " WHERE state < 2 ORDER BY number";
    Statement& select = database.cached(only_open ? open.c_str() : unfinished.c_str());
    std::vector<Outgoing> found;
    while (select.step()) found.push_back(read_row(select));
    return found;
  });
}

std::vector<std::string> RequestStore::forget_before(ledger::TimePoint time) {
  std::vector<std::string> ids;
  const auto statements = [&](Database& database, std::uint64_t) {
    Statement& remove =
        database.cached("DELETE FROM outgoing WHERE state >= 2 AND finished < ?1 RETURNING id");
    remove.bind(1, to_integer(time));
    while (remove.step()) ids.emplace_back(remove.column_text(0));
  };
  (void)journal_.append({}, statements, ledger::Work::kBegun);
  return ids;
}

std::optional<Outgoing> RequestStore::find(const std::string& id) {
  return reader_.with([&](Database& database) -> std::optional<Outgoing> {
    static const std::string one = std::string(kColumns) + " WHERE id = ?1";
    Statement& select = database.cached(one.c_str());
    select.bind(1, id);
    if (!select.step()) return std::nullopt;
    Outgoing out = read_row(select);
    select.reset();
    return out;
  });
}

}  // namespace edge
