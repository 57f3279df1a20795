#include "services/common/crypto/certificate_request.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/crypto_errors.h"
#include "services/common/crypto/openssl_pointers.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::crypto {
namespace {

using RequestPointer = std::unique_ptr<X509_REQ, FreeWith<X509_REQ_free>>;

constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE REQUEST-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE REQUEST-----";
constexpr size_t kBase64LineBytes = 64;

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

absl::StatusOr<PublicKey> KeyOf(X509_REQ* request) {
  unsigned char* spki = nullptr;
  const int size = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(request), &spki);
  if (size <= 0) return CsrMalformed(absl::StrCat("key: ", TakeOpenSslError()));
  const BytesPointer owned(spki);
  absl::StatusOr<PublicKey> key =
      PublicKey::FromSpkiDer({reinterpret_cast<const char*>(spki), static_cast<size_t>(size)});
  if (!key.ok()) return CertificateKeyUnsupported(std::string(key.status().message()));
  const KeyContextPointer context(EVP_PKEY_CTX_new(key->get(), nullptr));
  if (context == nullptr || EVP_PKEY_public_check(context.get()) != 1) {
    return CertificateKeyUnsupported(absl::StrCat("key: got unsound numbers: ", TakeOpenSslError()));
  }
  return key;
}

absl::Status CheckSignature(X509_REQ* request, const PublicKey& key) {
  const int want =
      key.algorithm() == Algorithm::kRsa2048Sha256 ? NID_sha256WithRSAEncryption : NID_ecdsa_with_SHA256;
  if (const int got = X509_REQ_get_signature_nid(request); got != want) {
    const char* name = OBJ_nid2sn(got);
    return CsrSignatureInvalid(absl::StrCat("algorithm: got ", name == nullptr ? "an unknown one" : name,
                                            ", want ", OBJ_nid2sn(want)));
  }
  if (X509_REQ_verify(request, key.get()) == 1) return absl::OkStatus();
  ERR_clear_error();
  return CsrSignatureInvalid("signature: got one that does not check, want one by the key of the request");
}

absl::StatusOr<SubjectUdi> UdiOf(X509_REQ* request) {
  const X509_NAME* name = X509_REQ_get_subject_name(request);
  const int at = X509_NAME_get_index_by_NID(name, NID_serialNumber, -1);
  if (at < 0) return CertificateUdiInvalid("subject: got no serialNumber, want \"PID:… SN:…\"");
  if (X509_NAME_get_index_by_NID(name, NID_serialNumber, at) >= 0) {
    return CertificateUdiInvalid("subject: got several serialNumbers, want one");
  }
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (size < 0) return CertificateUdiInvalid(absl::StrCat("subject serialNumber: ", TakeOpenSslError()));
  const BytesPointer owned(utf8);
  return ParseSubjectSerialNumber({reinterpret_cast<const char*>(utf8), static_cast<size_t>(size)});
}

}  // namespace

absl::StatusOr<CertificateRequest> CertificateRequest::FromPem(std::string_view pem) {
  const std::string_view text = Trimmed(pem);
  if (!text.starts_with(kBegin) || !text.ends_with(kEnd) || text.size() < kBegin.size() + kEnd.size()) {
    return CsrMalformed("csr: want exactly one PEM block CERTIFICATE REQUEST");
  }
  if (text.size() > 2 * kCertificateRequestBytesMax) {
    return CsrMalformed(absl::StrCat("csr: got ", text.size(), " bytes of PEM, want at most ",
                                     2 * kCertificateRequestBytesMax));
  }
  const std::string_view body = text.substr(kBegin.size(), text.size() - kBegin.size() - kEnd.size());
  std::string base64;
  std::copy_if(body.begin(), body.end(), std::back_inserter(base64), [](char c) { return !IsBlank(c); });
  const absl::StatusOr<std::string> der = Base64Decode(base64);
  if (!der.ok()) return CsrMalformed(absl::StrCat("csr: ", std::string(der.status().message())));
  return FromDer(*der);
}

absl::StatusOr<CertificateRequest> CertificateRequest::FromDer(std::string_view der) {
  if (der.size() > kCertificateRequestBytesMax) {
    return CsrMalformed(
        absl::StrCat("csr: got ", der.size(), " bytes, want at most ", kCertificateRequestBytesMax));
  }
  const unsigned char* at = BytesOf(der);
  const RequestPointer request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
  if (request == nullptr) return CsrMalformed(absl::StrCat("csr: want PKCS#10 in DER: ", TakeOpenSslError()));
  if (at != BytesOf(der) + der.size()) return CsrMalformed("csr: got bytes after its end");
  ASSIGN_OR_RETURN(PublicKey key, KeyOf(request.get()));
  RETURN_IF_ERROR(CheckSignature(request.get(), key));
  ASSIGN_OR_RETURN(SubjectUdi udi, UdiOf(request.get()));
  return CertificateRequest(std::string(der), std::move(key), std::move(udi));
}

absl::StatusOr<CertificateRequest> CertificateRequest::Make(const PrivateKey& key, const SubjectUdi& udi) {
  const std::string serial_number = FormatSubjectSerialNumber(udi);
  RETURN_IF_ERROR(ParseSubjectSerialNumber(serial_number).status());
  const RequestPointer request(X509_REQ_new());
  X509_NAME* subject = X509_REQ_get_subject_name(request.get());
  // As UTF-8 without X.520's bound of 64 characters, which two full parts of a UDI exceed.
  const bool good =
      X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
      X509_NAME_add_entry_by_NID(subject, NID_serialNumber, V_ASN1_UTF8STRING, BytesOf(serial_number),
                                 static_cast<int>(serial_number.size()), -1, 0) == 1 &&
      X509_REQ_set_pubkey(request.get(), key.get()) == 1 &&
      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) > 0;
  unsigned char* der = nullptr;
  const int size = good ? i2d_X509_REQ(request.get(), &der) : -1;
  if (size <= 0) return absl::InternalError(absl::StrCat("csr: cannot be made: ", TakeOpenSslError()));
  const BytesPointer owned(der);
  return CertificateRequest({reinterpret_cast<const char*>(der), static_cast<size_t>(size)}, key.Public(),
                            udi);
}

std::string CertificateRequest::ToPem() const {
  std::string pem(kBegin);
  pem += '\n';
  const std::string base64 = Base64Encode(der_);
  for (size_t at = 0; at < base64.size(); at += kBase64LineBytes) {
    pem += base64.substr(at, kBase64LineBytes);
    pem += '\n';
  }
  pem += kEnd;
  pem += '\n';
  return pem;
}

}  // namespace quartermaster::crypto
