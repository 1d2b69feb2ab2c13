// Why there is no connection to the broker: each one line, without payloads, passwords or keys.
#pragma once

#include <string>

namespace mqtt_transport {

struct Loss {
  std::string cause;  // what, and where
  std::string hint;   // what helps; empty where only time does
  // It stays so until somebody changes a file, an option or the broker: trying again is no use by itself.
  bool lasting = false;
};

}  // namespace mqtt_transport
