#include "ledger-client/mqtt/connect_probe.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <optional>

#include "ledger-client/mqtt/openssl_handles.h"
#include "ledger-client/mqtt/probe_socket.h"

namespace mqtt_transport {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kConnectPatience = 3'000ms, kHandshakePatience = 3'000ms;
// How long a broker that doesn't like our certificate takes to say so, after its own part of the handshake.
constexpr auto kAlertPatience = 700ms;

TlsContext context_of(const ConnectionOptions& options) {
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  if (!context) return context;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  if (options.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
  } else {
    SSL_CTX_load_verify_locations(context.get(), options.ca_file.c_str(), nullptr);
  }
  const auto& file = options.certificate_file;
  if (file.empty()) return context;
  SSL_CTX_use_certificate_chain_file(context.get(), file.c_str());
  const auto& key = options.key_file.empty() ? file : options.key_file;
  SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM);
  return context;
}

TlsHandle handle_for(SSL_CTX* context, const BrokerUrl& url, int descriptor) {
  TlsHandle tls(SSL_new(context));
  if (!tls) return tls;
  const std::string host = bare_host(url);
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls.get()), host.c_str()) != 1) {
    ERR_clear_error();
    SSL_set1_host(tls.get(), host.c_str());
    SSL_set_tlsext_host_name(tls.get(), host.c_str());
  }
  SSL_set_fd(tls.get(), descriptor);
  return tls;
}

// Repeats a TLS call until it is done: its result, or SSL_ERROR_WANT_READ when the time is over.
template <class Call>
int complete(SSL* tls, const ProbeSocket& socket, std::chrono::milliseconds patience, const Call& call) {
  const auto until = Clock::now() + patience;
  while (true) {
    ERR_clear_error();
    const int error = SSL_get_error(tls, call());
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return error;
    if (!socket.wait(error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until)) return SSL_ERROR_WANT_READ;
  }
}

std::string ip_text(const ASN1_OCTET_STRING* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
  const bool known = family == AF_INET || ASN1_STRING_length(address) == 16;
  return known && ::inet_ntop(family, ASN1_STRING_get0_data(address), text.data(), text.size()) != nullptr
             ? text.data()
             : "";
}

constexpr int kMaxNames = 8;
constexpr std::size_t kMaxNameBytes = 253;  // of a DNS name

// What the broker's certificate is for, as far as its letters are ones that a terminal can be shown: nobody
// vouches for it.
std::string names_of(X509* certificate) {
  const NamesHandle names(static_cast<GENERAL_NAMES*>(
      certificate ? X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr) : nullptr));
  std::string out;
  for (int i = 0; names && i < std::min(sk_GENERAL_NAME_num(names.get()), kMaxNames); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    std::string text;
    if (name->type == GEN_IPADD) text = ip_text(name->d.iPAddress);
    if (name->type == GEN_DNS) {
      const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
      const auto size = static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName));
      text.assign(bytes, std::min(size, kMaxNameBytes));
      for (char& c : text)
        if (c <= ' ' || c > '~') c = '?';
    }
    if (!text.empty()) out += (out.empty() ? "" : ", ") + text;
  }
  return out.empty() ? "no host at all" : out;
}

// OpenSSL lets go of a certificate that doesn't verify: what it is for is kept for the message.
int keep_names(int good, X509_STORE_CTX* checked) {
  const auto* tls =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(checked, SSL_get_ex_data_X509_STORE_CTX_idx()));
  if (auto* names = static_cast<std::string*>(SSL_get_app_data(tls)))
    *names = names_of(X509_STORE_CTX_get0_cert(checked));
  return good;
}

// Why we don't believe the broker.
Loss unverified(long result, const std::string& names, const ConnectionOptions& options,
                const BrokerUrl& url) {
  const std::string broker = "the certificate of the broker at " + place_of(url);
  switch (result) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return {broker + " is not for " + url.host + ", but for " + names,
              "name the broker as its certificate does, or have a certificate made for that name", true};
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return {broker + " is from another authority than " +
                  (options.ca_file.empty() ? "those this machine trusts"
                                           : "that of the CA file " + options.ca_file),
              "the CA file must be that of the authority which made the broker's certificate", true};
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {
          broker + " is out of its time: " + X509_verify_cert_error_string(result),
          "the broker's certificate or its authority's must be renewed; if not, check this machine's clock",
          true};
    default:
      return {broker + " is not accepted: " + X509_verify_cert_error_string(result), "", true};
  }
}

