#include "agent/adapters/audit_trail.h"

#include <sodium.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "agent/adapters/disclosure_store.h"
#include "agent/adapters/request_store.h"
#include "agent/core/secret.h"
#include "tests/support/shared_data.h"
#include "tests/support/test_log.h"

using namespace edge;

namespace {

const ledger::Address kPeer = *ledger::Address::parse("10.20.0.6");
const ledger::Address kOther = *ledger::Address::parse("10.20.0.7");
const fhir::Identifier kFull{"urn:planted", "PLANTED-4711"}, kAlone{"", "PLANTED-4711"},
    kElsewhere{"urn:other", "PLANTED-4711"};
const std::string kKey = "Patient/PLANTED-KEY";

using Numbers = std::vector<std::int64_t>;

struct Case {
  test_support::TempDir folder;
  test_support::LogKey key{test_support::kOrigin};
  age::Identity identity = age::Identity::generate();
  ledger::TimePoint now = *ledger::parse_time("2026-11-22T08:10:00.000Z");
  std::unique_ptr<ledger::Journal> journal;
  std::unique_ptr<PatientVault> vault;
  std::unique_ptr<DisclosureStore> store;
  std::unique_ptr<RequestStore> requests;
  std::unique_ptr<AuditTrail> trail;
  int ids = 0;

  Case() {
    initialise_cryptography();
    migrate_agent_tables(folder / "agent.db");
    open();
  }
  void open() {
    auto options = test_support::journal_options(folder.path(), key);
    options.now = [this] { return now; };
    journal = std::make_unique<ledger::Journal>(options);
    vault = std::make_unique<PatientVault>(*journal, folder / "agent.db",
                                           std::vector<const age::Identity*>{&identity});
    store = std::make_unique<DisclosureStore>(
        *journal,
        DisclosureStore::Options{folder / "agent.db", std::chrono::hours(1), [this] { return now; },
                                 [](std::span<std::uint8_t> out) { randombytes_buf(out.data(), out.size()); },
                                 nullptr, vault.get()});
    requests = std::make_unique<RequestStore>(*journal, *vault, folder / "agent.db", [this] { return now; });
    trail = std::make_unique<AuditTrail>(
        *journal, *vault, AuditTrail::Options{folder / "agent.db", "10.20.0.5", test_support::kOrigin});
  }
  void close() { trail.reset(), requests.reset(), store.reset(), vault.reset(), journal.reset(); }

  std::string next_id() {
    char id[40];
    std::snprintf(id, sizeof id, "0193a5d0-7c1e-7abc-8def-%012d", ++ids);
    return id;
  }
  // A refusal of this patient's record; `patient_key` empty: the HIS found nobody.
  void refuse(const fhir::Identifier& patient, const std::string& patient_key = "",
              const ledger::Address& peer = kPeer) {
    RefusalRecord record{peer,
                         next_id(),
                         {},
                         "summary",
                         "ETREAT",
                         now + std::chrono::minutes(5),
                         {Code::kNotAvailable, "denied by consent c-1"}};
    record.sha256[0] = static_cast<std::uint8_t>(ids);
    record.query = RecordQuery{patient, {fhir::Section::kProblems}, "PLANTED reason"};
    record.note = {patient_key, "c-1"};
    store->refuse(record);
  }
  ledger::Result<ledger::Appended, ledger::AppendError> receive(const fhir::Identifier& patient) {
    Outgoing row{next_id(), kPeer, {}, Operation::kSummary, "TREAT", {}, {}, {}, {}, {}, {}, {}, {},
                 {},        0,     {}};
    row.issued = row.expires = now;
    row.message = ledger::Bytes{1};
    std::promise<ledger::Bytes> sealed;
    sealed.set_value({1});
    (void)requests->insert(row, sealed.get_future()).get();
    Received received;
    received.issued_index = 7;
    received.issued_origin = "ehr/10-20-0-6";
    received.patient = patient;
    received.content_type = "application/fhir+json";
    received.plaintext_size = 4096;
    return requests->received(row, received);
  }
  std::int64_t count(const std::string& table) {
    ledger::sqlite::Database database(folder / "agent.db", ledger::sqlite::Mode::kReadOnly);
    ledger::sqlite::Statement select(database, "SELECT count(*) FROM " + table);
    REQUIRE(select.step());
    return select.column_int(0);
  }
  void exec(const std::string& sql) {
    ledger::sqlite::Database(folder / "agent.db", ledger::sqlite::Mode::kReadWrite).exec(sql);
  }
  std::vector<fhir::AuditRecord> all() { return trail->page({}, 0, 100); }
  std::string files() const {
    std::string out;
    for (const char* name : {"agent.db", "agent.db-wal"})
      if (std::filesystem::exists(folder / name)) out += test_support::read_file(folder / name);
    return out;
  }
};

AuditPatient patient_of(const fhir::Identifier& named, const std::string& key = {}) {
  return {named, key,
          key.empty() ? std::vector<fhir::Identifier>{} : std::vector{kFull, fhir::Identifier{"", key}}};
}

}  // namespace

