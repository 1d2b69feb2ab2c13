#include "agent/adapters/agent_schema.h"

#include <array>

namespace edge {

namespace {

// Never changed after a release; a change is a further step.
constexpr const char* kFirst = R"sql(
  CREATE TABLE agent_meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  -- Ids of authentic requests that reached an end, until the watermark passes them.
  CREATE TABLE request_in(
    peer TEXT NOT NULL, id TEXT NOT NULL, sha256 BLOB NOT NULL,
    issued INTEGER NOT NULL, code TEXT NOT NULL, expires INTEGER NOT NULL,
    PRIMARY KEY(peer, id)) STRICT, WITHOUT ROWID;
  CREATE INDEX request_in_expires ON request_in(expires);

  -- Who was given or refused what, and why. The patient is a salted commitment; deleting the salt unlinks the row.
  CREATE TABLE audit(
    number INTEGER PRIMARY KEY, time INTEGER NOT NULL, peer TEXT NOT NULL, request TEXT NOT NULL, sha256 BLOB NOT NULL,
    operation TEXT NOT NULL, purpose TEXT NOT NULL, outcome TEXT NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL,
    entry_index INTEGER, patient_salt BLOB, patient_commitment BLOB) STRICT;
  CREATE INDEX audit_request ON audit(peer, request, sha256);
  CREATE INDEX audit_time ON audit(time);

  CREATE TABLE salt(peer TEXT NOT NULL, request TEXT NOT NULL, field TEXT NOT NULL, salt BLOB NOT NULL,
    PRIMARY KEY(peer, request, field)) STRICT, WITHOUT ROWID;

  -- Authentic refused requests per peer and hour, until the hour is over and its entry appended.
  CREATE TABLE refusal_count(peer TEXT NOT NULL, hour INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY(peer, hour)) STRICT, WITHOUT ROWID;

  -- Answers on their way out. state: 0 open, 1 delivered, 2 failed, 3 dropped.
  CREATE TABLE outbound(
    number INTEGER PRIMARY KEY, peer TEXT NOT NULL, id TEXT NOT NULL, state INTEGER NOT NULL,
    created INTEGER NOT NULL, deadline INTEGER NOT NULL, finished INTEGER, reason TEXT NOT NULL DEFAULT '',
    request_sha256 BLOB NOT NULL, entry_index INTEGER NOT NULL, content_type TEXT NOT NULL,
    plaintext_size INTEGER NOT NULL, plaintext_sha256 BLOB NOT NULL, plaintext_salt BLOB,
    ciphertext_size INTEGER NOT NULL, ciphertext_sha256 BLOB NOT NULL, merkle_root BLOB NOT NULL,
    chunk_roots BLOB, payload BLOB, file TEXT NOT NULL DEFAULT '',
    UNIQUE(peer, id)) STRICT;
  CREATE INDEX outbound_open ON outbound(state) WHERE state = 0;

  -- Own requests. state: 0 sent, 1 receiving, 2 received, 3 refused, 4 failed, 5 dropped.
  CREATE TABLE outgoing(
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, peer TEXT NOT NULL, state INTEGER NOT NULL,
    operation TEXT NOT NULL, purpose TEXT NOT NULL, message BLOB NOT NULL, sha256 BLOB NOT NULL,
    patient BLOB NOT NULL, issued INTEGER NOT NULL, expires INTEGER NOT NULL, finished INTEGER,
    code TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '',
    manifest TEXT, payload BLOB, receipt TEXT, plaintext_size INTEGER NOT NULL DEFAULT 0) STRICT;
  CREATE INDEX outgoing_open ON outgoing(state) WHERE state < 2;
)sql";

// Versions of the federation document, each verified before it was stored; the first is the one trusted.
constexpr const char* kFederation = R"sql(
  CREATE TABLE federation(version INTEGER PRIMARY KEY, document TEXT NOT NULL) STRICT;
)sql";