Loss no_tls(const BrokerUrl& url, bool lasting) {
  return {"what listens at " + place_of(url) + " does not answer in TLS",
          "is that the port of the listener with TLS?", lasting};
}

// Why the broker doesn't believe us, or speaks something else: by what OpenSSL met last.
std::optional<Loss> refused(const ConnectionOptions& options, const BrokerUrl& url) {
  const std::string broker = "the broker at " + place_of(url);
  const std::string own = broker + " does not accept the certificate " + options.certificate_file;
  const int reason = ERR_GET_REASON(ERR_peek_last_error());
  switch (reason) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return Loss{broker + " wants a client certificate, and none is given",
                  "give the certificate and its key that were made for its users", true};
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return Loss{own + ": it is from an authority the broker does not know",
                  "it must be from the authority of the broker's federation", true};
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return Loss{own + ": it has expired", "renew it; if that is wrong, compare the clocks", true};
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
      return Loss{own + ": it was revoked", "ask for a new one", true};
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
      return Loss{own, "the log of the broker says why", true};
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
      return Loss{broker + " does not speak TLS 1.3", "older versions are refused: let it offer TLS 1.3",
                  true};
    case SSL_R_WRONG_VERSION_NUMBER:
      return no_tls(url, true);
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:  // or it is about to stop
      return no_tls(url, false);
    default:
      return std::nullopt;
  }
}

std::optional<Loss> probe_tls(const ConnectionOptions& options, const BrokerUrl& url,
                              const ProbeSocket& socket) {
  const TlsContext context = context_of(options);
  const TlsHandle tls = context ? handle_for(context.get(), url, socket.descriptor()) : nullptr;
  if (!tls) return std::nullopt;
  std::string names;
  SSL_set_app_data(tls.get(), &names);
  SSL_set_verify(tls.get(), SSL_VERIFY_PEER, keep_names);
  const int shaken = complete(tls.get(), socket, kHandshakePatience, [&] { return SSL_connect(tls.get()); });
  if (const long result = SSL_get_verify_result(tls.get()); result != X509_V_OK)
    return unverified(result, names, options, url);
  if (shaken == SSL_ERROR_SSL) return refused(options, url);
  if (shaken != SSL_ERROR_NONE) return no_tls(url, false);
  char byte = 0;
  const int read =
      complete(tls.get(), socket, kAlertPatience, [&] { return SSL_read(tls.get(), &byte, sizeof byte); });
  if (read != SSL_ERROR_SSL || ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    return std::nullopt;
  return refused(options, url);
}

std::optional<Loss> probe(const ConnectionOptions& options, const BrokerUrl& url,
                          const std::stop_token& stop) {
  try {
    ProbeSocket socket(stop);
    socket.connect(url, kConnectPatience);
    if (url.tls) return probe_tls(options, url, socket);
    // MQTT 3.1.1 has no reason codes: there a refusal is in Paho's own words.
    if (options.version == ProtocolVersion::kMqtt311) return std::nullopt;
    return Loss{"what listens at " + place_of(url) + " does not answer in MQTT 5 without TLS",
                "if that is the listener with TLS, its URL begins with mqtts://", false};
  } catch (const Loss& loss) {
    return loss;
  }
}

}  // namespace

Loss why_unreachable(const ConnectionOptions& options, const BrokerUrl& url, const std::string& words,
                     const std::stop_token& stop) {
  auto found = probe(options, url, stop);
  ERR_clear_error();
  if (stop.stop_requested()) found.reset();  // then it wasn't waited for
  return found ? *found : Loss{"can't connect to " + place_of(url) + (words.empty() ? "" : ": " + words), {}};
}

}  // namespace mqtt_transport
