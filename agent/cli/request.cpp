#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/cli/arguments.h"
#include "agent/cli/bundle_output.h"
#include "agent/cli/commands.h"
#include "agent/cli/daemon_call.h"
#include "agent/cli/failure.h"
#include "agent/cli/output.h"
#include "agent/cli/patient.h"
#include "agent/cli/progress.h"
#include "agent/config/checks.h"
#include "agent/core/fhir/section_names.h"
#include "agent/core/purpose.h"
#include "agent/core/request.h"
#include "ledger-client/core/plain_text.h"

namespace edge::cli {
namespace {

constexpr std::chrono::seconds kGrace{5};

struct Options {
  std::string peer, patient, purpose = "TREAT", reason, reason_file, timeout;
  std::vector<std::string> sections;
  bool everything = false;
  std::optional<fs::path> output;
};

void check_sections(const std::vector<std::string>& wanted) {
  std::vector<std::string> names;
  names.reserve(fhir::kSectionNames.size());
  for (const auto& [section, name] : fhir::kSectionNames) names.emplace_back(name);
  for (const auto& one : wanted) {
    if (fhir::section_from_name(one)) continue;
    const std::string meant = config_detail::closest(one, names);
    std::string all;
    for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
    throw Failure(EX_USAGE, "there is no section `" + one + "`",
                  meant.empty() ? "sections: " + all : "did you mean `" + meant + "`?");
  }
}

nlohmann::json to_call(const Options& options, const std::optional<std::chrono::milliseconds>& timeout) {
  nlohmann::json out{
      {"command", "request"}, {"peer", checked_peer("PEER", options.peer)}, {"purpose", options.purpose}};
  if (!options.sections.empty()) out["sections"] = options.sections;
  if (options.everything) out["operation"] = "everything";
  if (!options.reason.empty()) out["reason"] = options.reason;
  if (timeout) out["timeout_ms"] = timeout->count();
  return out;
}

// A reason may tell about the patient, and a command line is seen by everybody on the machine. From standard
// input it is what follows the patient's line.
std::string reason_from(const std::string& file) {
  const std::string text =
      without_line_end(file == "-" ? read_input(kMaxReasonBytes + 1) : read_whole(file, kMaxReasonBytes));
  if (!ledger::says_something(text) || text.size() > kMaxReasonBytes)
    throw Failure(EX_USAGE,
                  "the reason must have 1 to " + std::to_string(kMaxReasonBytes) + " bytes, not only blanks");
  return text;
}

// The agent hands a verified bundle out and then records it. Who asked goes on when both are done, as far as
// that can be: what is in the way of the record does not take the bundle back.
void wait_for_record(Daemon& daemon, const nlohmann::json& result) {
  const std::string id = result.at("id");
  if (daemon.call({{"command", "request.settle"}, {"id", id}}).value("settled", false)) return;
  std::cerr << "warning: the bundle is here, but the agent could not record it yet; `ehr-agent queue show "
            << id << "` tells when it has\n";
}

void request(const Options& options, const Common& common) {
  if (!options.reason.empty() && !options.reason_file.empty())
    throw Failure(EX_USAGE, "--reason and --reason-file exclude each other");
  if (options.purpose == kEmergency && !ledger::says_something(options.reason) && options.reason_file.empty())
    throw Failure(EX_USAGE, "ETREAT needs a reason in words", "--reason TEXT, or --reason-file FILE");
  check_purpose(options.purpose);
  check_sections(options.sections);
  const auto timeout = parsed_timeout(options.timeout);
  auto call = to_call(options, timeout);
  const Config config = common.load();
  const auto patient = patient_argument(options.patient);
  if (!options.reason_file.empty()) call["reason"] = reason_from(options.reason_file);
  // The identifier travels apart from the call, so that a log of calls holds no patient.
  nlohmann::json identifier{{"value", patient.value}};
  if (!patient.system.empty()) identifier["system"] = patient.system;

  Daemon daemon(config);
  BundleOutput output(options.output, common.json);
  Progress bar;
  bar.update("asking " + options.peer, 0, 0);
  CallHandlers handlers;
  handlers.progress = [&](const nlohmann::json& now) {
    bar.update(now.value("state", ""), now.value("bytes", std::uint64_t{0}),
               now.value("total", std::uint64_t{0}));
  };
  handlers.data = [&](std::string_view bytes) {
    bar.clear();
    output.write(bytes);
  };
  // The agent answers at the timeout, naming the request; only an agent that hangs is left without a word.
  const auto patience = timeout ? std::optional(*timeout + kGrace) : std::nullopt;
  const auto result = daemon.call(call, identifier.dump(), handlers, patience);
  bar.clear();
  output.finish(result);
  wait_for_record(daemon, result);
}

}  // namespace

void add_request(CLI::App& root, Common& common) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(
      root, common, "request", "Ask a peer for a patient's bundle; it is verified before it is handed out",
      "echo 'http://hospital.example/mrn|12345' | ehr-agent request 10.20.0.6 - -o bundle.json");
  command->add_option("PEER", options->peer, "IP address of the agent to ask")->required();
  command
      ->add_option("PATIENT", options->patient,
                   "`system|value`, a value alone where it is unique, or - to read it from standard input")
      ->required();
  command->add_option("--purpose", options->purpose, "HL7 PurposeOfUse")
      ->type_name("CODE")
      ->capture_default_str();
  command
      ->add_option("--sections", options->sections,
                   "Only these sections, separated by commas (required ones always come)")
      ->delimiter(',')
      ->type_name("NAMES");
  command->add_flag("--everything", options->everything, "All records of the patient instead of the summary");
  command->add_option("--reason", options->reason, "Why, in words; ETREAT needs it")->type_name("TEXT");
  command
      ->add_option("--reason-file", options->reason_file,
                   "The same from a file, or from standard input (-): out of sight of the list of processes")
      ->type_name("FILE");
  command
      ->add_option("-o,--output", options->output,
                   "File for the bundle (else standard output); its proof goes to FILE.proof")
      ->type_name("FILE");
  command->add_option("--timeout", options->timeout, "Wait at most this long, as 30s")->type_name("DURATION");
  command->callback([options, &common] { request(*options, common); });
}

}  // namespace edge::cli