constexpr const char* kConsents = R"sql(
  -- state: 0 active, 1 revoked, 2 forgotten. `patient` is a pseudonym under a key that lies sealed in
  -- agent_meta; NULL for any patient. `terms` are the rules and nobody's data; what was said about whom, and
  -- its signature, lie sealed to the agent's own age recipient. Deleting salts, pseudonyms and the sealed text
  -- unlinks the rest.
  CREATE TABLE consent(
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state INTEGER NOT NULL, any_patient INTEGER NOT NULL,
    patient BLOB, terms TEXT NOT NULL, sealed BLOB, source TEXT NOT NULL, attested TEXT NOT NULL,
    source_tag BLOB, content_tag BLOB, remark TEXT NOT NULL DEFAULT '',
    granted INTEGER NOT NULL, granted_entry INTEGER NOT NULL, revoked INTEGER, revoked_entry INTEGER) STRICT;
  CREATE INDEX consent_patient ON consent(patient) WHERE state = 0 AND any_patient = 0;
  CREATE INDEX consent_any ON consent(any_patient) WHERE state = 0 AND any_patient = 1;
  CREATE INDEX consent_source ON consent(source_tag) WHERE source_tag IS NOT NULL;
  CREATE INDEX consent_content ON consent(content_tag) WHERE content_tag IS NOT NULL;
  -- Forgotten consents of the HIS, which it may still hold: so that they are not taken over anew. Not linked to
  -- the rows they were.
  CREATE TABLE consent_left(source_tag BLOB NOT NULL, content_tag BLOB NOT NULL,
    PRIMARY KEY(source_tag, content_tag)) STRICT, WITHOUT ROWID;
  CREATE TABLE consent_salt(
    id TEXT NOT NULL, entry TEXT NOT NULL, field TEXT NOT NULL, salt BLOB NOT NULL,
    PRIMARY KEY(id, entry, field)) STRICT, WITHOUT ROWID;

  -- Records opened in an emergency; `sealed` holds the reason and the patient, `review` who looked at it.
  CREATE TABLE break_glass(
    entry_index INTEGER PRIMARY KEY, peer TEXT NOT NULL, request TEXT NOT NULL, used INTEGER NOT NULL,
    sealed BLOB NOT NULL, reason_salt BLOB NOT NULL, patient_salt BLOB NOT NULL,
    reviewed INTEGER, review BLOB, review_salt BLOB, review_entry INTEGER) STRICT;
  CREATE INDEX break_glass_open ON break_glass(entry_index) WHERE reviewed IS NULL;
)sql";

constexpr const char* kAuditTrail = R"sql(
  -- Whose record it was, by pseudonyms under the sealed key: of the HIS's own key, if it found one patient; of
  -- the identifier as it was asked for; of its value alone. `said` is the reason in the asker's words, sealed to
  -- the agent's own age recipient. `sections` and `withheld` are sets as numbers (SectionSet); NULL in rows
  -- older than this step, which have no pseudonyms either.
  ALTER TABLE audit ADD COLUMN patient BLOB;
  ALTER TABLE audit ADD COLUMN asked BLOB;
  ALTER TABLE audit ADD COLUMN asked_value BLOB;
  ALTER TABLE audit ADD COLUMN said BLOB;
  ALTER TABLE audit ADD COLUMN sections INTEGER;
  ALTER TABLE audit ADD COLUMN withheld INTEGER;
  ALTER TABLE audit ADD COLUMN rule TEXT NOT NULL DEFAULT '';
  ALTER TABLE audit ADD COLUMN consents TEXT NOT NULL DEFAULT '';
  ALTER TABLE audit ADD COLUMN content_type TEXT NOT NULL DEFAULT '';
  ALTER TABLE audit ADD COLUMN bytes INTEGER;
  ALTER TABLE audit ADD COLUMN break_glass INTEGER;
  ALTER TABLE audit ADD COLUMN peer_origin TEXT NOT NULL DEFAULT '';
  ALTER TABLE audit ADD COLUMN peer_index INTEGER;
  CREATE INDEX audit_patient_key ON audit(patient) WHERE patient IS NOT NULL;
  CREATE INDEX audit_asked ON audit(asked) WHERE asked IS NOT NULL;
  CREATE INDEX audit_asked_value ON audit(asked_value) WHERE asked_value IS NOT NULL;
  CREATE INDEX audit_unnamed ON audit(number) WHERE asked IS NULL AND patient_salt IS NOT NULL;

  -- The identifiers themselves, each once, sealed, while a row names it.
  CREATE TABLE audit_patient(asked BLOB PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;

  -- A use of break-glass stays until a person has looked at it.
  CREATE VIEW audit_unreviewed(number) AS SELECT audit.number FROM audit
    JOIN break_glass AS b ON b.entry_index = audit.break_glass WHERE b.reviewed IS NULL;

  UPDATE audit SET break_glass = (SELECT entry_index FROM break_glass AS b
    WHERE b.peer = audit.peer AND b.request = audit.request) WHERE outcome = 'disclosed';
  -- Salts outlived the rows they belong to.
  DELETE FROM salt WHERE NOT EXISTS (SELECT 1 FROM audit AS a
    WHERE a.peer = salt.peer AND a.request = salt.request AND a.outcome = 'disclosed');
)sql";

