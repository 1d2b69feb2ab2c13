// Private to requester.cpp and requester_answers.cpp.
#pragma once

#include <atomic>

#include "agent/adapters/inbox.h"
#include "agent/daemon/messages.h"
#include "agent/daemon/requester.h"

namespace edge {

// Whether an answer of this kind is on the ledger, with a receipt.
inline bool anchored(Operation operation) {
  return about_patient(operation);
}

// One request on its way. Fields below `row` are touched only by tasks of the request's own lane of the
// queue, one at a time; progress and result are guarded by Requester::mutex_.
struct Requester::Pending {
  explicit Pending(Outgoing stored) : row(std::move(stored)) {}

  Outgoing row;
  fhir::Identifier patient;
  std::optional<AcceptedManifest> manifest;
  std::string manifest_jws;
  std::optional<ReceiveWindow> window;
  std::unique_ptr<InboxFile> file;

  std::atomic<bool> closed{false};  // nothing more is taken or recorded; set under mutex_, with `changed`

  // Guarded by mutex_.
  RequestProgress progress;
  RequestResult result;
  bool handed_out = false;  // verified; what is left is to record it
  bool watched = true;
  std::condition_variable changed;  // progress.ended or closed
  unsigned attempts = 0;
  Timer::Clock::time_point next_retry{};
};

}  // namespace edge
