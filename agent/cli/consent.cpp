// Consents: what the running agent keeps and decides by. Patients and documents travel in data frames.
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/cli/arguments.h"
#include "agent/cli/commands.h"
#include "agent/cli/daemon_call.h"
#include "agent/cli/failure.h"
#include "agent/cli/output.h"
#include "agent/cli/patient.h"
#include "agent/core/fhir/consent_form.h"

namespace edge::cli {
namespace {

using nlohmann::json;

struct Options {
  std::string patient, peer, id, from, to, time, operation, purpose = "TREAT", signature, key;
  std::vector<std::string> peers, groups, purposes, sections;
  fs::path file;
  bool deny = false, all = false, everything = false, reason = false;
};
using Shared = std::shared_ptr<Options>;

// `any`, or an identifier as elsewhere.
std::string patient_frame(const std::string& argument) {
  if (argument == "any") return R"({"any":true})";
  const auto patient = patient_argument(argument);
  json out{{"value", patient.value}};
  if (!patient.system.empty()) out["system"] = patient.system;
  return out.dump();
}

json rule_call(const Options& options) {
  json call{{"command", "consent.grant"}, {"deny", options.deny}};
  if (!options.peers.empty()) call["peers"] = options.peers;
  if (!options.groups.empty()) call["groups"] = options.groups;
  if (!options.purposes.empty()) call["purposes"] = options.purposes;
  if (!options.sections.empty()) call["sections"] = options.sections;
  if (!options.from.empty()) call["from"] = moment("--from", options.from, false);
  if (!options.to.empty()) call["to"] = moment("--to", options.to, true);
  return call;
}

// Lists of words as a person writes them.
json readable(const json& row) {
  json out = row;
  for (auto& [name, value] : out.items()) {
    if (value.is_object() || (value.is_array() && !value.empty() && value.front().is_object())) {
      for (auto& item : value) item = readable(item);
    } else if (value.is_array()) {
      std::string text;
      for (const auto& word : value) text += (text.empty() ? "" : ", ") + word.get<std::string>();
      value = text;
    }
  }
  return out;
}

void show_row(const json& row, const Common& common) {
  common.json ? print_json(row) : print_readable(readable(row));
}

// What was recorded, and what the person who did should know of the others in force.
void show_recorded(const json& row, const Common& common) {
  show_row(row, common);
  if (common.json) return;
  const auto warn = [](const std::string& text) { std::cerr << "warning: " << printable(text) << '\n'; };
  if (const json given = row.value("still_given", json::array()); !given.empty()) {
    const std::size_t count = given.size() + row.value("still_given_more", std::size_t{0});
    warn(std::to_string(count) + (count == 1 ? " permit still gives" : " permits still give") +
         " something beside this denial; to end one: ehr-agent consent revoke " +
         given.front().at("consent").get<std::string>());
  }
  for (const json& id : row.value("denied_by", json::array()))
    warn("this permit gives nothing: consent " + id.get<std::string>() +
         " denies all of it; to end that: ehr-agent consent revoke " + id.get<std::string>());
  for (const json& id : row.value("exception_to", json::array()))
    warn("this permit is an exception to the denial of consent " + id.get<std::string>());
}

void grant(const Options& options, const Common& common) {
  // "Any member" and "any purpose" are what somebody says, not what somebody forgot.
  const bool any = std::find(options.peers.begin(), options.peers.end(), "any") != options.peers.end();
  const bool any_purpose =
      std::find(options.purposes.begin(), options.purposes.end(), "any") != options.purposes.end();
  if ((any && options.peers.size() + options.groups.size() > 1) ||
      (any_purpose && options.purposes.size() > 1))
    throw Failure(EX_USAGE, "`any` stands alone");
  if (options.peers.empty() && options.groups.empty())
    throw Failure(EX_USAGE, "say who: --peer ADDRESS, --group NAME, or --peer any");
  if (options.purposes.empty()) throw Failure(EX_USAGE, "say what for: --purpose TREAT, or --purpose any");
  Options exact = options;
  if (any) exact.peers.clear();
  if (any_purpose) exact.purposes.clear();
  for (const std::string& purpose : exact.purposes) check_purpose(purpose);
  const json call = rule_call(exact);
  const Config config = common.load();
  const std::string patient = patient_frame(options.patient);
  show_recorded(Daemon(config).call(call, patient), common);
}

void import(const Options& options, const Common& common) {
  const std::string text = read_file_or_input(options.file, fhir::kMaxConsentBytes);
  json call{{"command", "consent.import"}};
  if (options.signature.empty() != options.key.empty())
    throw Failure(EX_USAGE, "--signature and --patient-key belong together");
  if (!options.signature.empty()) {
    call["signature"] = without_line_end(read_whole(options.signature, 64 * 1024));
    call["key"] = options.key;
  }
  try {
    show_recorded(Daemon(common.load()).call(call, text), common);
  } catch (const Failure& failure) {
    if (failure.status() != EX_DATAERR) throw;
    throw Failure(EX_DATAERR, name_of(options.file) + ": " + failure.what(), failure.hint());
  }
}

void list(const Options& options, const Common& common) {
  json call{{"command", "consent.list"}, {"all", options.all}};
  std::optional<std::string> patient;
  if (!options.patient.empty()) {
    call["of_patient"] = true;
    patient = patient_frame(options.patient);
  }
  const auto result = Daemon(common.load()).call(call, patient);
  if (common.json) return print_json(result);
  const json& rows = result.at("consents");
  if (rows.empty()) {
    std::cout << "no consents\n";
    return;
  }
  for (const json& row : rows) {
    print_readable(readable(row));
    std::cout << '\n';
  }
}

void with_id(const std::string& command, const Options& options, const Common& common) {
  show_row(Daemon(common.load()).call({{"command", command}, {"id", options.id}}), common);
}

void export_one(const Options& options, const Common& common) {
  std::string document;
  CallHandlers handlers;
  handlers.data = [&](std::string_view bytes) { document += bytes; };
  const auto result =
      Daemon(common.load()).call({{"command", "consent.export"}, {"id", options.id}}, {}, handlers);
  if (common.json) {
    json out = result;
    out["consent"] = json::parse(document);
    return print_json(out);
  }
  std::cout << document << '\n';
}

void explain(const Options& options, Common& common) {
  check_purpose(options.purpose);
  json call{{"command", "consent.explain"},
            {"peer", checked_peer("PEER", options.peer)},
            {"purpose", options.purpose},
            {"everything", options.everything},
            {"reason_given", options.reason}};
  if (!options.sections.empty()) call["sections"] = options.sections;
  if (!options.time.empty()) call["time"] = moment("--time", options.time, false);
  const Config config = common.load();
  const auto result = Daemon(config).call(call, patient_frame(options.patient));
  show_row(result, common);
}

constexpr const char* kPatientHelp =
    "`system|value`, a value alone where it is unique, - to read it from standard input";

void add_grant(CLI::App& noun, Common& common) {
  auto options = std::make_shared<Options>();
  auto* command =
      add_command(noun, common, "grant", "Permit (or --deny) what peers ask for; anchored, at once",
                  "ehr-agent consent grant --patient any --peer 10.20.0.6 --purpose TREAT");
  command
      ->add_option("--patient", options->patient,
                   std::string(kPatientHelp) + ", or `any`: the hospital's policy for all patients")
      ->required();
  command->add_option("--peer", options->peers, "Addresses that may ask; `any`: every member")
      ->delimiter(',');
  command->add_option("--group", options->groups, "Groups of the configuration ([[group]])")->delimiter(',');
  command->add_option("--purpose", options->purposes, "HL7 PurposeOfUse codes; `any`: every purpose")
      ->delimiter(',')
      ->type_name("CODES");
  command->add_option("--sections", options->sections, "Only these sections (else all)")
      ->delimiter(',')
      ->type_name("NAMES");
  command->add_option("--from", options->from, "From when")->type_name("DATE");
  command->add_option("--to", options->to, "Until when; the day, month or second named is part of it")
      ->type_name("DATE");
  command->add_flag("--deny", options->deny, "Deny instead of permitting");
  command->callback([options, &common] { grant(*options, common); });
}

void add_import(CLI::App& noun, Common& common) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(noun, common, "import", "Take over a FHIR R4 Consent",
                              "ehr-agent consent import consent.json");
  command->add_option("FILE", options->file, "A Consent resource as JSON, or - for standard input")
      ->required();
  command
      ->add_option("--signature", options->signature,
                   "File with the patient's detached JWS over the consent's canonical JSON")
      ->type_name("FILE");
  command->add_option("--patient-key", options->key, "The patient's Ed25519 public key, base64url")
      ->type_name("KEY");
  command->callback([options, &common] { import(*options, common); });
}

void add_list(CLI::App& noun, Common& common) {
  auto options = std::make_shared<Options>();
  auto* command =
      add_command(noun, common, "list", "List the consents in force", "ehr-agent consent list --all");
  command->add_option("--patient", options->patient,
                      std::string("Only those that concern this patient: ") + kPatientHelp);
  command->add_flag("--all", options->all, "Revoked and forgotten ones too");
  command->callback([options, &common] { list(*options, common); });
}

void add_by_id(CLI::App& noun, Common& common, const std::string& verb, const std::string& what) {
  auto options = std::make_shared<Options>();
  auto* command = add_command(noun, common, verb, what,
                              "ehr-agent consent " + verb + " 01932c07-8a5e-7cc1-9f0e-0123456789ab");
  command->add_option("ID", options->id, "Id of the consent, as `consent list` shows it")->required();
  command->callback([options, verb, &common] {
    verb == "export" ? export_one(*options, common) : with_id("consent." + verb, *options, common);
  });
}

void add_explain(CLI::App& noun, Common& common) {
  auto options = std::make_shared<Options>();
  auto* command =
      add_command(noun, common, "explain", "Say which rule decides a request, without sending anything",
                  "echo 'http://hospital.example/mrn|12345' | ehr-agent consent explain 10.20.0.6 -");
  command->add_option("PEER", options->peer, "IP address of the agent that would ask")->required();
  command->add_option("PATIENT", options->patient, kPatientHelp)->required();
  command->add_option("--purpose", options->purpose, "HL7 PurposeOfUse")
      ->type_name("CODE")
      ->capture_default_str();
  command->add_option("--sections", options->sections, "Sections it would ask for (else all)")
      ->delimiter(',')
      ->type_name("NAMES");
  command->add_option("--time", options->time, "When it would ask (else now)")->type_name("DATE");
  command->add_flag("--everything", options->everything, "It would ask for all records");
  command->add_flag("--with-reason", options->reason, "It would give a reason in words");
  command->callback([options, &common] { explain(*options, common); });
}

}  // namespace

void add_consent(CLI::App& root, Common& common) {
  auto* noun = add_noun(root, "consent", "Who may ask for what; nobody may until a consent says so");
  add_grant(*noun, common);
  add_by_id(*noun, common, "revoke", "End a consent at once, also for requests that wait");
  add_list(*noun, common);
  add_import(*noun, common);
  add_by_id(*noun, common, "export", "Print a consent as the FHIR R4 resource that was anchored");
  add_explain(*noun, common);
  add_by_id(*noun, common, "forget",
            "Delete a revoked consent's text and salts: nothing links it to anybody");
}

}  // namespace edge::cli