// What several persons decide; votes are entries of the log.
constexpr const char* kApprovals = R"sql(
  CREATE TABLE motion(
    seq INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, motion TEXT NOT NULL, payload TEXT NOT NULL,
    proposed INTEGER NOT NULL, used INTEGER) STRICT;
  CREATE TABLE vote(entry_index INTEGER PRIMARY KEY, motion INTEGER NOT NULL REFERENCES motion(seq)) STRICT;
  CREATE INDEX vote_motion ON vote(motion);
)sql";

constexpr const char* kDoubts = R"sql(
  -- Of a received bundle: the key that signed it, and the tree that its entry of the peer's log was shown to be
  -- in; empty in rows older than this step.
  ALTER TABLE audit ADD COLUMN peer_key TEXT NOT NULL DEFAULT '';
  ALTER TABLE audit ADD COLUMN peer_size INTEGER;
  ALTER TABLE audit ADD COLUMN peer_root BLOB;
  CREATE INDEX audit_place ON audit(peer_origin, peer_index) WHERE peer_index IS NOT NULL;
  CREATE INDEX audit_received ON audit(request) WHERE peer_index IS NOT NULL;

  -- Received bundles whose signature no longer counts, or is suspect. `number` of the audit row; `seen`: when a
  -- person took note.
  CREATE TABLE doubt(number INTEGER PRIMARY KEY, refused INTEGER NOT NULL, reason TEXT NOT NULL,
    since INTEGER NOT NULL, seen INTEGER) STRICT;
)sql";

// By what an answer may be given, so that it is judged again while it is on its way: the name that consents
// give the patient; NULL in rows older than this step, which are sent no more.
constexpr const char* kGiven = R"sql(
  ALTER TABLE outbound ADD COLUMN patient BLOB;
  ALTER TABLE outbound ADD COLUMN purpose TEXT NOT NULL DEFAULT '';
  ALTER TABLE outbound ADD COLUMN sections INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE outbound ADD COLUMN reason_given INTEGER NOT NULL DEFAULT 0;
)sql";

// What an answer writes is a part of how long it takes, so it writes nothing twice: the salts stand in the
// audit row, an issued request's id in `outbound`.
constexpr const char* kLean = R"sql(
  ALTER TABLE audit ADD COLUMN plaintext_salt BLOB;
  UPDATE audit SET plaintext_salt = (SELECT salt FROM salt AS s
    WHERE s.peer = audit.peer AND s.request = audit.request AND s.field = 'plaintext') WHERE outcome = 'disclosed';
  DROP TABLE salt;
  DROP INDEX audit_request;
  CREATE INDEX audit_refused ON audit(peer, request, sha256) WHERE outcome = 'refused';
)sql";

constexpr std::array kSteps{kFirst, kFederation, kConsents, kAuditTrail, kApprovals, kDoubts, kGiven, kLean};

}  // namespace

void migrate_agent_tables(const std::filesystem::path& database) {
  ledger::sqlite::Database connection(database);
  ledger::sqlite::migrate(connection, {"agent", kSteps});
}

SharedReader::SharedReader(const std::filesystem::path& database)
    : database_(database, ledger::sqlite::Mode::kReadOnly) {}

}  // namespace edge
