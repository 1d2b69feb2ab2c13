// The embedded HIS, worked on directly: the store takes a writer beside a running agent's readers.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "agent/adapters/his/sqlite_store.h"
#include "agent/cli/commands.h"
#include "agent/cli/daemon_call.h"
#include "agent/cli/failure.h"
#include "agent/cli/input_copy.h"
#include "agent/cli/output.h"
#include "agent/cli/patient.h"
#include "agent/cli/progress.h"
#include "agent/core/fhir/section_names.h"

namespace edge::cli {
namespace {

constexpr std::uint64_t kMaxInputBytes = 512ULL << 20U;  // it is kept in memory, for it is read twice

// What root imports must stay readable for the service: the file belongs to whom its folder belongs to
// (SQLite's own files follow).
void own_like_folder(const fs::path& database) {
  struct stat folder {};
  if (::geteuid() != 0 || fs::exists(database) || ::stat(database.parent_path().c_str(), &folder) != 0)
    return;
  const int made = ::open(database.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made < 0) throw std::system_error(errno, std::generic_category(), database.string());
  const int owned = ::fchown(made, folder.st_uid, folder.st_gid);
  ::close(made);
  if (owned != 0) throw std::system_error(errno, std::generic_category(), database.string());
}

his::SqliteStore open_for_writing(const Config& config) {
  fs::create_directories(config.his.database.parent_path());
  own_like_folder(config.his.database);
  return his::SqliteStore(config.his.database);
}

his::SqliteStore open_existing(const Config& config) {
  if (!fs::exists(config.his.database))
    throw Failure(EX_NOINPUT, config.his.database.string() + ": there is no such database",
                  "`ehr-agent his import` makes and fills it");
  return his::SqliteStore(config.his.database);
}

nlohmann::json to_json(const his::ImportProgress& progress) {
  return {{"files", progress.files},
          {"bytes", progress.bytes},
          {"stored", progress.stored},
          {"rejected", progress.rejected},
          {"unchanged", progress.unchanged_files}};
}

// Consents among what was imported count at once; an agent that does not run looks when it starts.
void tell_agent(const Config& config) {
  try {
    Daemon(config).call({{"command", "consent.sync"}});
  } catch (const Failure& failure) {
    if (failure.status() != EX_UNAVAILABLE)
      std::cerr << "warning: the agent was not told about consents: " << failure.what() << '\n';
  }
}

// Standard input where it is named among the paths; twice, it would be empty the second time.
std::unique_ptr<InputCopy> named_input(const std::vector<fs::path>& paths) {
  const auto times = std::count(paths.begin(), paths.end(), "-");
  if (times > 1) throw Failure(EX_USAGE, "- is standard input, and stands once");
  return times == 1 ? std::make_unique<InputCopy>(kMaxInputBytes) : nullptr;
}

void import(const std::vector<fs::path>& paths, Common& common) {
  for (const auto& path : paths)
    if (path != "-" && !fs::exists(path))
      throw Failure(EX_NOINPUT, path.string() + ": there is no such file or folder");
  const Config config = common.load();
  const auto input = named_input(paths);
  his::ImportOptions import_options;
  if (input) import_options.standard_input = input->path();
  auto store = open_for_writing(config);
  nlohmann::json rejected = nlohmann::json::array();
  std::uint64_t count = 0;
  Progress bar;
  const auto result = his::import_files(
      store, paths,
      [&](const his::ImportProgress& now) { bar.update("importing", now.bytes, now.total_bytes); },
      [&](const his::Rejected& one) {
        ++count;
        if (common.json) return rejected.push_back({{"place", one.place}, {"reason", one.reason}});
        bar.clear();
        std::cerr << "rejected: " << printable(one.place) << ": " << printable(one.reason) << '\n';
      },
      import_options);
  bar.clear();
  tell_agent(config);
  if (count > 0) common.status = EX_DATAERR;
  if (common.json) {
    auto out = to_json(result);
    out["problems"] = std::move(rejected);
    return print_json(out);
  }
  std::cout << counted(result.files, "file") << " (" << human_bytes(result.bytes) << "), "
            << counted(result.stored, "resource") << " stored, " << result.rejected << " rejected, "
            << counted(result.unchanged_files, "file") << " unchanged since the last import\n";
}

nlohmann::json identifiers_json(const std::vector<fhir::Identifier>& identifiers) {
  nlohmann::json out = nlohmann::json::array();
  for (const auto& one : identifiers) out.push_back({{"system", one.system}, {"value", one.value}});
  return out;
}

void list(std::size_t limit, const std::string& after, const Common& common) {
  const auto store = open_existing(common.load());
  const auto rows = store.list(after, limit);
  if (common.json) {
    for (const auto& row : rows)  // one object a line: lists may be long
      print_json({{"key", row.key},
                  {"name", row.name},
                  {"birthDate", row.birth_date},
                  {"resources", row.resources},
                  {"identifiers", identifiers_json(row.identifiers)}});
    return;
  }
  if (rows.empty()) {
    std::cout << (after.empty() ? "no patients\n" : "no more patients\n");
    return;
  }
  std::vector<std::vector<std::string>> table{{"key", "name", "born", "resources", "identifier"}};
  for (const auto& row : rows)
    table.push_back({row.key, row.name, row.birth_date, std::to_string(row.resources),
                     row.identifiers.empty()
                         ? "-"
                         : row.identifiers.front().system + "|" + row.identifiers.front().value});
  print_table(table);
  if (rows.size() == limit)
    std::cerr << "more: ehr-agent his list --after '" << printable(rows.back().key) << "'\n";
}

std::string found_key(his::SqliteStore& store, const fhir::Identifier& identifier) {
  const auto found = store.find_here(identifier);
  if (const auto* one = std::get_if<PatientFound>(&found)) return one->key;
  if (std::holds_alternative<PatientAmbiguous>(found))
    throw Failure(EX_DATAERR, "more than one patient carries this identifier",
                  "give it with its system: `system|value`");
  throw Failure(EX_NOINPUT, "no patient carries this identifier", "`ehr-agent his list` shows who is there");
}

void show(const std::string& argument, const Common& common) {
  auto store = open_existing(common.load());
  const std::string key = found_key(store, patient_argument(argument));
  std::map<std::string, std::map<std::string, std::uint64_t>> kinds;  // kind → section → resources
  std::vector<fhir::Identifier> identifiers;
  std::map<std::pair<std::string, std::string>, std::uint64_t> left_out;  // kind, reason → resources
  store.stream(key, [&](fhir::Prepared&& one) {
    if (one.kind == "Patient" && one.key == key) identifiers = one.identifiers;
    const auto section = fhir::section_name(one.section);
    ++kinds[one.kind][section.empty() ? "-" : std::string(section)];
    if (!one.why_not.empty()) ++left_out[{one.kind, one.why_not}];
    return true;
  });
  nlohmann::json rows = nlohmann::json::array();
  for (const auto& [kind, sections] : kinds)
    for (const auto& [section, count] : sections)
      rows.push_back({{"kind", kind}, {"section", section}, {"count", count}});
  nlohmann::json unfit = nlohmann::json::array();
  for (const auto& [what, count] : left_out)
    unfit.push_back({{"kind", what.first}, {"reason", what.second}, {"count", count}});
  const nlohmann::json out{{"key", key},
                           {"identifiers", identifiers_json(identifiers)},
                           {"resources", rows},
                           {"not_in_documents", unfit}};
  common.json ? print_json(out) : print_readable(out);
}

void ping(const Common& common) {
  const Config config = common.load();
  const auto store = open_existing(config);
  const bool any = !store.list("", 1).empty();
  const auto unavailable = store.unavailable_kinds();
  if (common.json)
    return print_json({{"kind", config.his.kind},
                       {"database", config.his.database.string()},
                       {"patients", any},
                       {"unavailable", unavailable}});
  std::cout << config.his.kind << " store at " << config.his.database.string() << " answers; "
            << (any ? "it has patients" : "it is empty") << '\n';
}

}  // namespace

void add_his(CLI::App& root, Common& common) {
  auto* noun = add_noun(root, "his", "The hospital's records");
  auto* loads = add_command(*noun, common, "import",
                            "Load FHIR R4 bundles or resources (JSON, NDJSON, gzip of either; folders too)",
                            "ehr-agent his import /srv/exports/fhir");
  auto paths = std::make_shared<std::vector<fs::path>>();
  loads->add_option("PATH", *paths, "Files and folders; - is standard input")->required();
  loads->callback([paths, &common] { import(*paths, common); });

  auto* lists = add_command(*noun, common, "list", "List the patients", "ehr-agent his list --limit 20");
  auto limit = std::make_shared<std::size_t>(50);
  auto after = std::make_shared<std::string>();
  lists->add_option("--limit", *limit, "At most so many")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  lists->add_option("--after", *after, "Go on after this key");
  lists->callback([limit, after, &common] { list(*limit, *after, common); });

  auto* shows = add_command(*noun, common, "show", "Show what there is about a patient, in numbers",
                            "echo 'http://hospital.example/mrn|12345' | ehr-agent his show -");
  auto patient = std::make_shared<std::string>();
  shows
      ->add_option("PATIENT", *patient,
                   "`system|value`, a value alone where it is unique, or - to read it from standard input")
      ->required();
  shows->callback([patient, &common] { show(*patient, common); });

  add_command(*noun, common, "ping", "See whether the records can be reached", "ehr-agent his ping")
      ->callback([&common] { ping(common); });
}

}  // namespace edge::cli