TEST_CASE("a refusal's row says who, why, by which rule and of whom, and nothing of it is in clear") {
  Case c;
  c.refuse(kFull, kKey);
  const auto rows = c.all();
  REQUIRE(rows.size() == 1);
  const auto& row = rows[0];
  CHECK(row.kind == fhir::AuditKind::kRefused);
  CHECK(row.peer == "10.20.0.6");
  CHECK(row.purpose == "ETREAT");
  CHECK(row.reason == "denied by consent c-1");
  CHECK(row.code == "not-available");
  CHECK(row.consents == "c-1");
  CHECK(row.said == "PLANTED reason");
  CHECK(row.sections == "problems");
  REQUIRE(row.patient);
  CHECK(row.patient->system == kFull.system);
  CHECK(row.patient->value == kFull.value);
  CHECK_FALSE(row.ledger);
  CHECK(c.files().find("PLANTED") == std::string::npos);
  CHECK(c.files().find("urn:planted") == std::string::npos);
}

TEST_CASE("a received bundle's row stands with its entry, or neither does") {
  Case c;
  REQUIRE(c.receive(kFull));
  const auto rows = c.all();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].kind == fhir::AuditKind::kReceived);
  REQUIRE(rows[0].ledger);
  CHECK(rows[0].ledger->origin == test_support::kOrigin);
  CHECK(rows[0].ledger->index == 0);
  REQUIRE(rows[0].peer_ledger);
  CHECK(rows[0].peer_ledger->index == 7);
  CHECK(rows[0].bytes == 4096);

  c.exec("CREATE TRIGGER deaf BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'deaf'); END");
  CHECK_THROWS_AS(c.receive(kFull), AuditFailed);
  CHECK_THROWS_AS(c.refuse(kFull), AuditFailed);
  CHECK(c.journal->checkpoint().size == 1);
  CHECK(c.count("request_in") == 0);
  CHECK(c.count("audit_patient") == 1);
  c.exec("DROP TRIGGER deaf");
  CHECK(c.receive(kFull));
}

TEST_CASE("a patient's rows are found however their peers named the patient") {
  Case c;
  c.refuse(kFull, kKey);                                 // 1
  c.refuse(kAlone, kKey);                                // 2
  c.refuse({"", kKey}, kKey);                            // 3: a logical id
  c.refuse({"urn:old", "FORMER"}, kKey);                 // 4: one the HIS has no more
  c.refuse(kFull);                                       // 5: before the HIS knew them
  c.refuse(kAlone);                                      // 6
  c.refuse(kAlone, "Patient/somebody-else");             // 7
  c.refuse({"urn:planted", "another"}, "Patient/else");  // 8
  REQUIRE(c.receive(kFull));                             // 9
  const Numbers theirs{1, 2, 3, 4, 5, 6, 9};
  CHECK(c.trail->rows_of(patient_of(kFull, kKey)) == theirs);
  CHECK(c.trail->rows_of(patient_of(kAlone, kKey)) == theirs);
  CHECK(c.trail->rows_of(patient_of({"", kKey}, kKey)) == theirs);
  // Where the HIS knows nobody, the name alone decides.
  CHECK(c.trail->rows_of(patient_of(kFull)) == Numbers{1, 2, 5, 6, 7, 9});
  CHECK(c.trail->rows_of(patient_of(kAlone)) == Numbers{1, 2, 5, 6, 7, 9});
  CHECK(c.trail->rows_of(patient_of({"", "nobody"})) == Numbers{});
  // A value that two systems use names nobody.
  c.refuse(kElsewhere);  // 10
  CHECK_FALSE(c.trail->rows_of(patient_of(kAlone)));
  CHECK(c.trail->rows_of(patient_of(kElsewhere)) == Numbers{2, 6, 7, 10});
  CHECK(c.trail->rows_of(patient_of(kFull, kKey)) == theirs);
}

