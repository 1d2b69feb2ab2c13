#include "agent/cli/arguments.h"

#include "agent/cli/failure.h"
#include "agent/config/checks.h"
#include "agent/config/units.h"
#include "agent/core/fhir/consent_time.h"
#include "agent/core/purpose.h"
#include "ledger-client/core/address.h"

namespace edge::cli {

std::string checked_peer(const std::string& name, const std::string& text) {
  const auto address = ledger::Address::parse(text);
  if (!address)
    throw Failure(EX_USAGE, name + " must be an IPv4 or IPv6 address, as 10.20.0.6",
                  "`ehr-agent federation show` lists the members");
  return address->text();
}

void check_purpose(const std::string& code) {
  if (find_purpose(code)) return;
  std::vector<std::string> known;
  for (const Purpose& one : purposes()) known.emplace_back(one.code);
  const std::string meant = config_detail::closest(code, known);
  throw Failure(EX_USAGE, "`" + code + "` is no code of HL7 PurposeOfUse",
                (meant.empty() ? "" : "did you mean `" + meant + "`? ") + ("it is one of " + purpose_list()));
}

std::optional<std::chrono::milliseconds> parsed_timeout(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto out = parse_duration(text);
  if (!out || out->count() == 0) throw Failure(EX_USAGE, "--timeout must be a duration, as 30s or 10min");
  return out;
}

std::string moment(const std::string& option, const std::string& text, bool end) {
  const auto span = fhir::span_of(text);
  if (!span)
    throw Failure(EX_USAGE, option + " must be a date or a time, as 2026-12-31 or 2026-12-31T08:00:00+01:00");
  return ledger::format_time(end ? span->end : span->begin);
}

}  // namespace edge::cli
