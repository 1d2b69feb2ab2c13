// `init`: folders, keys, the configuration file from the sample, the federation document. Run again it fills
// what is missing and touches nothing that is there.
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/adapters/key_files.h"
#include "agent/cli/commands.h"
#include "agent/cli/failure.h"
#include "agent/cli/output.h"
#include "agent/cli/sample.h"
#include "agent/core/secret.h"
#include "ledger-client/core/federation_document.h"
#include "ledger-client/core/federation_draft.h"

namespace edge::cli {
namespace {

const fs::path kDefaultDir = "/etc/ehr-agent";
constexpr const char* kUser = "ehr-agent";

struct Options {
  std::string address, name, broker;
  fs::path dir = kDefaultDir;
  std::optional<fs::path> state_dir, socket, federation;
  std::optional<std::string> sha256;
};

struct Done {
  Config config;
  std::vector<std::string> made;  // paths, in order
  bool joined = false;            // the federation document is in its place, and lists this agent
};

// What the sample says already stays commented out; everything else is set.
std::vector<Setting> settings_of(const Options& options) {
  std::vector<Setting> out{{"agent", "address", options.address}};
  if (!options.name.empty()) out.push_back({"agent", "name", options.name});
  if (!options.broker.empty()) out.push_back({"mqtt", "url", options.broker});
  if (options.dir != kDefaultDir) {
    out.push_back({"keys", "dir", "keys"});
    out.push_back({"federation", "file", "federation.json"});
  }
  if (options.state_dir) {
    const fs::path state = fs::absolute(*options.state_dir).lexically_normal();
    out.push_back({"agent", "state_dir", state.string()});
    out.push_back({"ledger", "guard", state.string() + "-guard/guard"});
    if (!options.socket) out.push_back({"control", "socket", (state / "control.sock").string()});
  }
  if (options.socket)
    out.push_back({"control", "socket", fs::absolute(*options.socket).lexically_normal().string()});
  return out;
}

// Of a file that is not written yet, the option is named that a setting came from.
[[noreturn]] void refuse_setting(const ConfigProblem& problem) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kOptions{
      {{"mqtt.url", "--broker"},
       {"agent.name", "--name"},
       {"agent.state_dir", "--state-dir"},
       {"ledger.guard", "--state-dir"},
       {"control.socket", "--socket"}}};
  for (const auto& [key, option] : kOptions)
    if (problem.key == key) throw Failure(EX_USAGE, std::string(option) + ": " + problem.what);
  throw Failure(EX_USAGE, to_text(problem));
}

void make_dir(const fs::path& dir, mode_t mode, std::vector<std::string>& made) {
  std::error_code error;
  if (fs::is_directory(dir, error)) return;
  fs::create_directories(dir.parent_path(), error);
  if (!error && ::mkdir(dir.c_str(), mode) != 0) error = {errno, std::generic_category()};
  if (error == std::errc::permission_denied) throw std::system_error(error, dir.string());
  if (error) throw Failure(EX_CANTCREAT, dir.string() + ": the folder can't be made: " + error.message());
  made.push_back(dir.string());
}

void make_file(const fs::path& file, std::string_view text, std::vector<std::string>& made) {
  AtomicFile out(file);
  out.write(text);
  out.commit();
  if (::chmod(file.c_str(), 0644) != 0)
    throw std::system_error(errno, std::generic_category(), file.string());
  made.push_back(file.string());
}

// The document, if enough of its admins have signed it and it has the hash that came by another way.
std::string checked_federation(const Options& options) {
  std::string text = read_whole(*options.federation, ledger::kMaxFederationTextBytes);
  std::optional<ledger::Hash> expected;
  if (options.sha256) {
    expected = ledger::hash_from_hex(*options.sha256);
    if (!expected) throw Failure(EX_USAGE, "--sha256 takes 64 lower-case hexadecimal digits");
  }
  if (ledger::parse_draft(text))
    throw Failure(EX_DATAERR, options.federation->string() + ": it is a draft, which nobody follows",
                  "the administrators make the document of it: `ehr-agent federation publish DRAFT -o FILE`");
  const auto document = ledger::open_first(text, expected);
  if (!document)
    throw Failure(EX_DATAERR, options.federation->string() + ": " + document.error().reason,
                  "compare with the federation's administrators; the hash is over the document's payload "
                  "(`ehr-agent federation show` prints it)");
  return text;
}

bool lists(const std::string& document, const std::string& address) {
  const auto parsed = ledger::parse_federation_document(document);
  return parsed && parsed->federation.find(*ledger::Address::parse(address)) != nullptr;
}

void give_to_service(const Done& done) {
  const auto* user = ::geteuid() == 0 ? ::getpwnam(kUser) : nullptr;
  if (!user) return;
  const auto give = [&](const fs::path& path) {
    if (::lchown(path.c_str(), user->pw_uid, user->pw_gid) != 0)
      throw std::system_error(errno, std::generic_category(), path.string());
  };
  for (const auto& dir :
       {done.config.keys.dir, done.config.agent.state_dir, done.config.ledger.guard.parent_path()})
    give(dir);
  for (const auto& key : fs::directory_iterator(done.config.keys.dir)) give(key.path());
}

Done initialise(const Options& options, const fs::path& file) {
  // Everything that can be refused is refused before the first change.
  std::string federation;
  if (options.federation) federation = checked_federation(options);
  const bool fresh = !fs::exists(file);
  const std::string text =
      fresh ? with_settings(sample_config(), settings_of(options)) : read_whole(file, 1u << 20);
  auto parsed = parse_config(text, file.parent_path());
  if (!parsed && fresh) refuse_setting(parsed.error().front());
  if (!parsed)
    throw Failure(EX_CONFIG, file.string() + ": " + to_text(parsed.error().front()),
                  "`ehr-agent config check` lists every problem");
  Done done{std::move(parsed).value(), {}};
  const Config& config = done.config;
  if (config.agent.address != ledger::Address::parse(options.address))
    throw Failure(EX_CONFIG, file.string() + " is for " + config.agent.address->text(),
                  "an agent keeps its address; give another --dir");

  make_dir(file.parent_path(), 0755, done.made);
  make_dir(config.keys.dir, 0700, done.made);
  make_dir(config.agent.state_dir, 0700, done.made);
  make_dir(config.ledger.guard.parent_path(), 0700, done.made);
  for (const auto& name : generate_keys(config.keys.dir, *config.agent.address))
    done.made.push_back((config.keys.dir / name).string());
  if (fresh) make_file(file, text, done.made);
  if (options.federation) {
    if (!fs::exists(config.federation.file))
      make_file(config.federation.file, federation, done.made);
    else if (read_whole(config.federation.file, ledger::kMaxFederationTextBytes) != federation)
      throw Failure(EX_CANTCREAT, config.federation.file.string() + ": another federation document is there",
                    "remove it first if that is meant");
  }
  done.joined = options.federation && lists(federation, options.address);
  if (options.dir == kDefaultDir) give_to_service(done);
  return done;
}

void print_steps(const Done& done, const fs::path& file, const nlohmann::ordered_json& member) {
  const Config& config = done.config;
  for (const auto& path : done.made) std::cout << "made " << path << '\n';
  if (done.made.empty()) std::cout << "everything was there already; nothing was touched\n";
  const std::string keys = config.keys.dir.string();
  if (!done.joined)
    std::cout
        << "\nThis agent as the federation document lists it (`ehr-agent keys show` prints it again):\n\n"
        << member.dump(2) << '\n';
  std::cout
      << "\nNext:\n"
      << (done.joined ? "  1. (the federation document is there, and lists this agent)\n"
                      : "  1. give the member object above to the federation's administrators;\n"
                        "     put the document they return at " +
                            config.federation.file.string() + "\n")
      << "  2. put ca.crt, tls.crt and tls.key of the federation's CA into " << keys << "\n"
      << "     (the certificate of the signing key, sign-1.crt, goes there too)\n"
      << "  3. "
      << (config.mqtt.url == Config().mqtt.url ? "set mqtt.url in " + file.string()
                                               : "(mqtt.url is " + config.mqtt.url + ")")
      << "\n"
      << "  4. ehr-agent config check --config " << file.string() << "\n"
      << "  5. ehr-agent his import --config " << file.string() << " /path/to/fhir-exports\n"
      << "  6. systemctl enable --now ehr-agent      (or: ehr-agent serve --config " << file.string() << ")\n"
      << "  7. say who may ask, as: ehr-agent consent grant --patient any --peer 10.20.0.6 --purpose TREAT\n";
}

void run_init(const Options& options, const Common& common) {
  if (!ledger::Address::parse(options.address))
    throw Failure(EX_USAGE, "--address must be an IPv4 or IPv6 address, as 10.20.0.5");
  if (options.sha256 && !options.federation) throw Failure(EX_USAGE, "--sha256 goes with --federation");
  initialise_cryptography();
  const fs::path file =
      fs::absolute(common.config ? *common.config : options.dir / "ehr-agent.toml").lexically_normal();
  const Done done = initialise(options, file);
  const auto member = nlohmann::ordered_json::parse(
      member_json(done.config.keys.dir, *done.config.agent.address, done.config.agent.name));
  if (common.json)
    std::cout
        << nlohmann::ordered_json{{"config", file.string()}, {"made", done.made}, {"member", member}}.dump()
        << '\n';
  else
    print_steps(done, file, member);
}

}  // namespace

