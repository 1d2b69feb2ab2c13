// Exit statuses (sysexits) and the one kind of error a user is meant to read.
#pragma once

#include <stdexcept>
#include <string>

namespace ledger::cli {

enum ExitStatus : int {
  kGood = 0,
  kBad = 1,  // what was verified is not what was signed
  kUsage = 64,
  kMalformed = 65,  // an input file is not what it should be
  kNotFound = 66,
  kUnavailable = 69,  // the broker
  kInternal = 70,
  kInputOutput = 74,
};

// Printed as `error:` and `hint:` lines.
class UserError : public std::runtime_error {
 public:
  UserError(ExitStatus status, const std::string& what, std::string hint = {})
      : std::runtime_error(what), status_(status), hint_(std::move(hint)) {}
  ExitStatus status() const { return status_; }
  const std::string& hint() const { return hint_; }

 private:
  ExitStatus status_;
  std::string hint_;
};

}  // namespace ledger::cli
