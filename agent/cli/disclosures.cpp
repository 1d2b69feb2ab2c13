// Who was given or refused what: the audit trail as a table, as JSON, as FHIR AuditEvents, or as a page for a
// patient; and what is too old deleted.
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/cli/arguments.h"
#include "agent/cli/commands.h"
#include "agent/cli/daemon_call.h"
#include "agent/cli/failure.h"
#include "agent/cli/output.h"
#include "agent/cli/patient.h"
#include "agent/config/units.h"
#include "agent/core/consent.h"
#include "agent/core/fhir/audit_event.h"
#include "agent/core/fhir/audit_report.h"

namespace edge::cli {
namespace {

using nlohmann::json;

struct Options {
  std::optional<std::string> patient;
  std::string peer, since, until, ndjson, html;
  std::string before, older_than;
  bool dry_run = false;
};

// Of standard input or a file: what stands in an argument, everybody on the machine can read.
fhir::Identifier patient_of(const std::string& argument) {
  if (argument == "-") return patient_argument(argument);
  std::ifstream file(argument);
  std::string line;
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(argument, ignored) || !std::getline(file, line))
    throw Failure(EX_USAGE, "--patient is -, for standard input, or a file that holds the identifier",
                  "echo 'SYSTEM|VALUE' | ehr-agent disclosures --patient -");
  if (line.ends_with('\r')) line.pop_back();
  return patient_argument(line == "-" ? "" : line);
}

// A file that appears whole, or standard output.
class Sink {
 public:
  explicit Sink(const std::string& name) {
    if (name != "-") file_ = std::make_unique<AtomicFile>(name);
  }
  void write(std::string_view text) {
    if (file_) return file_->write(text);
    std::cout << text;
  }
  void finish() {
    if (file_) file_->commit();
  }

 private:
  std::unique_ptr<AtomicFile> file_;
};

fhir::ReportTime report_time(ledger::TimePoint time) {
  const std::time_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  std::tm parts{};
  std::array<char, 64> text{};
  if (::localtime_r(&seconds, &parts) == nullptr)
    return {ledger::format_time(time), ledger::format_time(time)};
  const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S %Z", &parts);
  return {std::string(text.data(), size), ledger::format_time(time)};
}

std::string limits_text(const Options& options) {
  std::string out;
  const auto add = [&out](const char* word, const std::string& value) {
    if (!value.empty()) out += (out.empty() ? "" : ", ") + std::string(word) + value;
  };
  add("with ", options.peer);
  add("since ", options.since);
  add("until ", options.until);
  return out;
}

std::vector<std::string> table_row(const fhir::AuditRecord& record) {
  const std::string entry = record.ledger ? std::to_string(record.ledger->index) : "";
  std::string why = record.kind == fhir::AuditKind::kRefused ? record.reason : record.rule;
  if (record.break_glass) {  // the rule may be that word and nothing else
    why += (why == ruling_text(Ruling::kBreakGlass) ? " (entry " : " (break-glass, entry ") +
           std::to_string(*record.break_glass) + ")";
  }
  if (!record.doubt.empty()) why += (why.empty() ? "" : "; ") + record.doubt;
  return {ledger::format_time(record.time),
          record.peer,
          std::string(fhir::audit_kind_text(record.kind)),
          record.operation,
          record.purpose,
          entry,
          why};
}

// The rows as they come, into every form that was asked for.
class Listing {
 public:
  Listing(const Options& options, std::optional<fhir::Identifier> patient)
      : options_(options), patient_(std::move(patient)) {
    if (!options.ndjson.empty()) ndjson_.emplace(options.ndjson);
    if (!options.html.empty()) html_.emplace(options.html);
    table_.push_back({"time", "peer", "outcome", "operation", "purpose", "entry", "why"});
  }

  void take(std::string_view line, bool as_json) {
    const auto record = fhir::read_record(line);
    if (!record)
      throw Failure(EX_PROTOCOL, "the agent's answer is not understood",
                    "is the running agent of another version?");
    if (ndjson_) ndjson_->write(fhir::audit_event(*record) + '\n');
    if (html_) rows_ += fhir::report_row(*record, report_time(record->time));
    if (ndjson_ || html_) return;
    if (as_json) {  // as they come: a trail may be longer than what fits into memory
      std::cout << (listed_++ == 0 ? kListBegin : ",") << line;
    } else {
      table_.push_back(table_row(*record));
    }
  }

  void finish(const json& result, bool as_json) {
    const auto count = result.at("rows").get<std::size_t>();
    if (html_) {
      const auto now =
          std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
      html_->write(fhir::report_begin({result.value("name", ""), result.value("self", ""), patient_,
                                       limits_text(options_), report_time(now)}));
      html_->write(rows_);
      html_->write(fhir::report_end(count));
      html_->finish();
    }
    if (ndjson_) ndjson_->finish();
    if (ndjson_ || html_) return say_where(result, as_json);
    if (as_json) {
      std::cout << (listed_ == 0 ? kListBegin : "") << "]}\n";
      return;
    }
    if (count == 0) {
      std::cout << "no disclosures on record\n";
      return;
    }
    print_table(table_);
  }

