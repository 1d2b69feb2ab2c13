#include "agent/adapters/outbound_row.h"

namespace edge {

using ledger::sqlite::Database;
using ledger::sqlite::Statement;

namespace {

ledger::Bytes join(const std::vector<ledger::Hash>& hashes) {
  ledger::Bytes bytes;
  bytes.reserve(hashes.size() * 32);
  for (const auto& hash : hashes) bytes.insert(bytes.end(), hash.begin(), hash.end());
  return bytes;
}

std::vector<ledger::Hash> split(ledger::ByteView bytes) {
  std::vector<ledger::Hash> hashes;
  for (std::size_t at = 0; at + 32 <= bytes.size(); at += 32)
    hashes.push_back(*ledger::hash_from_bytes(bytes.subspan(at, 32)));
  return hashes;
}

}  // namespace

void insert_outbound(Database& database, const Disclosure& disclosure, const Pseudonym& patient,
                     std::uint64_t entry_index, ledger::TimePoint now, ledger::TimePoint deadline) {
  const VerifiedRequest& verified = *disclosure.request;
  const SealedPayload& seal = disclosure.payload.seal;
  Statement& insert = database.cached(
      "INSERT INTO outbound(peer, id, state, created, deadline, request_sha256, entry_index, content_type, "
      "plaintext_size,"
      " plaintext_sha256, plaintext_salt, ciphertext_size, ciphertext_sha256, merkle_root, chunk_roots, "
      "payload, file, patient, purpose, sections, reason_given)"
      " VALUES(?1, ?2, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, "
      "?20)");
  insert.bind(1, verified.request().envelope.from.text()).bind(2, verified.request().envelope.id);
  insert.bind(3, to_integer(now)).bind(4, to_integer(deadline)).bind(5, ledger::ByteView(verified.sha256()));
  insert.bind(6, static_cast<std::int64_t>(entry_index)).bind(7, disclosure.content_type);
  insert.bind(8, static_cast<std::int64_t>(seal.plaintext_size))
      .bind(9, ledger::ByteView(seal.plaintext_sha256));
  insert.bind(10, ledger::ByteView(disclosure.plaintext_salt));
  insert.bind(11, static_cast<std::int64_t>(seal.ciphertext.size))
      .bind(12, ledger::ByteView(seal.ciphertext.sha256));
  insert.bind(13, ledger::ByteView(seal.ciphertext.merkle_root))
      .bind(14, ledger::ByteView(join(seal.ciphertext.chunk_roots)));
  if (disclosure.payload.file.empty()) {
    insert.bind(15, ledger::ByteView(disclosure.payload.inline_bytes));
  } else {
    insert.bind(15, std::nullopt);
  }
  insert.bind(16, disclosure.payload.file).bind(17, ledger::ByteView(patient));
  insert.bind(18, verified.request().purpose).bind(19, disclosure.decision.given.bits());
  insert.bind(20, std::int64_t{!verified.request().query.reason.empty()}).run();
}

const std::string_view kOutboundColumns =
    "SELECT peer, id, state, created, deadline, reason, request_sha256, entry_index, content_type, "
    "plaintext_size,"
    " plaintext_sha256, plaintext_salt, ciphertext_size, ciphertext_sha256, merkle_root, chunk_roots, file "
    "FROM outbound";

Outbound read_outbound(const Statement& row) {
  Outbound out{*ledger::Address::parse(row.column_text(0)),
               std::string(row.column_text(1)),
               static_cast<OutboundState>(row.column_int(2)),
               to_time(row.column_int(3)),
               to_time(row.column_int(4)),
               std::string(row.column_text(5)),
               *ledger::hash_from_bytes(row.column_blob(6)),
               static_cast<std::uint64_t>(row.column_int(7)),
               std::string(row.column_text(8)),
               std::nullopt,
               {}};
  SealedPayload& seal = out.payload.seal;
  seal.plaintext_size = static_cast<std::uint64_t>(row.column_int(9));
  seal.plaintext_sha256 = *ledger::hash_from_bytes(row.column_blob(10));
  if (!row.column_null(11)) out.plaintext_salt = *ledger::hash_from_bytes(row.column_blob(11));
  seal.ciphertext.size = static_cast<std::uint64_t>(row.column_int(12));
  seal.ciphertext.sha256 = *ledger::hash_from_bytes(row.column_blob(13));
  seal.ciphertext.merkle_root = *ledger::hash_from_bytes(row.column_blob(14));
  seal.ciphertext.chunk_roots = split(row.column_blob(15));
  out.payload.file = std::string(row.column_text(16));
  return out;
}

}  // namespace edge
