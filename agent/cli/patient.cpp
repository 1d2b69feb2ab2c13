#include "agent/cli/patient.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "agent/cli/failure.h"

namespace edge::cli {
namespace {

constexpr std::size_t kMaxBytes = 1024;

std::string line_of_input() {
  if (::isatty(STDIN_FILENO) == 1) std::cerr << "patient identifier: " << std::flush;
  std::string out;
  for (char c = 0; out.size() <= kMaxBytes && std::cin.get(c) && c != '\n';) out += c;
  if (out.ends_with('\r')) out.pop_back();
  return out;
}

}  // namespace

fhir::Identifier patient_argument(const std::string& argument) {
  std::string text = argument == "-" ? line_of_input() : argument;
  const auto first = text.find_first_not_of(' ');
  text = first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
  if (text.size() > kMaxBytes) throw Failure(EX_USAGE, "the patient identifier has more than 1 KiB");
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    throw Failure(EX_USAGE, "the patient identifier contains control characters");
  const auto bar = text.find('|');  // a system is a URI and has none
  fhir::Identifier out;
  out.system = bar == std::string::npos ? "" : text.substr(0, bar);
  out.value = bar == std::string::npos ? text : text.substr(bar + 1);
  if (out.value.empty())
    throw Failure(EX_USAGE, "the patient identifier is empty",
                  "give `system|value`, or a value alone where it is unique");
  return out;
}

}  // namespace edge::cli
