// The part of DisclosureStore that follows answers on their way out.
#include <stdexcept>

#include "agent/adapters/disclosure_store.h"
#include "agent/adapters/outbound_row.h"
#include "ledger-client/store/log_reader.h"

namespace edge {

using ledger::sqlite::Database;
using ledger::sqlite::Statement;

std::vector<Outbound> DisclosureStore::list_outbound(bool only_open) {
  return reader_.with([&](Database& database) {
    std::vector<Outbound> found;
    static const std::string unfinished =
        std::string(kOutboundColumns) + " WHERE state IN (0, 2) ORDER BY number";
    static const std::string open = std::string(kOutboundColumns) + " WHERE state = 0 ORDER BY number";
    Statement& select = database.cached(only_open ? open.c_str() : unfinished.c_str());
    while (select.step()) found.push_back(read_outbound(select));
    return found;
  });
}

std::optional<Outbound> DisclosureStore::outbound(const ledger::Address& peer, const std::string& id) {
  return reader_.with([&](Database& database) -> std::optional<Outbound> {
    static const std::string one = std::string(kOutboundColumns) + " WHERE peer = ?1 AND id = ?2";
    Statement& select = database.cached(one.c_str());
    select.bind(1, peer.text()).bind(2, id);
    if (!select.step()) return std::nullopt;
    Outbound out = read_outbound(select);
    select.reset();
    Statement& payload = database.cached("SELECT payload FROM outbound WHERE peer = ?1 AND id = ?2");
    payload.bind(1, peer.text()).bind(2, id);
    if (payload.step() && !payload.column_null(0))
      out.payload.inline_bytes = ledger::to_bytes(payload.column_blob(0));
    payload.reset();
    return out;
  });
}

std::optional<GivenAnswer> DisclosureStore::given(const ledger::Address& peer, const std::string& id) {
  return reader_.with([&](Database& database) -> std::optional<GivenAnswer> {
    Statement& select = database.cached(
        "SELECT patient, purpose, sections, reason_given FROM outbound WHERE peer = ?1 AND id = ?2 AND "
        "patient IS NOT NULL");
    select.bind(1, peer.text()).bind(2, id);
    if (!select.step()) return std::nullopt;
    GivenAnswer out{std::string(select.column_text(1)),
                    SectionSet::from_bits(select.column_int(2)),
                    select.column_int(3) != 0,
                    "patient",
                    {}};
    const ledger::Bytes name = ledger::to_bytes(select.column_blob(0));
    select.reset();
    out.consents = ConsentStore::read_named(database, name, out.patient);
    return out;
  });
}

std::optional<ledger::Address> DisclosureStore::receiver_of(const std::string& id) {
  return reader_.with([&](Database& database) -> std::optional<ledger::Address> {
    Statement& select = database.cached("SELECT peer FROM outbound WHERE id = ?1");
    select.bind(1, id);
    auto peer = select.step() ? ledger::Address::parse(select.column_text(0)) : std::nullopt;
    select.reset();
    return peer;
  });
}

std::vector<std::string> DisclosureStore::forget_before(ledger::TimePoint transfers) {
  std::vector<std::string> files;
  const auto statements = [&](Database& database, std::uint64_t) {
    Statement& remove =
        database.cached("DELETE FROM outbound WHERE state <> 0 AND finished < ?1 RETURNING file");
    remove.bind(1, to_integer(transfers));
    while (remove.step()) {
      if (!remove.column_text(0).empty()) files.emplace_back(remove.column_text(0));
    }
  };
  (void)journal_.append({}, statements, ledger::Work::kBegun);
  return files;
}

Anchor DisclosureStore::anchor(std::uint64_t entry_index, const std::string& witnessed_note) {
  const auto checkpoint_of = [](const std::string& note) {
    const auto parsed = ledger::parse_note(note);
    return parsed ? ledger::parse_checkpoint(parsed->text)
                  : ledger::Result<ledger::Checkpoint>(ledger::Problem{"no checkpoint"});
  };
  const auto witnessed = checkpoint_of(witnessed_note);
  const bool covered = witnessed && entry_index < witnessed->size;
  return reader_.with([&](Database& database) {
    // One read transaction, so that checkpoint and nodes are of one moment.
    const ledger::sqlite::Savepoint snapshot(database);
    const ledger::LogReader log(database);
    const std::string note = covered ? witnessed_note : log.newest_checkpoint_note().value_or("");
    const auto line = log.line(entry_index);
    const auto checkpoint = checkpoint_of(note);
    ledger::Proof proof;
    if (checkpoint && line && entry_index < checkpoint->size) {
      proof = ledger::make_inclusion(entry_index, checkpoint->size, [&](unsigned level, std::uint64_t index) {
        return log.node(level, index);
      });
    }
    if (!checkpoint || !line || entry_index >= checkpoint->size)
      throw std::runtime_error("an issued entry is not in the log");
    return Anchor{*line, entry_index, std::move(proof), note};
  });
}

void DisclosureStore::delivered(const ledger::Address& peer, const std::string& id,
                                const ledger::Hash& receipt_sha256, std::function<void(Delivery)> then) {
  const ledger::BundleDelivered body{id, peer.text(), receipt_sha256};
  const auto statements = [peer = peer.text(), id, now = to_integer(options_.now())](Database& database,
                                                                                     std::uint64_t) {
    database
        .cached(
            "UPDATE outbound SET state = 1, finished = ?3, payload = NULL, patient = NULL, reason = '' WHERE "
            "peer = ?1 AND "
            "id = ?2")
        .bind(1, peer)
        .bind(2, id)
        .bind(3, now)
        .run();
  };
  const auto told = [then = std::move(then)](std::future<ledger::Journal::Answer> answer) {
    Delivery delivery = Delivery::kFailed;
    try {
      const auto appended = answer.get();
      if (appended) delivery = Delivery::kDone;
      if (!appended && appended.error() == ledger::AppendError::kDuplicate) delivery = Delivery::kAlready;
    } catch (const std::exception&) {  // a fault of the disk: as any other failure, tried again
    }
    then(delivery);
  };
  journal_.append_soon({{std::string(ledger::entry_type::kBundleDelivered), ledger::encode_body(body),
                         peer.text() + " " + id}},
                       statements, ledger::Work::kBegun, told);
}

void DisclosureStore::end_outbound(const ledger::Address& peer, const std::string& id, OutboundState state,
                                   const std::string& reason) {
  const auto statements = [&](Database& database, std::uint64_t) {
    database.cached("UPDATE outbound SET state = ?3, reason = ?4, finished = ?5 WHERE peer = ?1 AND id = ?2")
        .bind(1, peer.text())
        .bind(2, id)
        .bind(3, static_cast<std::int64_t>(state))
        .bind(4, reason)
        .bind(5, to_integer(options_.now()))
        .run();
  };
  if (!journal_.append({}, statements, ledger::Work::kBegun))
    throw Unavailable("the state of a transfer can't be written");
}

bool DisclosureStore::reopen_outbound(const ledger::Address& peer, const std::string& id) {
  bool changed = false;
  const auto statements = [&](Database& database, std::uint64_t) {
    database
        .cached(
            "UPDATE outbound SET state = 0, reason = '', finished = NULL, deadline = ?3"
            " WHERE peer = ?1 AND id = ?2 AND state = 2 AND (payload IS NOT NULL OR file <> '')")
        .bind(1, peer.text())
        .bind(2, id)
        .bind(3, to_integer(options_.now() + options_.transfer_deadline))
        .run();
    changed = database.changes() > 0;
  };
  return journal_.append({}, statements).ok() && changed;
}

}  // namespace edge
