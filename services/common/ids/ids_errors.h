// Errors of page tokens and page sizes.
#ifndef QUARTERMASTER_SERVICES_COMMON_IDS_IDS_ERRORS_H_
#define QUARTERMASTER_SERVICES_COMMON_IDS_IDS_ERRORS_H_

#include "absl/status/status.h"

namespace quartermaster::ids {

absl::Status PageTokenInvalid();
absl::Status PageTokenOfOtherFilter();
absl::Status PageSizeOutOfRange(int got, int max);

}  // namespace quartermaster::ids

#endif  // QUARTERMASTER_SERVICES_COMMON_IDS_IDS_ERRORS_H_