TEST_CASE("pages hold what the filter lets through, in order, each row once") {
  Case c;
  const auto start = c.now;
  for (int i = 0; i < 5; ++i) {
    c.refuse(kFull, kKey, i % 2 == 0 ? kPeer : kOther);
    c.now += std::chrono::hours(1);
  }
  Numbers seen;
  for (auto page = c.trail->page({}, 0, 2); !page.empty(); page = c.trail->page({}, seen.back(), 2))
    for (const auto& row : page) seen.push_back(row.number);
  CHECK(seen == Numbers{1, 2, 3, 4, 5});
  CHECK(c.trail->page({kOther.text(), {}, {}}, 0, 10).size() == 2);
  CHECK(c.trail->page({"", start + std::chrono::hours(1), start + std::chrono::hours(3)}, 0, 10).size() == 2);
  const Numbers only{2, 3, 5};
  CHECK(c.trail->page({kPeer.text(), {}, {}}, 0, 10, &only).size() == 2);
  CHECK(c.trail->page({}, 2, 10, &only).size() == 2);
}

TEST_CASE("pruning deletes rows with salts and names, also from the WAL, and a dry run only counts") {
  Case c;
  c.refuse(kFull, kKey);
  c.refuse(kElsewhere);
  const auto reviewed = c.now;
  c.exec(
      "INSERT INTO audit(time, peer, request, sha256, operation, purpose, outcome, code, reason, "
      "entry_index, "
      "break_glass, patient_salt, plaintext_salt) VALUES(" +
      std::to_string(to_integer(c.now)) +
      ", 'p', 'r1', x'00', 'summary', 'ETREAT', 'disclosed', '', '', 1, 2, x'5341', NULL), (" +
      std::to_string(to_integer(c.now)) +
      ", 'p', 'r2', x'00', 'summary', 'ETREAT', 'disclosed', '', '', 3, 4, x'5342', x'5343')");
  c.exec(
      "INSERT INTO break_glass(entry_index, peer, request, used, sealed, reason_salt, patient_salt, "
      "reviewed) "
      "VALUES(2, 'p', 'r1', 0, x'00', x'00', x'00', NULL), (4, 'p', 'r2', 0, x'00', x'00', x'00', 1)");
  c.now += std::chrono::hours(24);
  c.refuse(kFull, kKey);

  const auto would = c.trail->prune(reviewed + std::chrono::hours(1), true);
  CHECK(c.count("audit") == 5);
  const auto done = c.trail->prune(reviewed + std::chrono::hours(1), false);
  for (const auto& counted : {would, done}) {
    CHECK(counted.rows == 3);
    CHECK(counted.salts == 2);
    CHECK(counted.patients == 1);  // the other is named by a row that stays
    CHECK(counted.break_glass == 1);
    CHECK(counted.kept == 1);  // nobody has reviewed it
  }
  CHECK(done.wal_truncated);
  CHECK(std::filesystem::file_size(c.folder.path() / "agent.db-wal") == 0);
  CHECK(c.count("audit") == 2);
  CHECK(c.count("audit WHERE patient_salt IS NOT NULL") == 1);
  CHECK(c.count("audit_patient") == 1);
  CHECK(c.count("break_glass") == 1);
  const auto tag = ledger::to_bytes(asked_pseudonym(*c.vault, kElsewhere));
  CHECK(c.files().find(ledger::as_text(tag)) == std::string::npos);
  const auto kept = asked_pseudonym(*c.vault, kFull);
  CHECK(c.files().find(ledger::as_text(kept)) != std::string::npos);  // the search can find
}

