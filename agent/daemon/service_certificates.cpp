// The service's certificates: told before they end, taken over while it runs.
#include <sodium.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/adapters/certificates.h"
#include "agent/daemon/log.h"
#include "agent/daemon/service_parts.h"
#include "ledger-client/core/sha256.h"

namespace edge {

namespace {

// What says whether the files of the connection have changed.
std::string tls_content(const mqtt_transport::ConnectionOptions& options) {
  std::string all;
  for (const auto& file : {options.ca_file, options.certificate_file, options.key_file}) {
    std::ifstream in(file, std::ios::binary);
    ledger::Bytes content{std::istreambuf_iterator<char>(in), {}};
    all += ledger::to_hex(ledger::sha256(content));
    sodium_memzero(content.data(), content.size());
  }
  return all;
}

std::vector<CertificateEnd> ends_of(const mqtt_transport::ConnectionOptions& options, const Config& config) {
  return certificate_ends(options.certificate_file, options.ca_file, config.keys.dir);
}

}  // namespace

void Service::begin_certificates() {
  tls_in_use_ = tls_content(connection_options());
  timer_.every(std::chrono::hours(24), [this] { warn_of_certificates(); });
  warn_of_certificates();
}

void Service::warn_of_certificates() const {
  const auto options = connection_options();
  if (options.url.starts_with("mqtts://"))
    for (const auto& fault :
         tls_faults(options.certificate_file, options.key_file, options.ca_file, *config_.agent.address))
      log::warning("no broker will take this connection", {{"reason", fault}});
  for (const auto& warning : certificate_warnings(ends_of(options, config_), context_.now()))
    log::warning("a certificate has to be renewed; SIGHUP takes the new one over",
                 {{"certificate", warning}});
}

nlohmann::json Service::certificates_view() const {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& one : ends_of(connection_options(), config_)) {
    list.push_back({{"file", one.file.filename().string()},
                    {"days", one.days_left(context_.now())},
                    {"ends", ledger::format_time(one.end)}});
  }
  return list;
}

// Signing keys and their certificates, and the connection's. What can't be used is said, and the old is kept
// for as long as the connection lasts.
void Service::reload_certificates() {
  keys_.look_again(true);
  const auto options = connection_options();
  const std::string now = tls_content(options);
  if (now == tls_in_use_) return;
  const auto faults = tls_faults(options.certificate_file, options.key_file, options.ca_file,
                                 *config_.agent.address, context_.now());
  if (connection_->ready() && !faults.empty()) {
    for (const auto& fault : faults)
      log::error("the connection keeps its certificate; mend the files before it is lost",
                 {{"reason", fault}});
    return;
  }
  tls_in_use_ = now;
  log::info("connecting anew with the certificate of the files");
  connection_->reconnect();
  warn_of_certificates();
}

}  // namespace edge
