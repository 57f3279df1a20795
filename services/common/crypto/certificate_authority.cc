#include "services/common/crypto/certificate_authority.h"

#include <openssl/objects.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/crypto_errors.h"
#include "services/common/crypto/openssl_pointers.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::crypto {
namespace {

constexpr size_t kCommonNameBytesMax = 64;
constexpr size_t kDnsNameBytesMax = 253;

// What a certificate is for, as its extensions say it.
struct Profile {
  const char* basic_constraints;
  const char* key_usage;
  // nullptr: any.
  const char* extended_key_usage;
};
constexpr Profile kCaProfile = {"critical,CA:TRUE,pathlen:0", "critical,keyCertSign,cRLSign", nullptr};
constexpr Profile kServerProfile = {"critical,CA:FALSE", "critical,digitalSignature",
                                    "serverAuth,clientAuth"};
constexpr Profile kClientProfile = {"critical,CA:FALSE", "critical,digitalSignature", "clientAuth"};
constexpr Profile kProductInstanceProfile = {"critical,CA:FALSE", "critical,digitalSignature", nullptr};

struct NameEntry {
  int nid;
  std::string value;
  // How it is encoded; MBSTRING_UTF8 also keeps to X.520's lengths and alphabets.
  int type = MBSTRING_UTF8;
};

// X.520 allows a serialNumber 64 characters of a small alphabet; two full UDI parts need more.
NameEntry SerialNumberEntry(const std::string& value) {
  const bool printable =
      ASN1_PRINTABLE_type(BytesOf(value), static_cast<int>(value.size())) == V_ASN1_PRINTABLESTRING;
  return {NID_serialNumber, value, printable ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING};
}

// A certificate under construction. The first thing that fails is kept; the rest is skipped.
class Draft {
 public:
  Draft(const PublicKey& key, Validity validity) : x509_(X509_new()) {
    Check(X509_set_version(x509_.get(), X509_VERSION_3) == 1);
    SetSerialNumber();
    SetTime(X509_getm_notBefore(x509_.get()), validity.not_before);
    SetTime(X509_getm_notAfter(x509_.get()), validity.not_after);
    Check(X509_set_pubkey(x509_.get(), key.get()) == 1);
  }

  void SetSubject(const std::vector<NameEntry>& entries) {
    X509_NAME* name = X509_get_subject_name(x509_.get());
    for (const NameEntry& entry : entries) {
      Check(X509_NAME_add_entry_by_NID(name, entry.nid, entry.type, BytesOf(entry.value),
                                       static_cast<int>(entry.value.size()), -1, 0) == 1);
    }
  }

  // `issuer`: the CA's certificate, or nullptr for a self-signed one.
  void SetIssuer(X509* issuer) {
    issuer_ = issuer == nullptr ? x509_.get() : issuer;
    Check(X509_set_issuer_name(x509_.get(), X509_get_subject_name(issuer_)) == 1);
  }

  void AddProfile(const Profile& profile) {
    AddExtension(NID_basic_constraints, profile.basic_constraints);
    AddExtension(NID_key_usage, profile.key_usage);
    if (profile.extended_key_usage != nullptr) {
      AddExtension(NID_ext_key_usage, profile.extended_key_usage);
    }
    AddExtension(NID_subject_key_identifier, "hash");
    AddExtension(NID_authority_key_identifier, "keyid:always");
  }

  void AddSubjectAltName(GENERAL_NAMES* names) {
    Check(X509_add1_ext_i2d(x509_.get(), NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1);
  }

  absl::StatusOr<Certificate> Sign(const PrivateKey& key) {
    Check(X509_sign(x509_.get(), key.get(), EVP_sha256()) > 0);
    unsigned char* der = nullptr;
    const int size = good_ ? i2d_X509(x509_.get(), &der) : -1;
    if (size <= 0) {
      return absl::InternalError(absl::StrCat("certificate: cannot be made: ", TakeOpenSslError()));
    }
    const BytesPointer owned(der);
    return Certificate::FromDer({reinterpret_cast<const char*>(der), static_cast<size_t>(size)});
  }

 private:
  void Check(bool good) { good_ = good_ && good; }

  void SetSerialNumber() {
    std::array<unsigned char, 16> random;
    Check(RAND_bytes(random.data(), random.size()) == 1);
    // Positive, and of full length so that no two readings of it differ.
    random[0] = static_cast<unsigned char>((random[0] & 0x3f) | 0x40);
    BIGNUM* number = BN_bin2bn(random.data(), random.size(), nullptr);
    Check(number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509_.get())) != nullptr);
    BN_free(number);
  }

  void SetTime(ASN1_TIME* target, absl::Time time) {
    Check(ASN1_TIME_set(target, absl::ToTimeT(time)) != nullptr);
  }

  void AddExtension(int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer_, x509_.get(), nullptr, nullptr, 0);
    const X509ExtensionPointer extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    Check(extension != nullptr && X509_add_ext(x509_.get(), extension.get(), -1) == 1);
  }

  X509Pointer x509_;
  X509* issuer_ = nullptr;
  bool good_ = true;
};

absl::Status CheckCommonName(std::string_view name) {
  if (!name.empty() && name.size() <= kCommonNameBytesMax) return absl::OkStatus();
  return CertificateMalformed(
      absl::StrCat("common name: got ", name.size(), " bytes, want 1 to ", kCommonNameBytesMax));
}

Validity CutTo(Validity validity, const Certificate& ca) {
  return {validity.not_before, std::min(validity.not_after, ca.not_after())};
}