 private:
  void say_where(const json& result, bool as_json) const {
    if (options_.ndjson == "-" || options_.html == "-") return;
    if (as_json) return print_json({{"rows", result.at("rows")}});
    for (const auto& file : {options_.ndjson, options_.html})
      if (!file.empty()) std::cout << file << ": " << result.at("rows") << " rows\n";
  }

  const Options& options_;
  std::optional<fhir::Identifier> patient_;
  std::optional<Sink> ndjson_, html_;
  std::string rows_;
  static constexpr const char* kListBegin = R"({"disclosures":[)";
  std::size_t listed_ = 0;
  std::vector<std::vector<std::string>> table_;
};

void list(const Options& options, const Common& common) {
  if (options.ndjson == "-" && options.html == "-")
    throw Failure(EX_USAGE, "only one of --ndjson and --html can be standard output");
  json call{{"command", "disclosures.list"}};
  if (!options.peer.empty()) call["peer"] = checked_peer("--peer", options.peer);
  if (!options.since.empty()) call["since"] = moment("--since", options.since, false);
  if (!options.until.empty()) call["until"] = moment("--until", options.until, true);
  const Config config = common.load();
  std::optional<fhir::Identifier> patient;
  std::optional<std::string> frame;
  if (options.patient) {
    patient = patient_of(*options.patient);
    call["of_patient"] = true;
    frame = json{{"system", patient->system}, {"value", patient->value}}.dump();
  }
  Listing listing(options, patient);
  CallHandlers handlers;
  handlers.data = [&](std::string_view lines) {
    for (std::size_t at = 0; at < lines.size();) {
      const auto end = std::min(lines.find('\n', at), lines.size());
      listing.take(lines.substr(at, end - at), common.json);
      at = end + 1;
    }
  };
  listing.finish(Daemon(config).call(call, frame, handlers), common.json);
}

void prune(const Options& options, const Common& common) {
  if (options.before.empty() == options.older_than.empty())
    throw Failure(EX_USAGE, "say which: --before DATE, or --older-than DURATION");
  json call{{"command", "disclosures.prune"}, {"dry_run", options.dry_run}};
  if (!options.before.empty()) {
    call["before"] = moment("--before", options.before, false);
  } else {
    const auto age = parse_duration(options.older_than);
    if (!age) throw Failure(EX_USAGE, "--older-than must be a duration, as 3650d or 24h");
    const auto now =
        std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    call["before"] = ledger::format_time(now - *age);
  }
  const json result = Daemon(common.load()).call(call);
  if (common.json) {
    print_json(result);
  } else {
    std::cout << (options.dry_run ? "would delete " : "deleted ") << result.at("rows") << " rows from before "
              << result.at("before").get<std::string>() << ", " << result.at("salts") << " salts, "
              << result.at("patients") << " names of patients, " << result.at("break_glass")
              << " reviewed uses of break-glass\n";
    if (result.at("kept_unreviewed") != 0)
      std::cout << result.at("kept_unreviewed")
                << " older rows stay: uses of break-glass that nobody has reviewed\n";
  }
  if (!result.value("wal_truncated", true))
    throw Failure(EX_TEMPFAIL,
                  "somebody who reads the database keeps its write-ahead log from being truncated; what was "
                  "deleted is still in it",
                  "prune again, or wait: the agent tries every minute");
}

void add_prune(CLI::App& noun, Common& common) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(noun, common, "prune", "Delete old rows, their salts and the names in them",
                              "ehr-agent disclosures prune --older-than 3650d --dry-run");
  command->add_option("--before", options->before, "Rows from before then")->type_name("DATE");
  command->add_option("--older-than", options->older_than, "Rows older than that, as 3650d")
      ->type_name("DURATION");
  command->add_flag("--dry-run", options->dry_run, "Only count what would be deleted");
  command->callback([options, &common] { prune(*options, common); });
}

}  // namespace

void add_disclosures(CLI::App& root, Common& common) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(
      root, common, "disclosures", "Who was given or refused whose record, when and why",
      "echo 'http://hospital.example/mrn|12345' | ehr-agent disclosures --patient - --html report.html");
  command
      ->add_option("--patient", options->patient,
                   "Only this patient's: - to read `system|value` (or a value alone) from standard input, or "
                   "a file that holds it")
      ->type_name("-|FILE");
  command->add_option("--peer", options->peer, "Only what was exchanged with this agent")
      ->type_name("ADDRESS");
  command->add_option("--since", options->since, "From when")->type_name("DATE");
  command->add_option("--until", options->until, "Until when; the day, month or second named is part of it")
      ->type_name("DATE");
  command
      ->add_option("--ndjson", options->ndjson,
                   "Write FHIR R4 AuditEvents, one a line; - for standard output")
      ->type_name("FILE");
  command->add_option("--html", options->html, "Write a page to read and print; - for standard output")
      ->type_name("FILE");
  add_prune(*command, common);
  command->callback([options, command, &common] {
    if (command->get_subcommands().empty()) list(*options, common);
  });
}

}  // namespace edge::cli
