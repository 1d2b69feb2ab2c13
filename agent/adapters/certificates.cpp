#include "agent/adapters/certificates.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>

#include "agent/adapters/key_files.h"
#include "ledger-client/core/freed_by.h"

namespace edge {

namespace {

using ledger::FreedBy;
using Certificate = std::unique_ptr<X509, FreedBy<X509_free>>;
using Store = std::unique_ptr<X509_STORE, FreedBy<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, FreedBy<X509_STORE_CTX_free>>;
using File = std::unique_ptr<BIO, FreedBy<BIO_free_all>>;
using Names = std::unique_ptr<GENERAL_NAMES, FreedBy<GENERAL_NAMES_free>>;

struct FreeStack {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }  // borrows its certificates
};

constexpr std::size_t kMaxChain = 5;

// The whole of `der` must be one certificate.
Certificate decode(ledger::ByteView der) {
  const unsigned char* at = der.data();
  Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  return at == der.data() + der.size() ? std::move(certificate) : nullptr;
}

// The one IP address the certificate speaks for; nothing if it has none or several.
std::optional<ledger::Address> ip_of(X509* certificate) {
  const Names names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::optional<ledger::Address> found;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_IPADD) {
      continue;
    }
    const int size = ASN1_STRING_length(name->d.iPAddress);
    char text[INET6_ADDRSTRLEN] = "";
    if (found || (size != 4 && size != 16) ||
        inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress), text,
                  sizeof text) == nullptr) {
      return std::nullopt;
    }
    found = ledger::Address::parse(text);
    if (!found) {
      return std::nullopt;
    }
  }
  return found;
}

std::optional<ledger::PublicKey> ed25519_key_of(X509* certificate) {
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  ledger::PublicKey out;
  std::size_t size = out.bytes.size();
  if (key == nullptr || EVP_PKEY_get_id(key) != EVP_PKEY_ED25519 ||
      EVP_PKEY_get_raw_public_key(key, out.bytes.data(), &size) != 1 || size != out.bytes.size()) {
    return std::nullopt;
  }
  return out;
}

}  // namespace

std::optional<CertificateFacts> certificate_facts(ledger::ByteView der) {
  const Certificate certificate = decode(der);
  const auto key = certificate ? ed25519_key_of(certificate.get()) : std::nullopt;
  const auto address = key ? ip_of(certificate.get()) : std::nullopt;
  if (!address) {
    return std::nullopt;
  }
  return CertificateFacts{*key, *address};
}

std::vector<ledger::Bytes> read_certificates(const std::filesystem::path& pem_file) {
  const File file(BIO_new_file(pem_file.c_str(), "r"));
  std::vector<ledger::Bytes> out;
  while (file) {
    const Certificate certificate(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
    if (!certificate) {
      break;
    }
    ledger::Bytes der(static_cast<std::size_t>(i2d_X509(certificate.get(), nullptr)));
    unsigned char* at = der.data();
    i2d_X509(certificate.get(), &at);
    out.push_back(std::move(der));
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!file || out.empty() || !at_end) {
    throw std::runtime_error(pem_file.string() + ": no certificate, or a malformed one");
  }
  return out;
}

namespace {

std::optional<ledger::TimePoint> end_of(ledger::ByteView der) {
  const Certificate certificate = decode(der);
  std::tm parts{};
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &parts) != 1)
    return std::nullopt;
  return ledger::TimePoint(std::chrono::seconds(timegm(&parts)));
}

// The certificate of the signing key with the highest number that has one.
std::filesystem::path newest_signing_certificate(const std::filesystem::path& keys) {
  std::filesystem::path newest;
  unsigned long highest = 0;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(keys, none)) {
    const std::string name = entry.path().filename();
    constexpr std::string_view kBegin = "sign-", kEnd = ".crt";
    if (!is_key_file(name) || !name.starts_with(kBegin) || !name.ends_with(kEnd)) continue;
    const auto number = std::stoul(name.substr(kBegin.size()));
    if (number <= highest) continue;
    highest = number;
    newest = entry.path();
  }
  return newest;
}

}  // namespace

std::int64_t CertificateEnd::days_left(ledger::TimePoint now) const {
  return std::chrono::floor<std::chrono::days>(end - now).count();
}

std::vector<CertificateEnd> certificate_ends(const std::filesystem::path& tls,
                                             const std::filesystem::path& ca,
                                             const std::filesystem::path& keys) {
  std::vector<CertificateEnd> ends;
  for (const auto& file : {tls, ca, newest_signing_certificate(keys)}) {
    try {
      if (file.empty()) continue;
      if (const auto end = end_of(read_certificates(file).front())) ends.push_back({file, *end});
    } catch (const std::runtime_error&) {  // NOLINT(bugprone-empty-catch): said where it is used
    }
  }
  return ends;
}

std::vector<std::string> certificate_warnings(const std::vector<CertificateEnd>& ends,
                                              ledger::TimePoint now) {
  std::vector<std::string> warnings;
  for (const CertificateEnd& one : ends) {
    const auto days = one.days_left(now);
    if (days >= kWarningDays) continue;
    warnings.push_back(
        one.file.string() +
        (days < 0 ? " has expired" : " expires in " + std::to_string(days) + (days == 1 ? " day" : " days")));
  }
  return warnings;
}