// Frees `name` when it cannot be added.
bool Append(GENERAL_NAMES* names, int type, void* value) {
  if (value == nullptr) return false;
  GENERAL_NAME* name = GENERAL_NAME_new();
  GENERAL_NAME_set0_value(name, type, value);
  if (sk_GENERAL_NAME_push(names, name) > 0) return true;
  GENERAL_NAME_free(name);
  return false;
}

bool IsDnsName(std::string_view name) {
  if (name.empty() || name.size() > kDnsNameBytesMax) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '*';
  });
}

absl::StatusOr<GeneralNamesPointer> SubjectAltNames(const ServerNames& names) {
  GeneralNamesPointer result(GENERAL_NAMES_new());
  for (const std::string& dns : names.dns_names) {
    if (!IsDnsName(dns)) {
      return CertificateMalformed(absl::StrCat("DNS name: got \"", dns, "\", want a host name"));
    }
    ASN1_IA5STRING* value = ASN1_IA5STRING_new();
    ASN1_STRING_set(value, dns.data(), static_cast<int>(dns.size()));
    if (!Append(result.get(), GEN_DNS, value)) return absl::InternalError("subjectAltName");
  }
  for (const std::string& address : names.ip_addresses) {
    ASN1_OCTET_STRING* value = a2i_IPADDRESS(address.c_str());
    if (value == nullptr) {
      ERR_clear_error();
      return CertificateMalformed(absl::StrCat("IP address: got \"", address, "\", want IPv4 or IPv6"));
    }
    if (!Append(result.get(), GEN_IPADD, value)) return absl::InternalError("subjectAltName");
  }
  return result;
}

}  // namespace

absl::StatusOr<CertificateAuthority> CertificateAuthority::Create(const PrivateKey& key,
                                                                  std::string_view common_name,
                                                                  Validity validity) {
  RETURN_IF_ERROR(CheckCommonName(common_name));
  Draft draft(key.Public(), validity);
  draft.SetSubject({{NID_commonName, std::string(common_name)}});
  draft.SetIssuer(nullptr);
  draft.AddProfile(kCaProfile);
  ASSIGN_OR_RETURN(Certificate certificate, draft.Sign(key));
  return CertificateAuthority(key, std::move(certificate));
}

absl::StatusOr<CertificateAuthority> CertificateAuthority::Open(PrivateKey key, Certificate certificate) {
  if (!certificate.is_ca()) {
    return CertificateUntrusted(absl::StrCat(certificate.subject(), ": got no CA certificate"));
  }
  if (key.Public().key_id() != certificate.key_id()) {
    return CertificateUntrusted(absl::StrCat(certificate.subject(), ": got key ", key.Public().key_id(),
                                             ", want ", certificate.key_id()));
  }
  return CertificateAuthority(std::move(key), std::move(certificate));
}

absl::StatusOr<Certificate> CertificateAuthority::IssueServer(const PublicKey& key, const ServerNames& names,
                                                              Validity validity) const {
  if (names.dns_names.empty() && names.ip_addresses.empty()) {
    return CertificateMalformed("server names: got none, want a DNS name or an IP address");
  }
  ASSIGN_OR_RETURN(GeneralNamesPointer alt_names, SubjectAltNames(names));
  const std::string& first = names.dns_names.empty() ? names.ip_addresses.front() : names.dns_names.front();
  Draft draft(key, CutTo(validity, certificate_));
  // The common name is for people only and has less room than a DNS name.
  draft.SetSubject({{NID_commonName, first.substr(0, kCommonNameBytesMax)}});
  draft.SetIssuer(certificate_.get());
  draft.AddProfile(kServerProfile);
  draft.AddSubjectAltName(alt_names.get());
  return draft.Sign(key_);
}

absl::StatusOr<Certificate> CertificateAuthority::IssueClient(const PublicKey& key,
                                                              std::string_view common_name,
                                                              Validity validity) const {
  RETURN_IF_ERROR(CheckCommonName(common_name));
  Draft draft(key, CutTo(validity, certificate_));
  draft.SetSubject({{NID_commonName, std::string(common_name)}});
  draft.SetIssuer(certificate_.get());
  draft.AddProfile(kClientProfile);
  return draft.Sign(key_);
}

absl::StatusOr<Certificate> CertificateAuthority::IssueProductInstance(const PublicKey& key,
                                                                       const SubjectUdi& udi,
                                                                       Validity validity) const {
  const std::string serial_number = FormatSubjectSerialNumber(udi);
  RETURN_IF_ERROR(ParseSubjectSerialNumber(serial_number).status());
  Draft draft(key, CutTo(validity, certificate_));
  draft.SetSubject({SerialNumberEntry(serial_number), {NID_commonName, udi.serial_number}});
  draft.SetIssuer(certificate_.get());
  draft.AddProfile(kProductInstanceProfile);
  return draft.Sign(key_);
}

absl::StatusOr<Certificate> CertificateAuthority::IssueSigner(const PublicKey& key, SigningUse use,
                                                              std::string_view common_name,
                                                              Validity validity) const {
  RETURN_IF_ERROR(CheckCommonName(common_name));
  Draft draft(key, CutTo(validity, certificate_));
  draft.SetSubject({{NID_commonName, std::string(common_name)}});
  draft.SetIssuer(certificate_.get());
  draft.AddProfile(
      {kProductInstanceProfile.basic_constraints, kProductInstanceProfile.key_usage, SigningUseOid(use)});
  return draft.Sign(key_);
}

}  // namespace quartermaster::crypto
