#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/adapters/key_files.h"
#include "agent/cli/commands.h"
#include "agent/cli/failure.h"
#include "agent/cli/keys_commands.h"
#include "agent/cli/output.h"
#include "agent/core/secret.h"

namespace edge::cli {
namespace {

void generate(const Common& common) {
  const Config config = common.load();
  initialise_cryptography();
  const auto made = generate_keys(config.keys.dir, *config.agent.address);
  if (common.json) return print_json({{"dir", config.keys.dir.string()}, {"made", made}});
  for (const auto& name : made) std::cout << "made " << (config.keys.dir / name).string() << '\n';
  if (made.empty()) std::cout << "every key is there already; none was touched\n";
}

// The public parts alone: the object a federation document lists.
void show(const Common& common) {
  const Config config = common.load();
  initialise_cryptography();
  const auto member =
      nlohmann::ordered_json::parse(member_json(config.keys.dir, *config.agent.address, config.agent.name,
                                                token_key(config.keys.sign_token, config.keys.sign_pin)));
  std::cout << member.dump(common.json ? -1 : 2) << '\n';
}

}  // namespace

void add_keys(CLI::App& root, Common& common) {
  auto* noun = add_noun(root, "keys", "This agent's keys");
  add_command(*noun, common, "generate", "Make the keys that are missing; never overwrites one",
              "ehr-agent keys generate")
      ->callback([&common] { generate(common); });
  add_command(*noun, common, "show", "Show the public keys as a federation document lists them",
              "ehr-agent keys show > member.json")
      ->callback([&common] { show(common); });
  add_keys_backup(*noun, common);
  add_keys_rotate(*noun, common);
  add_keys_share(*noun, common);
}

}  // namespace edge::cli