TEST_CASE("a reader that keeps the WAL is told of, and the next pruning truncates it") {
  Case c;
  c.refuse(kFull, kKey);
  ledger::sqlite::Database reader(c.folder / "agent.db", ledger::sqlite::Mode::kReadOnly);
  auto& select = reader.cached("SELECT number FROM audit");
  REQUIRE(select.step());
  CHECK_FALSE(c.trail->prune(c.now + std::chrono::hours(1), false).wal_truncated);
  select.reset();
  CHECK(c.trail->prune(c.now, false).wal_truncated);
  CHECK(std::filesystem::file_size(c.folder.path() / "agent.db-wal") == 0);
}

TEST_CASE("rows older than the pseudonyms are kept, shown, and found by their commitments") {
  Case c;
  ledger::Salt salt{};
  salt.fill(5);
  const auto commitment = [&](const fhir::Identifier& identifier) {
    return ledger::to_hex(
        ledger::commitment(salt, ledger::kCommitPatient, ledger::as_bytes(canonical_patient(identifier))));
  };
  c.close();
  c.exec(
      "DROP VIEW audit_unreviewed; DROP TABLE audit_patient; DROP INDEX audit_patient_key; DROP INDEX "
      "audit_asked; DROP INDEX audit_asked_value; DROP INDEX audit_unnamed; "
      "DROP INDEX audit_refused; CREATE TABLE salt(peer TEXT NOT NULL, request TEXT NOT NULL, field TEXT NOT "
      "NULL, salt BLOB NOT NULL, PRIMARY KEY(peer, request, field)) STRICT, WITHOUT ROWID; "
      "CREATE INDEX audit_request ON audit(peer, request, sha256); DROP TABLE vote; DROP TABLE motion; DROP "
      "TABLE doubt; DROP INDEX audit_place; DROP INDEX "
      "audit_received;");
  for (const char* column : {"patient", "asked", "asked_value", "said", "sections", "withheld", "rule",
                             "consents", "content_type", "bytes", "break_glass", "peer_origin", "peer_index",
                             "peer_key", "peer_size", "peer_root", "plaintext_salt"})
    c.exec(std::string("ALTER TABLE audit DROP COLUMN ") + column);
  for (const char* column : {"patient", "purpose", "sections", "reason_given"})
    c.exec(std::string("ALTER TABLE outbound DROP COLUMN ") + column);
  c.exec("UPDATE schema_version SET version = 3 WHERE component = 'agent'");
  for (const auto& identifier : {kFull, kAlone, kElsewhere})
    c.exec(
        "INSERT INTO audit(time, peer, request, sha256, operation, purpose, outcome, code, reason, "
        "entry_index, "
        "patient_salt, patient_commitment) VALUES(1, '10.20.0.6', 'r1', x'00', 'summary', 'TREAT', "
        "'disclosed', '', '', 41, x'" +
        ledger::to_hex(salt) + "', x'" + commitment(identifier) + "')");
  c.exec(
      "INSERT INTO break_glass(entry_index, peer, request, used, sealed, reason_salt, patient_salt) "
      "VALUES(42, '10.20.0.6', 'r1', 0, x'00', x'00', x'00')");
  c.exec(
      "INSERT INTO salt VALUES('10.20.0.6', 'r1', 'plaintext', x'0102'), ('p', 'gone', 'plaintext', x'01')");

  migrate_agent_tables(c.folder / "agent.db");
  c.open();
  const auto rows = c.all();
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].ledger->index == 41);
  CHECK(rows[0].break_glass == 42);
  CHECK(rows[0].sections.empty());
  CHECK_FALSE(rows[0].patient);
  CHECK(c.count("audit WHERE plaintext_salt = x'0102'") == 3);
  CHECK(c.trail->rows_of(patient_of(kFull, kKey)) == Numbers{1, 2});
  CHECK(c.trail->rows_of(patient_of(kElsewhere)) == Numbers{2, 3});
}
