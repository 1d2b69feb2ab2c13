#include "ledger-client/core/alert.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "ledger-client/core/canonical_json.h"
#include "tests/unit/ledger_core/json_damage.h"
#include "tests/unit/ledger_core/schema_support.h"

using ledger::Alert;
using ledger::AlertCode;
using nlohmann::json;

namespace {

const ledger::TimePoint kTime = *ledger::parse_time("2026-11-22T08:00:00.123Z");

ledger::Equivocation evidence() {
  const json example = test_support::schema_examples("valid", "entry-equivocation").at(0);
  return ledger::parse_equivocation(ledger::canonical_json(example)).value();
}

}  // namespace

TEST_CASE("an alert is written, read, and written the same") {
  for (const auto& alert : {Alert{AlertCode::kStale, std::nullopt, "ehr/10-20-0-6/2", std::nullopt, kTime},
                            Alert{AlertCode::kBreakGlass, 12, std::nullopt, std::nullopt, kTime},
                            Alert{AlertCode::kRecovered, 0, "ehr/fd00--5", std::nullopt, kTime},
                            Alert{AlertCode::kEquivocation, 41, "ehr/10-20-0-5", evidence(), kTime}}) {
    const std::string text = ledger::encode_alert(alert);
    const auto read = ledger::parse_alert(text);
    REQUIRE(read.ok());
    CHECK(read->code == alert.code);
    CHECK(read->index == alert.index);
    CHECK(read->origin == alert.origin);
    CHECK(read->time == alert.time);
    CHECK(read->evidence.has_value() == alert.evidence.has_value());
    CHECK(ledger::encode_alert(*read) == text);
  }
}

TEST_CASE("the examples are what is written") {
  for (const json& example : test_support::schema_examples("valid", "alert")) {
    const std::string text = ledger::canonical_json(example);
    const auto read = ledger::parse_alert(text);
    REQUIRE(read.ok());
    CHECK(ledger::encode_alert(*read) == text);
  }
}

TEST_CASE("every code has its word") {
  const json known = test_support::read_schema("alert")["properties"]["code"]["enum"];
  for (std::size_t i = 0; i < known.size(); ++i)
    CHECK(ledger::alert_code_text(static_cast<AlertCode>(i)) == known[i]);
  CHECK(known.size() == static_cast<std::size_t>(AlertCode::kBundlesInDoubt) + 1);
}

TEST_CASE("an alert that accuses without evidence, or with another's, is not written") {
  const auto throws = [](const Alert& alert) {
    CHECK_THROWS_AS(ledger::encode_alert(alert), std::invalid_argument);
  };
  throws({AlertCode::kEquivocation, std::nullopt, "ehr/10-20-0-5", std::nullopt, kTime});
  throws({AlertCode::kStale, std::nullopt, "ehr/10-20-0-5", evidence(), kTime});
  throws({AlertCode::kEquivocation, std::nullopt, "ehr/10-20-0-6", evidence(), kTime});
  throws({AlertCode::kEquivocation, std::nullopt, std::nullopt, evidence(), kTime});
  throws({AlertCode::kStale, std::nullopt, "Dr. Meier", std::nullopt, kTime});
  throws({AlertCode::kStale, std::uint64_t{1} << 60U, std::nullopt, std::nullopt, kTime});
}

TEST_CASE("what is no alert is refused") {
  const std::string good =
      R"({"code":"stale","index":1,"origin":"ehr/10-20-0-6","time":"2026-11-22T08:00:00.123Z"})";
  REQUIRE(ledger::parse_alert(good).ok());
  for (std::size_t length = 0; length < good.size(); ++length)
    CHECK_FALSE(ledger::parse_alert(good.substr(0, length)).ok());
  for (const std::string& bad :
       {good + " ", good + "\n", std::string(9000, ' '), std::string("{\"code\":\"\xff\"}"),
        std::string(R"({"code":"stale"})"), std::string("[]")}) {
    INFO(bad.substr(0, 100));
    CHECK_FALSE(ledger::parse_alert(bad).ok());
  }
}

// Inside the notes, and whom they accuse, only the reader looks.
TEST_CASE("alerts: reader and schema agree on damaged ones") {
  const test_support::SchemaCheck check(test_support::read_schema("alert"));
  std::mt19937 random(5);
  int accepted = 0, refused_by_both = 0;
  const auto examples = test_support::schema_examples("valid", "alert");
  for (int round = 0; round < 1500; ++round) {
    const json damaged = test_support::mutated(examples[random() % examples.size()], random);
    const std::string text =
        ledger::canonicalize(damaged.dump(-1, ' ', false, json::error_handler_t::replace)).value();
    const auto read = ledger::parse_alert(text);
    const bool schema = check.accepts(json::parse(text));
    INFO(text);
    if (read) {
      CHECK(schema);
      ++accepted;
    } else if (!schema) {
      ++refused_by_both;
    } else {
      const std::string& reason = read.error().reason;
      INFO(reason);
      const bool about_notes = reason.find("note") != reason.npos ||
                               reason.find("checkpoint: ") != reason.npos ||
                               reason.find("belong where the sizes differ") != reason.npos;
      CHECK((about_notes || test_support::only_beyond_regular_expressions(damaged)));
    }
  }
  CHECK(accepted > 30);
  CHECK(refused_by_both > 150);
}
