// The ports of the core: what the outside must provide. An adapter per real thing; a new port only for a
// second implementation.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "agent/core/consent.h"
#include "agent/core/fhir/prepared.h"
#include "agent/core/ledger_query.h"
#include "agent/core/outcome.h"
#include "ledger-client/core/federation.h"

namespace edge {

// The HIS or the network is down: answered as `failed`, for everybody.
class Unavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct PatientFound {
  std::string key;  // the source's own key
};
struct PatientUnknown {};
struct PatientAmbiguous {};  // refused, never guessed
using PatientLookup = std::variant<PatientFound, PatientUnknown, PatientAmbiguous>;

// One patient's records in a hospital information system. Thread-safe. Every call throws Unavailable when the
// source can't answer.
class RecordSource {
 public:
  virtual ~RecordSource() = default;
  // By an identifier the patient carries, and with it every bundle about him: system and value, or the value
  // alone where it is unique. Never by a key or an id of the source's own.
  virtual PatientLookup find(const fhir::Identifier& identifier) = 0;
  // The patient, then everything of theirs, one resource at a time (back-pressure); stops when `take` returns
  // false.
  virtual void stream(const std::string& patient_key, const std::function<bool(fhir::Prepared&&)>& take) = 0;
  // Only what can stand in a section of a document; with `latest_per_code`, a source may leave out older
  // results it knows of.
  virtual void stream_sections(const std::string& patient_key,
                               const std::function<bool(fhir::Prepared&&)>& take) = 0;
  // Shared resources by full_url; unknown ones are left out.
  virtual std::vector<fhir::Prepared> fetch(const std::vector<std::string>& full_urls) = 0;
  // Kinds this source can't deliver (`unavailable` is not `nilknown`).
  virtual std::vector<std::string> unavailable_kinds() const = 0;
};

// The ledgers this agent can show: its own and the verified copies it keeps. Thread-safe. An answer is the
// plaintext as ledger_query.h has it; a Refusal is `not-available` for what is not held here, `unsupported`
// for what this agent does not do. A log that can't be read throws.
class LedgerAnswers {
 public:
  virtual ~LedgerAnswers() = default;
  virtual Outcome<std::string> range(const LedgerRangeQuery& query) = 0;
  virtual Outcome<std::string> proof(const LedgerProofQuery& query) = 0;
  // Idempotent by the rules of a witness.
  virtual Outcome<std::string> cosign(const ledger::Member& asker, const CosignQuery& query) = 0;
};

// The consents in force. Thread-safe. Throws what its storage throws.
class ConsentBook {
 public:
  virtual ~ConsentBook() = default;
  // About the patient with this key of the record source, who is named so in them, and about any patient; for
  // a key nobody has (an empty one), the latter alone.
  virtual std::vector<Consent> consents_of(const std::string& patient_key) = 0;
};

}  // namespace edge
