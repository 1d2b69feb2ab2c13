#include "agent/cli/motion_text.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/cli/output.h"
#include "agent/core/approval.h"

namespace edge::cli {

using nlohmann::json;

namespace {

// A file from elsewhere may hold anything.
std::string word_of(const json& payload, const char* member) {
  const auto found = payload.find(member);
  if (found == payload.end()) return "?";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::string revocation_text(const std::string& key, const json& payload) {
  std::string text = "the key " + key + " is revoked, for good (" + word_of(payload, "reason") + ")";
  if (payload.contains("suspect_from"))
    text += "; what it signed from entry " + word_of(payload, "suspect_from") +
            " of this agent's log on is shown as suspect";
  return text;
}

// What the motion would allow, in words where there are some.
std::string deed_text(const std::string& matter, const std::string& subject, const json& payload) {
  if (matter == ledger::matter::kBreakGlassAllow)
    return payload == json::parse(allow_break_glass(true).payload)
               ? "records may be opened in an emergency without a consent, for a written reason"
               : "records may no longer be opened without a consent, not in an emergency either";
  if (matter == ledger::matter::kBreakGlassReview)
    return "the emergency access of entry " + subject + " is recorded as reviewed";
  if (matter == ledger::matter::kFederationPublish)
    return subject +
           " of the federation document is published; `ehr-agent federation show DRAFT` must show its hash";
  if (matter == ledger::matter::kKeysRevoke) return revocation_text(subject, payload);
  if (matter == ledger::matter::kKeysRotate)
    return "a new key takes the place of " + subject + ", which verifies messages for " +
           word_of(payload, "overlap_days") + " days more";
  return "a key is recovered for " + subject;
}

}  // namespace

std::string names(const json& list) {
  std::string out;
  for (const json& one : list) out += (out.empty() ? "" : ", ") + one.get<std::string>();
  return out.empty() ? "nobody" : out;
}

void print_deed(const std::string& matter, const std::string& subject, const json& payload) {
  std::cout << "If it passes: " << printable(deed_text(matter, subject, payload))
            << "\nexactly:      " << printable(payload.dump()) << '\n';
}

void print_motion(const json& row) {
  std::cout << "Motion " << row["motion"] << ": " << row["matter"].get<std::string>() << " of "
            << printable(row["subject"].get<std::string>()) << '\n';
  print_deed(row["matter"], row["subject"], row["payload"]);
  std::cout << "SHA-256:      " << row["sha256"].get<std::string>()
            << "\napproved by:  " << names(row["approved"]) << " (" << row["approved"].size() << " of "
            << row["needs"] << " needed; " << row["of"]
            << " may vote)\nrejected by:  " << names(row["rejected"]) << '\n';
  if (!row["void"].empty())
    std::cout << "approved and rejected, which counts for nothing: " << names(row["void"]) << '\n';
  for (const json& one : row["ignored"])
    std::cout << "entry " << one["entry"] << ", of " << one["approver"].get<std::string>()
              << ", counts for nothing: it " << one["why"].get<std::string>() << '\n';
  std::cout << "state:        " << row["state"].get<std::string>() << "; votes count until "
            << row["expires"].get<std::string>() << '\n';
}

}  // namespace edge::cli
