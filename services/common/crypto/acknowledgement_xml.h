// The outer XML of an acknowledgement file and of a policy file.
#ifndef QUARTERMASTER_SERVICES_COMMON_CRYPTO_ACKNOWLEDGEMENT_XML_H_
#define QUARTERMASTER_SERVICES_COMMON_CRYPTO_ACKNOWLEDGEMENT_XML_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace quartermaster::crypto {

// Texts of the two <data> elements.
struct AcknowledgementXml {
  std::string acknowledgement;
  std::string policy;
};

// `crypto.acknowledgement_file_malformed` with the line and column: not well-formed, a DOCTYPE, too
// deep, not <smartLicense>, or not exactly one of each <data>.
absl::StatusOr<AcknowledgementXml> ReadAcknowledgementXml(std::string_view file);
// The same of <smartLicensePolicy> as the root: the text of its one <data>.
absl::StatusOr<std::string> ReadPolicyXml(std::string_view file);

}  // namespace quartermaster::crypto

#endif  // QUARTERMASTER_SERVICES_COMMON_CRYPTO_ACKNOWLEDGEMENT_XML_H_
