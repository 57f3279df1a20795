#include "services/common/crypto/certificate.h"

#include <openssl/objects.h>
#include <openssl/pem.h>

#include <array>
#include <cstring>
#include <ctime>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/common/crypto/crypto_errors.h"
#include "services/common/crypto/openssl_pointers.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::crypto {

struct Certificate::Parts {
  X509Pointer x509;
  std::string der;
  std::string subject;
  std::string issuer;
  std::string serial_number;
  std::string key_id;
  absl::Time not_before;
  absl::Time not_after;
  bool is_ca = false;
  bool is_self_issued = false;
};

namespace {

constexpr size_t kShownNameBytesMax = 512;
constexpr size_t kUdiPartBytesMax = 64;
constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 8192;

std::string ShownName(const X509_NAME* name) {
  const BioPointer bio(BIO_new(BIO_s_mem()));
  // RFC 2253 with everything outside of printable ASCII escaped, so that it can go anywhere.
  if (X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253) < 0) {
    ERR_clear_error();
    return "(unreadable name)";
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  std::string shown(text, static_cast<size_t>(size));
  if (shown.size() > kShownNameBytesMax) {
    shown.resize(kShownNameBytesMax - 3);
    shown += "...";
  }
  return shown;
}

std::optional<absl::Time> TimeOf(const ASN1_TIME* time) {
  std::tm fields = {};
  if (time == nullptr || ASN1_TIME_to_tm(time, &fields) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  return absl::FromTM(fields, absl::UTCTimeZone());
}

std::string SerialNumberOf(const X509* certificate) {
  const ASN1_INTEGER* number = X509_get0_serialNumber(certificate);
  return HexEncode({reinterpret_cast<const char*>(ASN1_STRING_get0_data(number)),
                    static_cast<size_t>(ASN1_STRING_length(number))});
}

absl::StatusOr<std::string> KeyIdOf(X509* certificate) {
  unsigned char* spki = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki);
  if (size <= 0) return CertificateMalformed(absl::StrCat("key: ", TakeOpenSslError()));
  const BytesPointer owned(spki);
  const Sha256Digest digest = Sha256({reinterpret_cast<const char*>(spki), static_cast<size_t>(size)});
  return HexEncode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

absl::Status CheckKey(const X509* certificate) {
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr) {
    return CertificateKeyUnsupported(
        absl::StrCat("key: cannot be read (", TakeOpenSslError(), "), want RSA or a NIST curve"));
  }
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
    const int bits = EVP_PKEY_get_bits(key);
    if (bits >= kRsaBitsMin && bits <= kRsaBitsMax) return absl::OkStatus();
    return CertificateKeyUnsupported(
        absl::StrCat("key: got RSA-", bits, ", want ", kRsaBitsMin, " to ", kRsaBitsMax, " bits"));
  }
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
    std::array<char, 64> group = {};
    EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr);
    ERR_clear_error();
    for (const char* curve : {"prime256v1", "secp384r1", "secp521r1"}) {
      if (std::strcmp(group.data(), curve) == 0) return absl::OkStatus();
    }
    return CertificateKeyUnsupported("key: got another curve, want P-256, P-384 or P-521");
  }
  return CertificateKeyUnsupported("key: got another type, want RSA or a NIST curve");
}

bool IsUdiPart(std::string_view part) {
  if (part.empty() || part.size() > kUdiPartBytesMax) return false;
  for (char c : part) {
    if (c <= ' ' || c > '~') return false;
  }
  return true;
}

}  // namespace

const char* SigningUseOid(SigningUse use) {
  switch (use) {
    case SigningUse::kAcknowledgement:
      return "2.25.211210134122509160890128313936338080862.1";
    case SigningUse::kBlock:
      return "2.25.211210134122509160890128313936338080862.2";
    case SigningUse::kAuthorization:
      return "2.25.211210134122509160890128313936338080862.3";
  }
  return "";
}

std::string FormatSubjectSerialNumber(const SubjectUdi& udi) {
  return absl::StrCat("PID:", udi.product_id, " SN:", udi.serial_number);
}

absl::StatusOr<SubjectUdi> ParseSubjectSerialNumber(std::string_view text) {
  constexpr std::string_view kProductId = "PID:";
  constexpr std::string_view kSerialNumber = " SN:";
  const size_t blank = text.find(' ');
  if (!text.starts_with(kProductId) || blank == std::string_view::npos ||
      !text.substr(blank).starts_with(kSerialNumber)) {
    return CertificateUdiInvalid(
        "subject serialNumber: got another form, want \"PID:<product id> SN:<serial number>\"");
  }
  SubjectUdi udi{std::string(text.substr(kProductId.size(), blank - kProductId.size())),
                 std::string(text.substr(blank + kSerialNumber.size()))};
  if (!IsUdiPart(udi.product_id) || !IsUdiPart(udi.serial_number)) {
    return CertificateUdiInvalid(
        "subject serialNumber: want 1 to 64 printable characters without blanks in each part");
  }
  return udi;
}

