#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/cli/bundle_check.h"
#include "agent/cli/bundle_output.h"
#include "agent/cli/commands.h"
#include "agent/cli/daemon_call.h"
#include "agent/cli/failure.h"
#include "agent/cli/federation_files.h"
#include "agent/cli/progress.h"
#include "agent/core/fhir/render.h"
#include "ledger-client/core/federation_document.h"

namespace edge::cli {
namespace {

constexpr std::uint64_t kMaxBundle = 256u << 20;
constexpr std::uint64_t kMaxProof = 1u << 20;

struct VerifyOptions {
  fs::path file;
  std::optional<fs::path> proof, ca, federation, log;
};

ledger::Federation read_federation(const fs::path& file) {
  auto parsed = ledger::open_first(read_whole(file, ledger::kMaxFederationTextBytes), std::nullopt);
  if (!parsed) throw Failure(EX_CONFIG, file.string() + ": " + parsed.error().reason);
  return parsed->federation();
}

// What the command line names; without either, what this machine's configuration names.
Trust trust_of(const VerifyOptions& options, const Common& common) {
  Trust trust;
  trust.ca = options.ca;
  if (options.federation) trust.federation = read_federation(*options.federation);
  if (trust.ca || trust.federation) {
    if (trust.ca && !fs::exists(*trust.ca))
      throw Failure(EX_NOINPUT, trust.ca->string() + ": there is no such file");
    return trust;
  }
  const char* hint = "name the federation's CA with --ca, or its document with --federation";
  const auto config = load_config(config_path(common.config));
  if (!config && common.config)
    static_cast<void>(common.load());  // throws: the file that was named has problems
  if (!config) throw Failure(EX_USAGE, "nothing says whose signatures count", hint);
  if (fs::exists(config->mqtt.ca)) trust.ca = config->mqtt.ca;
  // The version in force: what was revoked since the first one matters here.
  if (fs::exists(config->federation.file))
    trust.federation = read_in_force(std::nullopt, common).federation();
  trust.state_dir = config->agent.state_dir;
  if (!trust.ca && !trust.federation)
    throw Failure(EX_CONFIG, "neither CA nor federation document of the configuration is there", hint);
  return trust;
}

nlohmann::ordered_json to_json(const BundleReport& report) {
  return {{"type", report.type},  {"entries", report.entries},     {"signer", report.signer},
          {"key", report.key_id}, {"signed_at", report.signed_at}, {"vouched_by", report.vouched_by}};
}

nlohmann::ordered_json to_json(const ProofReport& proof) {
  nlohmann::ordered_json out{{"from", proof.from},
                             {"to", proof.to},
                             {"request", proof.request},
                             {"issued", proof.issued},
                             {"bytes", proof.bytes}};
  if (proof.anchor_checked)
    out["anchor"] = {{"origin", proof.origin},
                     {"index", proof.index},
                     {"size", proof.checkpoint_size},
                     {"cosignatures", proof.cosignatures},
                     {"state", proof.witnessed ? "witnessed" : "signed"}};
  return out;
}

void print(const BundleReport& report, const std::optional<ProofReport>& proof) {
  std::string vouched;
  for (const auto& one : report.vouched_by) vouched += (vouched.empty() ? "" : " and ") + one;
  std::cout << "structure    good: " << report.type << " of " << report.entries << " entries\n"
            << "values       good: signed by " << report.signer << " (" << report.key_id << ") at "
            << printable(report.signed_at) << ", its key by " << vouched << '\n';
  if (!proof) {
    std::cout << "exact bytes  not checked: no proof file\nanchor       not checked: no proof file\n";
    return;
  }
  std::cout << "exact bytes  good: the " << proof->bytes << " bytes " << proof->from << " sent to "
            << proof->to << " for request " << proof->request << '\n';
  if (proof->anchor_checked)
    std::cout << "anchor       good: entry " << proof->index << " of " << proof->origin
              << ", in its signed checkpoint of size " << proof->checkpoint_size << ", "
              << proof->cosignatures << (proof->cosignatures == 1 ? " witness" : " witnesses") << ": "
              << (proof->witnessed ? "witnessed" : "signed") << '\n';
  else
    std::cout
        << "anchor       not checked: the log's key is in the federation document alone (--federation)\n";
}

void print(const std::string& key_id, const KeyStanding& standing) {
  const std::string as_of = " (the signer's log up to entry " + std::to_string(standing.log_size) + ")";
  if (standing.suspect)
    std::cout << "key          SUSPECT: " << key_id << " was " << standing.reason << as_of << '\n';
  else
    std::cout << "key          good: " << key_id << " counted then" << as_of << '\n';
}

void verify(const VerifyOptions& options, const Common& common) {
  const Trust trust = trust_of(options, common);
  const std::string bundle = read_file_or_input(options.file, kMaxBundle);
  const auto report = check_signed_bundle(bundle, trust);
  std::optional<ProofReport> proof;
  const fs::path beside = options.file.string() + ".proof";
  if (options.proof || (options.file != "-" && fs::exists(beside)))
    proof = check_proof(bundle, read_whole(options.proof.value_or(beside), kMaxProof), report, trust);
  if (options.log && !trust.federation)
    throw Failure(EX_USAGE, "--log needs the federation document, which has the log's key",
                  "--federation FILE");
  const auto log =
      !options.log && trust.state_dir && proof ? kept_log(*trust.state_dir, *proof) : options.log;
  std::optional<KeyStanding> standing;
  std::string not_checked;
  if (log && trust.federation)
    standing = check_key_standing(*log, report, proof, *trust.federation);
  else
    not_checked = check_key_without_log(report, proof, trust.federation);
  // A bundle that has just come is ahead of the replicas.
  if (!log && trust.state_dir && proof && proof->anchor_checked)
    not_checked +=
        "; no copy here that this user may read holds entry " + std::to_string(proof->index) + " yet";
  if (!common.json) {
    print(report, proof);
    if (standing)
      print(report.key_id, *standing);
    else
      std::cout << "key          not checked: " << not_checked << '\n';
    return;
  }
  nlohmann::ordered_json out{{"ok", true}, {"values", to_json(report)}};
  if (proof) out["exact_bytes"] = to_json(*proof);
  if (standing)
    out["key"] = {
        {"suspect", standing->suspect}, {"reason", standing->reason}, {"log_size", standing->log_size}};
  std::cout << out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

void show(const fs::path& file, bool html, const std::optional<fs::path>& output, const Common& common) {
  const std::string bundle = read_file_or_input(file, kMaxBundle);
  const auto shown = html ? fhir::render_html(bundle) : fhir::render_text(bundle);
  if (!shown) throw Failure(EX_DATAERR, name_of(file) + ": " + shown.error().reason);
  const bool to_file = output && *output != "-";
  if (to_file) {
    AtomicFile out(*output);
    out.write(*shown);
    out.commit();
  } else if (!common.json) {
    std::cout << *shown;
  }
  if (!common.json) return;
  nlohmann::json told;
  to_file ? told["file"] = output->string() : told[html ? "html" : "text"] = *shown;
  print_json(told);
}

void open(const std::string& id, const std::optional<fs::path>& file, const Common& common) {
  Daemon daemon(common.load());
  BundleOutput output(file, common.json);
  Progress bar;
  CallHandlers handlers;
  handlers.data = [&](std::string_view bytes) { output.write(bytes); };
  handlers.progress = [&](const nlohmann::json& now) {
    bar.update(now.value("state", ""), now.value("bytes", std::uint64_t{0}),
               now.value("total", std::uint64_t{0}));
  };
  const auto result = daemon.call({{"command", "bundle.open"}, {"id", id}}, {}, handlers);
  bar.clear();
  output.finish(result);
}

}  // namespace

void add_bundle(CLI::App& root, Common& common) {
  auto* noun = add_noun(root, "bundle", "Bundles that came");

  auto* verifies = add_command(*noun, common, "verify",
                               "Check a bundle offline: structure, values, exact bytes, ledger entry",
                               "ehr-agent bundle verify bundle.json --federation federation.json");
  auto options = std::make_shared<VerifyOptions>();
  verifies->add_option("FILE", options->file, "The bundle, or - for standard input")->required();
  verifies->add_option("--proof", options->proof, "Its proof (else FILE.proof, if that is there)")
      ->type_name("FILE");
  verifies->add_option("--ca", options->ca, "The CA whose certificates count")->type_name("FILE");
  verifies->add_option("--federation", options->federation, "The federation document whose keys count")
      ->type_name("FILE");
  verifies
      ->add_option("--log", options->log,
                   "The signer's log, a database or exported folder: where it ended the signing key")
      ->type_name("PATH");
  verifies->callback([options, &common] { verify(*options, common); });

  auto* shows = add_command(*noun, common, "show",
                            "Show a bundle as readable text, or as a page; it is not verified by that",
                            "ehr-agent bundle show bundle.json --html -o bundle.html");
  auto shown = std::make_shared<fs::path>();
  auto html = std::make_shared<bool>(false);
  auto page = std::make_shared<std::optional<fs::path>>();
  shows->add_option("FILE", *shown, "The bundle, or - for standard input")->required();
  shows->add_flag("--html", *html, "A page instead of text");
  shows->add_option("-o,--output", *page, "File for it (else standard output)")->type_name("FILE");
  shows->callback([shown, html, page, &common] { show(*shown, *html, *page, common); });

  auto* opens = add_command(*noun, common, "open", "Read a bundle again that an earlier request received",
                            "ehr-agent bundle open 01932c07-8a5e-7cc1-9f0e-0123456789ab -o bundle.json");
  auto id = std::make_shared<std::string>();
  auto file = std::make_shared<std::optional<fs::path>>();
  opens->add_option("ID", *id, "Id of the request")->required();
  opens->add_option("-o,--output", *file, "File for the bundle (else standard output)")->type_name("FILE");
  opens->callback([id, file, &common] { open(*id, *file, common); });
}

}  // namespace edge::cli
