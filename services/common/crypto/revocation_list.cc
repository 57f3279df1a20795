#include "services/common/crypto/revocation_list.h"

#include <openssl/bn.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/openssl_pointers.h"

namespace quartermaster::crypto {
namespace {

using CrlPointer = std::unique_ptr<X509_CRL, FreeWith<X509_CRL_free>>;
using RevokedPointer = std::unique_ptr<X509_REVOKED, FreeWith<X509_REVOKED_free>>;
using EnumeratedPointer = std::unique_ptr<ASN1_ENUMERATED, FreeWith<ASN1_ENUMERATED_free>>;

Asn1TimePointer TimeOf(absl::Time time) {
  return Asn1TimePointer(ASN1_TIME_set(nullptr, absl::ToTimeT(time)));
}

Asn1IntegerPointer IntegerOfHex(const std::string& hex) {
  BIGNUM* number = nullptr;
  if (BN_hex2bn(&number, hex.c_str()) != static_cast<int>(hex.size()) || hex.empty()) {
    BN_free(number);
    return nullptr;
  }
  const NumberPointer owned(number);
  return Asn1IntegerPointer(BN_to_ASN1_INTEGER(number, nullptr));
}

bool AddRevoked(X509_CRL* crl, const RevokedCertificate& revoked) {
  RevokedPointer entry(X509_REVOKED_new());
  const Asn1IntegerPointer serial_number = IntegerOfHex(revoked.serial_number);
  const Asn1TimePointer at = TimeOf(revoked.revoked_at);
  if (serial_number == nullptr || at == nullptr ||
      X509_REVOKED_set_serialNumber(entry.get(), serial_number.get()) != 1 ||
      X509_REVOKED_set_revocationDate(entry.get(), at.get()) != 1) {
    return false;
  }
  if (revoked.reason != 0) {
    const EnumeratedPointer reason(ASN1_ENUMERATED_new());
    if (ASN1_ENUMERATED_set(reason.get(), revoked.reason) != 1 ||
        X509_REVOKED_add1_ext_i2d(entry.get(), NID_crl_reason, reason.get(), 0, 0) != 1) {
      return false;
    }
  }
  if (X509_CRL_add0_revoked(crl, entry.get()) != 1) return false;
  entry.release();
  return true;
}

bool AddExtensions(X509_CRL* crl, X509* ca, int64_t number) {
  const Asn1IntegerPointer crl_number(ASN1_INTEGER_new());
  if (ASN1_INTEGER_set_int64(crl_number.get(), number) != 1 ||
      X509_CRL_add1_ext_i2d(crl, NID_crl_number, crl_number.get(), 0, 0) != 1) {
    return false;
  }
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, ca, nullptr, nullptr, crl, 0);
  const X509ExtensionPointer key_id(
      X509V3_EXT_conf_nid(nullptr, &context, NID_authority_key_identifier, "keyid:always"));
  return key_id != nullptr && X509_CRL_add_ext(crl, key_id.get(), -1) == 1;
}

}  // namespace

absl::StatusOr<std::string> SignRevocationList(const PrivateKey& key, const Certificate& ca,
                                               const RevocationListContent& content) {
  const CrlPointer crl(X509_CRL_new());
  const Asn1TimePointer issued_at = TimeOf(content.issued_at);
  const Asn1TimePointer next_update = TimeOf(content.next_update);
  bool good = X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2) == 1 &&
              X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(ca.get())) == 1 &&
              X509_CRL_set1_lastUpdate(crl.get(), issued_at.get()) == 1 &&
              X509_CRL_set1_nextUpdate(crl.get(), next_update.get()) == 1;
  for (const RevokedCertificate& revoked : content.revoked) good = good && AddRevoked(crl.get(), revoked);
  good = good && AddExtensions(crl.get(), ca.get(), content.number) && X509_CRL_sort(crl.get()) == 1 &&
         X509_CRL_sign(crl.get(), key.get(), EVP_sha256()) > 0;
  unsigned char* der = nullptr;
  const int size = good ? i2d_X509_CRL(crl.get(), &der) : -1;
  if (size <= 0) {
    return absl::InternalError(absl::StrCat("revocation list: cannot be made: ", TakeOpenSslError()));
  }
  const BytesPointer owned(der);
  return std::string(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
}

}  // namespace quartermaster::crypto
