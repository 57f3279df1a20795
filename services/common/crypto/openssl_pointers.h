// Owners of OpenSSL's objects, for the files of this folder.
#ifndef QUARTERMASTER_SERVICES_COMMON_CRYPTO_OPENSSL_POINTERS_H_
#define QUARTERMASTER_SERVICES_COMMON_CRYPTO_OPENSSL_POINTERS_H_

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace quartermaster::crypto {

template <auto kFree>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

inline void FreeBytes(unsigned char* bytes) { OPENSSL_free(bytes); }
inline void FreeCertificateStack(STACK_OF(X509) * stack) { sk_X509_free(stack); }

using X509Pointer = std::unique_ptr<X509, FreeWith<X509_free>>;
using X509StorePointer = std::unique_ptr<X509_STORE, FreeWith<X509_STORE_free>>;
using X509StoreContextPointer = std::unique_ptr<X509_STORE_CTX, FreeWith<X509_STORE_CTX_free>>;
using X509ExtensionPointer = std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>>;
using X509StackPointer = std::unique_ptr<STACK_OF(X509), FreeWith<FreeCertificateStack>>;
using BioPointer = std::unique_ptr<BIO, FreeWith<BIO_free>>;
using BytesPointer = std::unique_ptr<unsigned char, FreeWith<FreeBytes>>;
using CipherContextPointer = std::unique_ptr<EVP_CIPHER_CTX, FreeWith<EVP_CIPHER_CTX_free>>;
using KeyContextPointer = std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>>;
using DigestContextPointer = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>>;
using NumberPointer = std::unique_ptr<BIGNUM, FreeWith<BN_free>>;
using Asn1IntegerPointer = std::unique_ptr<ASN1_INTEGER, FreeWith<ASN1_INTEGER_free>>;
using Asn1TimePointer = std::unique_ptr<ASN1_TIME, FreeWith<ASN1_TIME_free>>;
using ExtendedKeyUsagePointer = std::unique_ptr<EXTENDED_KEY_USAGE, FreeWith<EXTENDED_KEY_USAGE_free>>;
using GeneralNamesPointer = std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>>;

inline const unsigned char* BytesOf(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
inline unsigned char* MutableBytesOf(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

// The last word of the thread's OpenSSL error queue, which is empty afterwards.
inline std::string TakeOpenSslError() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason == nullptr ? "no reason given" : reason;
}

}  // namespace quartermaster::crypto

#endif  // QUARTERMASTER_SERVICES_COMMON_CRYPTO_OPENSSL_POINTERS_H_
