// The files of a TLS connection, looked at before they are used: what Paho would only call a failed connect,
// or ask a passphrase for. Source: X.509 and PEM as OpenSSL reads them. Thread-safe.
#pragma once

#include <optional>

#include "ledger-client/mqtt/connection.h"

namespace mqtt_transport {

struct TlsFileFault {
  enum class Kind {
    kUnreadable,  // not there, or not for this user
    kMalformed,   // no certificate, no key, or not the two of a pair
    kOutOfTime,   // by this machine's clock
  };
  Kind kind = Kind::kMalformed;
  Loss loss;
};

// What is wrong with the CA's, the certificate's or the key's file, whichever is first; nothing in good
// order, and for files that are not named.
std::optional<TlsFileFault> check_tls_files(const ConnectionOptions& options);

}  // namespace mqtt_transport
