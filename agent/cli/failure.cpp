#include "agent/cli/failure.h"

#include <algorithm>
#include <array>

namespace edge::cli {
namespace {

struct Meaning {
  std::string_view code;
  int status;
  std::string_view hint;
};

constexpr std::array<Meaning, 17> kMeanings{{
    {"not-available", EX_UNAVAILABLE,
     "the peer does not know this patient, or does not share the record with you for this purpose"},
    {"not-a-member", EX_NOPERM, "the peer's federation document does not list this agent as active"},
    {"expired", EX_TEMPFAIL, "ask again; if it happens again, compare the clocks of both agents"},
    {"replayed", EX_PROTOCOL, "ask again, with a new request"},
    {"busy", EX_TEMPFAIL, "ask again later"},
    {"too-large", EX_DATAERR, "ask for fewer sections with --sections"},
    {"malformed", EX_PROTOCOL, "the two agents may be of different versions"},
    {"unsupported", EX_PROTOCOL,
     "the two agents may be of different versions, or hold different federation documents"},
    {"failed", EX_UNAVAILABLE, "the peer could not do it now; its own log says why"},
    {"timeout", EX_TEMPFAIL, "`ehr-agent queue list` shows whether it still goes on"},
    {"unverified", EX_DATAERR, "the answer was put into quarantine; the agent's log says why"},
    {"noperm", EX_NOPERM, "be root or in group ehr-agent"},
    {"not-found", EX_NOINPUT, "`ehr-agent queue list` shows what there is"},
    {"approval-needed", EX_NOPERM, "`ehr-agent approval list` shows what waits for votes"},
    {"usage", EX_USAGE, ""},      // of the command line, as the agent sees it
    {"invalid", EX_DATAERR, ""},  // a file the command line named
    {"disk-full", EX_IOERR, "make room below agent.state_dir, or lower limits.min_free_bytes"},
}};

const Meaning* find(std::string_view code) {
  const auto* found =
      std::find_if(kMeanings.begin(), kMeanings.end(), [&](const auto& one) { return one.code == code; });
  return found == kMeanings.end() ? nullptr : found;
}

}  // namespace

int status_of_code(std::string_view code) {
  const auto* found = find(code);
  return found ? found->status : EX_SOFTWARE;
}

std::string hint_of_code(std::string_view code) {
  const auto* found = find(code);
  return found ? std::string(found->hint) : std::string();
}

}  // namespace edge::cli
