#include "agent/core/fhir/narrative.h"
#include "agent/core/fhir/narrative_text.h"
#include "agent/core/fhir/xhtml.h"
#include "ledger-client/core/bytes.h"
#include "tests/fuzz/require.h"

namespace {

// A tag without what stands in quotes: an address may hold any word.
std::string unquoted(std::string_view tag) {
  std::string out;
  bool inside = false;
  for (const char c : tag) {
    if (c == '"') inside = !inside;
    if (!inside) out += c;
  }
  return out;
}

}  // namespace

// Whatever is sent, what is shown has no script, no event attribute and no address but http(s), mailto and
// pictures within.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view div = ledger::as_text({data, size});
  (void)edge::fhir::check_narrative(div);
  FUZZ_REQUIRE(edge::fhir::narrative_text(div).find('\x1b') == std::string::npos);
  const std::string shown = edge::fhir::sanitise_narrative(div);
  for (std::size_t at = shown.find('<'); at != std::string::npos; at = shown.find('<', at + 1)) {
    const std::string_view tag = std::string_view(shown).substr(at, shown.find('>', at) - at);
    for (const char* danger :
         {"<script", "<iframe", "<object", "<style", "<link", "<form", "<svg", " on", " style", " srcdoc"})
      FUZZ_REQUIRE(!tag.starts_with(danger) &&
                   (danger[0] == '<' || unquoted(tag).find(std::string(danger) + '=') == std::string::npos));
    const std::size_t address = tag.find(" href=\"");
    if (address == std::string_view::npos) continue;
    std::string scheme(tag.substr(address + 7, 7));
    for (char& c : scheme) c = static_cast<char>(c | 0x20);
    FUZZ_REQUIRE(scheme.starts_with("http://") || scheme.starts_with("https:/") ||
                 scheme.starts_with("mailto:"));
  }
  return 0;
}