absl::StatusOr<Certificate> Certificate::FromDer(std::string_view der) {
  if (der.size() > kCertificateBytesMax) {
    return CertificateMalformed(
        absl::StrCat("certificate: got ", der.size(), " bytes, want at most ", kCertificateBytesMax));
  }
  auto parts = std::make_shared<Parts>();
  const unsigned char* at = BytesOf(der);
  parts->x509.reset(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (parts->x509 == nullptr) {
    return CertificateMalformed(absl::StrCat("certificate: want X.509 in DER: ", TakeOpenSslError()));
  }
  if (at != BytesOf(der) + der.size()) {
    return CertificateMalformed("certificate: got bytes after its end");
  }
  X509* x509 = parts->x509.get();
  const std::optional<absl::Time> not_before = TimeOf(X509_get0_notBefore(x509));
  const std::optional<absl::Time> not_after = TimeOf(X509_get0_notAfter(x509));
  if (!not_before.has_value() || !not_after.has_value()) {
    return CertificateMalformed("validity: want two times");
  }
  RETURN_IF_ERROR(CheckKey(x509));
  ASSIGN_OR_RETURN(parts->key_id, KeyIdOf(x509));
  parts->der = std::string(der);
  parts->subject = ShownName(X509_get_subject_name(x509));
  parts->issuer = ShownName(X509_get_issuer_name(x509));
  parts->serial_number = SerialNumberOf(x509);
  parts->not_before = *not_before;
  parts->not_after = *not_after;
  // 1: version 3 with CA:TRUE. Older versions cannot say so and are no CA here.
  parts->is_ca = X509_check_ca(x509) == 1;
  parts->is_self_issued = X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) == 0;
  if ((X509_get_extension_flags(x509) & EXFLAG_INVALID) != 0) {
    ERR_clear_error();
    return CertificateMalformed("extensions: want each at most once and well-formed");
  }
  return Certificate(std::move(parts));
}

absl::StatusOr<Certificate> Certificate::FromPem(std::string_view pem) {
  ASSIGN_OR_RETURN(std::vector<BundledCertificate> bundle, ParseCertificateBundle(pem));
  if (bundle.size() != 1) {
    return CertificateMalformed(absl::StrCat("certificate: got ", bundle.size(), " PEM blocks, want 1"));
  }
  return std::move(bundle.front().certificate);
}

const std::string& Certificate::der() const { return parts_->der; }
const std::string& Certificate::subject() const { return parts_->subject; }
const std::string& Certificate::issuer() const { return parts_->issuer; }
const std::string& Certificate::serial_number() const { return parts_->serial_number; }
absl::Time Certificate::not_before() const { return parts_->not_before; }
absl::Time Certificate::not_after() const { return parts_->not_after; }
const std::string& Certificate::key_id() const { return parts_->key_id; }
bool Certificate::is_ca() const { return parts_->is_ca; }
bool Certificate::is_self_issued() const { return parts_->is_self_issued; }
X509* Certificate::get() const { return parts_->x509.get(); }

bool Certificate::AllowsSigning(SigningUse use) const {
  const ExtendedKeyUsagePointer uses(static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(parts_->x509.get(), NID_ext_key_usage, nullptr, nullptr)));
  if (uses == nullptr || sk_ASN1_OBJECT_num(uses.get()) != 1) return false;
  std::array<char, 128> oid = {};
  constexpr int kNumericForm = 1;
  OBJ_obj2txt(oid.data(), oid.size(), sk_ASN1_OBJECT_value(uses.get(), 0), kNumericForm);
  return std::strcmp(oid.data(), SigningUseOid(use)) == 0;
}

std::string Certificate::ToPem() const {
  const BioPointer bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(bio.get(), parts_->x509.get()) != 1) {
    ERR_clear_error();
    return {};
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<size_t>(size)};
}

absl::StatusOr<SubjectUdi> Certificate::Udi() const {
  const X509_NAME* name = X509_get_subject_name(parts_->x509.get());
  const int at = X509_NAME_get_index_by_NID(name, NID_serialNumber, -1);
  if (at < 0) {
    return CertificateUdiInvalid("subject: got no serialNumber, want \"PID:… SN:…\"");
  }
  // Two would leave open which of them is meant.
  if (X509_NAME_get_index_by_NID(name, NID_serialNumber, at) >= 0) {
    return CertificateUdiInvalid("subject: got several serialNumbers, want one");
  }
  const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, value);
  if (size < 0) {
    return CertificateUdiInvalid(absl::StrCat("subject serialNumber: ", TakeOpenSslError()));
  }
  const BytesPointer owned(utf8);
  return ParseSubjectSerialNumber({reinterpret_cast<const char*>(utf8), static_cast<size_t>(size)});
}

absl::StatusOr<PublicKey> Certificate::Key() const {
  absl::StatusOr<PublicKey> key = PublicKey::FromCertificateDer(parts_->der);
  if (!key.ok()) {
    const absl::string_view message = key.status().message();
    return CertificateKeyUnsupported({message.data(), message.size()});
  }
  return key;
}

absl::Status Certificate::CheckKeyForImport() const {
  const KeyContextPointer context(EVP_PKEY_CTX_new(X509_get0_pubkey(get()), nullptr));
  if (context != nullptr && EVP_PKEY_public_check(context.get()) == 1) return absl::OkStatus();
  return CertificateKeyUnsupported(absl::StrCat("key: got unsound numbers: ", TakeOpenSslError()));
}

absl::Status Certificate::CheckValidity(absl::Time at) const {
  if (at < parts_->not_before - kClockSkewMax) {
    return CertificateNotYetValid(
        absl::StrCat("certificate: got ", absl::FormatTime(at, absl::UTCTimeZone()), ", want a time from ",
                     absl::FormatTime(parts_->not_before, absl::UTCTimeZone()), " on"));
  }
  if (at > parts_->not_after + kClockSkewMax) {
    return CertificateExpired(absl::StrCat("certificate: got ", absl::FormatTime(at, absl::UTCTimeZone()),
                                           ", want a time until ",
                                           absl::FormatTime(parts_->not_after, absl::UTCTimeZone())));
  }
  return absl::OkStatus();
}

}  // namespace quartermaster::crypto