void add_init(CLI::App& root, Common& common) {
  auto options = std::make_shared<Options>();
  auto* init = add_command(
      root, common, "init", "Make folders, keys and the configuration file of a new agent",
      "ehr-agent init --address 10.20.0.5 --name 'Klinikum Nord' --broker mqtts://broker.example:8883");
  init->add_option("--address", options->address, "IP address peers will know this agent by")
      ->required()
      ->type_name("IP");
  init->add_option("--name", options->name, "The hospital's name")->type_name("TEXT");
  init->add_option("--broker", options->broker, "URL of the MQTT broker")->type_name("URL");
  init->add_option("--dir", options->dir, "Folder of configuration and keys")
      ->type_name("DIR")
      ->capture_default_str();
  init->add_option("--state-dir", options->state_dir,
                   "Folder of databases and spool (else /var/lib/ehr-agent); the guard goes beside it")
      ->type_name("DIR");
  init->add_option("--socket", options->socket, "Control socket (else in --state-dir, or below /run)")
      ->type_name("FILE");
  init->add_option("--federation", options->federation, "Federation document to start with")
      ->type_name("FILE");
  init->add_option("--sha256", options->sha256,
                   "SHA-256 the document must have, as the administrators told you")
      ->type_name("HEX");
  init->callback([options, &common] { run_init(*options, common); });
}

}  // namespace edge::cli
