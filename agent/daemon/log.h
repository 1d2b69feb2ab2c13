// Logging to stderr with journald priorities (`<6>…`), structured as key=value. Callers give codes, request
// ids and addresses only: never patient data, payloads or keys. Thread-safe: one write per line.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace edge::log {

using Field = std::pair<std::string_view, std::string_view>;

void info(std::string_view message, std::initializer_list<Field> fields = {});
void warning(std::string_view message, std::initializer_list<Field> fields = {});
void error(std::string_view message, std::initializer_list<Field> fields = {});

}  // namespace edge::log
