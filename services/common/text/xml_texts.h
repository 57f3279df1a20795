// The texts of a small XML file's innermost elements, by path. For files of a few kilobytes whose shape is
// known; what reports look like is read elsewhere.
#ifndef QUARTERMASTER_SERVICES_COMMON_TEXT_XML_TEXTS_H_
#define QUARTERMASTER_SERVICES_COMMON_TEXT_XML_TEXTS_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace quartermaster::text {

struct XmlText {
  // "/smartLicense/smartLicenseAuthRequest/data".
  std::string path;
  std::string text;
};

struct XmlLimits {
  size_t bytes_max = 1 << 20;
  int depth_max = 8;
  size_t elements_max = 10'000;
};

// In document order, one for each element without children, empty ones too; attributes are ignored, an XML
// declaration and entities of XML itself are allowed. An error (INVALID_ARGUMENT, plain) says where and why:
// not well-formed, a DOCTYPE, beyond the limits.
absl::StatusOr<std::vector<XmlText>> ReadXmlTexts(std::string_view file, const XmlLimits& limits = {});

// As text of an element: <, > and & as entities, what XML cannot hold as '?', apostrophes as ’.
std::string XmlEscape(std::string_view text);

}  // namespace quartermaster::text

#endif  // QUARTERMASTER_SERVICES_COMMON_TEXT_XML_TEXTS_H_
