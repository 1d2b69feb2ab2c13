// OpenSSL's objects, freed by themselves. Only for .cpp files of this folder.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

#include "ledger-client/core/freed_by.h"

namespace mqtt_transport {

using CertificateHandle = std::unique_ptr<X509, ledger::FreedBy<X509_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, ledger::FreedBy<EVP_PKEY_free>>;
using FileHandle = std::unique_ptr<BIO, ledger::FreedBy<BIO_free_all>>;
using NamesHandle = std::unique_ptr<GENERAL_NAMES, ledger::FreedBy<GENERAL_NAMES_free>>;
using TlsContext = std::unique_ptr<SSL_CTX, ledger::FreedBy<SSL_CTX_free>>;
using TlsHandle = std::unique_ptr<SSL, ledger::FreedBy<SSL_free>>;

}  // namespace mqtt_transport
