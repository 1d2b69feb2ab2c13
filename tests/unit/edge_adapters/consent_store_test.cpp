#include "agent/adapters/consent_store.h"

#include <sodium.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/core/secret.h"
#include "ledger-client/store/log_reader.h"
#include "tests/support/shared_data.h"
#include "tests/support/test_log.h"

using namespace edge;

namespace {

const std::string kPatient = R"({"system":"urn:planted","value":"PLANTED-4711"})";

struct Case {
  test_support::TempDir folder;
  test_support::LogKey key{test_support::kOrigin};
  age::Identity identity = age::Identity::generate();
  std::unique_ptr<ledger::Journal> journal;
  std::unique_ptr<PatientVault> vault;
  std::unique_ptr<ConsentStore> store;
  ledger::TimePoint now = *ledger::parse_time("2026-11-22T08:10:00.000Z");

  Case() {
    initialise_cryptography();
    migrate_agent_tables(folder / "agent.db");
    open(identity);
  }
  void open(const age::Identity& with) {
    store.reset(), vault.reset(), journal.reset();
    journal = std::make_unique<ledger::Journal>(test_support::journal_options(folder.path(), key));
    vault = std::make_unique<PatientVault>(*journal, folder / "agent.db", std::vector{&with});
    store = std::make_unique<ConsentStore>(
        *journal, *vault,
        ConsentStore::Options{folder / "agent.db", [this] { return now; },
                              [](std::span<std::uint8_t> out) { randombytes_buf(out.data(), out.size()); }});
  }
  NewConsent consent(const std::optional<std::string>& patient_key,
                     const std::string& value = "PLANTED-4711") {
    NewConsent out;
    out.rules = {ConsentRule{}};
    out.document = fhir::write_consent({"c", {false, {"urn:planted", value}, ""}, true, out.rules}, now);
    out.patient_key = patient_key;
    out.patient = kPatient;
    out.source = "granted";
    out.attested = "hospital";
    out.signature = "a..b";
    return out;
  }
  std::string files() const {
    std::string out;
    for (const char* name : {"agent.db", "agent.db-wal"})
      if (std::filesystem::exists(folder / name)) out += test_support::read_file(folder / name);
    return out;
  }
};

}  // namespace

TEST_CASE("consents are found for their patient and for any, and their texts are sealed") {
  Case c;
  const auto one = c.store->grant(c.consent("Patient/PLANTED-KEY"));
  const auto any = c.store->grant(c.consent(std::nullopt, "x"));
  REQUIRE(one);
  REQUIRE(any);
  const auto consents = c.store->consents_of("Patient/PLANTED-KEY");
  REQUIRE(consents.size() == 2);
  CHECK(consents[0].id == any->id);
  CHECK_FALSE(consents[0].patient);
  CHECK(consents[1].patient == "Patient/PLANTED-KEY");
  CHECK(c.store->consents_of("Patient/another").size() == 1);
  CHECK(c.store->consents_of("").size() == 1);
  // The same document again is the same consent.
  CHECK(c.store->grant(c.consent("Patient/PLANTED-KEY"))->id == one->id);
  CHECK(c.store->text(one->id)->patient == kPatient);
  CHECK(c.files().find("PLANTED") == std::string::npos);

  c.open(c.identity);
  CHECK(c.store->consents_of("Patient/PLANTED-KEY").size() == 2);
  CHECK_THROWS_AS(c.open(age::Identity::generate()), std::runtime_error);
}

TEST_CASE("a revoked consent decides nothing, also on the connection of a transaction, and is revoked once") {
  Case c;
  const std::string id = c.store->grant(c.consent("p"))->id;
  CHECK(c.store->revoke(id)->state == ConsentState::kRevoked);
  CHECK(c.store->consents_of("p").empty());
  std::size_t seen = 9;
  REQUIRE(c.journal->append({}, [&](ledger::sqlite::Database& database, std::uint64_t) {
    seen = c.store->read(database, "p").size();
  }));
  CHECK(seen == 0);
  CHECK_FALSE(c.store->revoke(id));
  CHECK_FALSE(c.store->revoke("none"));
  CHECK(c.journal->checkpoint().size == 2);
  // Granted anew, it is another one.
  CHECK(c.store->grant(c.consent("p"))->id != id);
}

TEST_CASE("the salts open what is on the ledger, forgetting deletes them, also from the log of writes") {
  Case c;
  const std::string id = c.store->grant(c.consent("p"))->id;
  CHECK_FALSE(c.store->forget(id));  // in force
  REQUIRE(c.store->revoke(id));
  std::vector<ledger::Salt> salts;
  {
    ledger::sqlite::Database database(c.folder / "agent.db", ledger::sqlite::Mode::kReadOnly);
    ledger::sqlite::Statement select(database, "SELECT salt FROM consent_salt ORDER BY entry, field");
    while (select.step()) {
      ledger::Salt salt{};
      std::copy_n(select.column_blob(0).begin(), salt.size(), salt.begin());
      salts.push_back(salt);
    }
  }
  REQUIRE(salts.size() == 4);
  std::vector<nlohmann::json> bodies;
  {
    const ledger::LogReader log(c.folder / "agent.db");
    log.for_each(0, log.size(), [&](std::uint64_t, std::string_view line) {
      bodies.push_back(nlohmann::json::parse(line).at("body"));
      return true;
    });
  }
  for (std::size_t entry = 0; entry < 2; ++entry) {
    const std::string text = c.store->text(id)->document;
    CHECK(
        bodies[entry].at("consent_commitment") ==
        ledger::to_hex(ledger::commitment(salts[2 * entry], ledger::kCommitConsent, ledger::as_bytes(text))));
    CHECK(bodies[entry].at("patient_commitment") ==
          ledger::to_hex(
              ledger::commitment(salts[2 * entry + 1], ledger::kCommitPatient, ledger::as_bytes(kPatient))));
  }
  REQUIRE(c.store->forget(id));
  CHECK_FALSE(c.store->text(id));
  const std::string files = c.files();
  for (const auto& salt : salts) CHECK(files.find(ledger::as_text(salt)) == std::string::npos);
  CHECK(c.store->list(std::nullopt).at(0).state == ConsentState::kForgotten);
  CHECK(c.store->list("p").empty());
}
