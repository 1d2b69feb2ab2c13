// How a command fails: a sentence, what to do about it, and a status of sysexits.h. Thrown by commands,
// caught by run() alone.
#pragma once

#include <sysexits.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace edge::cli {

class Failure : public std::runtime_error {
 public:
  Failure(int exit_status, const std::string& error, std::string hint_text = {})
      : std::runtime_error(error), status_(exit_status), hint_(std::move(hint_text)) {}
  int status() const { return status_; }
  const std::string& hint() const { return hint_; }

 private:
  int status_;
  std::string hint_;
};

// The status of an answer's code (outcome.h) or of the daemon's own words; documented in ehr-agent(1).
int status_of_code(std::string_view code);
// What the person at the keyboard can do about it; may be empty.
std::string hint_of_code(std::string_view code);

}  // namespace edge::cli
