#include <stdexcept>

#include "agent/config/config.h"
#include "agent/config/units.h"
#include "ledger-client/mqtt/broker_url.h"
#include "tests/fuzz/require.h"

// The configuration is the operator's, and is still read to the end: a value, or problems that name a line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = ledger::as_text({data, size});
  const auto config = edge::parse_config(text, "/etc/ehr-agent");
  if (config) {
    FUZZ_REQUIRE(config->agent.address.has_value());
    FUZZ_REQUIRE(config->transfer.window > 0 && config->agent.workers > 0);
  } else {
    FUZZ_REQUIRE(!config.error().empty());
    for (const auto& problem : config.error()) FUZZ_REQUIRE(!problem.what.empty());
  }
  if (const auto duration = edge::parse_duration(text)) FUZZ_REQUIRE(duration->count() >= 0);
  try {
    const auto url = mqtt_transport::parse_broker_url(std::string(text));
    FUZZ_REQUIRE(!url.host.empty() && url.port != 0);
  } catch (const std::invalid_argument&) {
  }
  return 0;
}
