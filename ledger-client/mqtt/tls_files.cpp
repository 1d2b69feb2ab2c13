#include "ledger-client/mqtt/tls_files.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "ledger-client/mqtt/openssl_handles.h"

namespace mqtt_transport {
namespace {

using Kind = TlsFileFault::Kind;

[[noreturn]] void fail(Kind kind, const std::string& cause, const std::string& hint) {
  throw TlsFileFault{kind, {cause, hint, true}};
}

// What errno says why `file` can't be read; 0 if it can.
int why_unreadable(const std::string& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return errno;
  struct stat facts {};
  const int error = ::fstat(descriptor, &facts) != 0 ? errno : S_ISDIR(facts.st_mode) ? EISDIR : 0;
  ::close(descriptor);
  return error;
}

FileHandle open(const std::string& file, const std::string& role) {
  if (const int error = why_unreadable(file); error != 0) {
    const bool forbidden = error == EACCES || error == EPERM;
    fail(Kind::kUnreadable, "cannot read the " + role + " " + file + ": " + std::strerror(error),
         forbidden ? "run it as a user who may read it" : "check the name of the file");
  }
  return FileHandle(BIO_new_file(file.c_str(), "r"));
}

CertificateHandle first_certificate(const std::string& file, const std::string& role) {
  const FileHandle pem = open(file, role);
  CertificateHandle certificate(pem ? PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!certificate)
    fail(Kind::kMalformed, "there is no certificate in the " + role + " " + file,
         "it must be PEM and hold -----BEGIN CERTIFICATE-----");
  return certificate;
}

std::string date_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "?";
  char text[32] = "";
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%SZ", &parts);
  return text;
}

void check_dates(X509* certificate, const std::string& file) {
  const ASN1_TIME* begin = X509_get0_notBefore(certificate);
  const ASN1_TIME* end = X509_get0_notAfter(certificate);
  if (X509_cmp_current_time(end) < 0)
    fail(Kind::kOutOfTime, "the certificate " + file + " expired at " + date_of(end),
         "renew it; if that is wrong, check this machine's clock");
  if (X509_cmp_current_time(begin) > 0)
    fail(Kind::kOutOfTime, "the certificate " + file + " is valid only from " + date_of(begin),
         "check this machine's clock");
}

// Refuses, where OpenSSL itself would ask at the terminal.
int no_passphrase(char*, int, int, void* wanted) {
  *static_cast<bool*>(wanted) = true;
  return -1;
}

KeyHandle private_key(const std::string& file) {
  const FileHandle pem = open(file, "key file");
  bool encrypted = false;
  KeyHandle key(pem ? PEM_read_bio_PrivateKey(pem.get(), nullptr, no_passphrase, &encrypted) : nullptr);
  if (!key && encrypted)
    fail(Kind::kMalformed, "the key in " + file + " is protected by a passphrase",
         "a file that only its user may read, without a passphrase, is needed: openssl pkey -in " + file);
  if (!key)
    fail(Kind::kMalformed, "there is no private key in the key file " + file,
         "it must be PEM and hold -----BEGIN PRIVATE KEY-----");
  return key;
}

void check(const ConnectionOptions& options) {
  if (!options.ca_file.empty()) (void)first_certificate(options.ca_file, "CA file");
  const auto& file = options.certificate_file;
  if (file.empty()) return;
  const CertificateHandle certificate = first_certificate(file, "certificate file");
  const auto& key_file = options.key_file.empty() ? file : options.key_file;
  const KeyHandle key = private_key(key_file);
  if (X509_check_private_key(certificate.get(), key.get()) != 1)
    fail(Kind::kMalformed, "the key in " + key_file + " does not belong to the certificate " + file,
         "give the two that were made together");
  check_dates(certificate.get(), file);
}

}  // namespace

std::optional<TlsFileFault> check_tls_files(const ConnectionOptions& options) {
  std::optional<TlsFileFault> found;
  try {
    check(options);
  } catch (const TlsFileFault& fault) {
    found = fault;
  }
  ERR_clear_error();
  return found;
}

}  // namespace mqtt_transport