namespace {

// Why these can't be used together; empty in good order.
std::string why_no_tls_pair(const std::filesystem::path& certificate, const std::filesystem::path& key) {
  using Key = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;
  const File certificate_file(BIO_new_file(certificate.c_str(), "r")),
      key_file(BIO_new_file(key.c_str(), "r"));
  const Certificate read(
      certificate_file ? PEM_read_bio_X509(certificate_file.get(), nullptr, nullptr, nullptr) : nullptr);
  const Key secret(key_file ? PEM_read_bio_PrivateKey(key_file.get(), nullptr, nullptr, nullptr) : nullptr);
  const bool pair = read && secret && X509_check_private_key(read.get(), secret.get()) == 1;
  ERR_clear_error();
  if (!read) return certificate.string() + " is no certificate";
  if (!secret) return key.string() + " is no private key";
  return pair ? "" : certificate.string() + " is not the certificate of " + key.string();
}

Store store_of(const std::filesystem::path& ca_file) {
  Store store(X509_STORE_new());
  const bool loaded = store && X509_STORE_load_file(store.get(), ca_file.c_str()) == 1;
  ERR_clear_error();
  return loaded ? std::move(store) : nullptr;
}

// Why the authority of `ca` does not vouch for it, at that time if one is given; empty if it does.
std::string why_not_issued(X509* certificate, const std::filesystem::path& file,
                           const std::filesystem::path& ca, const std::optional<ledger::TimePoint>& at) {
  const Store store = store_of(ca);
  if (!store) return ca.string() + " is no certificate";
  const StoreContext context(X509_STORE_CTX_new());
  if (!context || X509_STORE_CTX_init(context.get(), store.get(), certificate, nullptr) != 1)
    throw std::runtime_error("OpenSSL could not start to verify a certificate");
  if (at)
    X509_STORE_CTX_set_time(context.get(), 0, std::chrono::system_clock::to_time_t(*at));
  else
    X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_NO_CHECK_TIME);
  const bool good = X509_verify_cert(context.get()) == 1;
  const int error = X509_STORE_CTX_get_error(context.get());
  const auto& blamed = X509_STORE_CTX_get_error_depth(context.get()) == 0 ? file : ca;
  ERR_clear_error();
  if (good) return "";
  if (error == X509_V_ERR_CERT_HAS_EXPIRED) return blamed.string() + " has expired";
  if (error == X509_V_ERR_CERT_NOT_YET_VALID) return blamed.string() + " is not valid yet";
  return file.string() + " was not issued by the authority of " + ca.string();
}

std::string common_name(X509* certificate) {
  std::array<char, 256> text{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text.data(), text.size());
  return text.data();
}

}  // namespace

std::vector<std::string> tls_faults(const std::filesystem::path& certificate,
                                    const std::filesystem::path& key, const std::filesystem::path& ca,
                                    const ledger::Address& self, const std::optional<ledger::TimePoint>& at) {
  std::vector<std::string> faults;
  std::error_code none;
  for (const auto& file : {certificate, key, ca})
    if (!std::filesystem::exists(file, none)) faults.push_back(file.string() + " is not there");
  if (!faults.empty()) return faults;
  if (auto why = why_no_tls_pair(certificate, key); !why.empty()) return {std::move(why)};
  const File file(BIO_new_file(certificate.c_str(), "r"));
  const Certificate read(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
  if (auto why = why_not_issued(read.get(), certificate, ca, at); !why.empty())
    faults.push_back(std::move(why));
  if (const std::string name = common_name(read.get()); name != self.topic_form())
    faults.push_back(certificate.string() + " names \"" + name + "\", and this agent is \"" +
                     self.topic_form() + "\"");
  return faults;
}

ledger::Result<CertifiedKey> verify_certificate(const std::vector<ledger::Bytes>& x5c_der,
                                                const std::filesystem::path& ca_file, ledger::TimePoint at) {
  if (x5c_der.empty() || x5c_der.size() > kMaxChain) {
    return ledger::Problem{"x5c holds no certificate, or too many"};
  }
  std::vector<Certificate> chain;
  const std::unique_ptr<STACK_OF(X509), FreeStack> untrusted(sk_X509_new_null());
  for (const ledger::Bytes& der : x5c_der) {
    chain.push_back(decode(der));
    if (!chain.back()) {
      return ledger::Problem{"x5c: not a certificate"};
    }
    sk_X509_push(untrusted.get(), chain.back().get());
  }
  const Store store = store_of(ca_file);
  if (!store) {
    throw std::runtime_error(ca_file.string() + ": no CA certificates can be read from it");
  }
  const StoreContext context(X509_STORE_CTX_new());
  if (!context ||
      X509_STORE_CTX_init(context.get(), store.get(), chain.front().get(), untrusted.get()) != 1) {
    throw std::runtime_error("OpenSSL could not start to verify a certificate");
  }
  X509_STORE_CTX_set_time(context.get(), 0, std::chrono::system_clock::to_time_t(at));
  if (X509_verify_cert(context.get()) != 1) {
    return ledger::Problem{std::string("x5c: ") +
                           X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()))};
  }
  const auto facts = certificate_facts(x5c_der.front());
  if (!facts) {
    return ledger::Problem{"x5c: the certificate is not for one Ed25519 key and one IP address"};
  }
  return CertifiedKey{facts->key, facts->address.text()};
}

}  // namespace edge
