// RETURN_IF_ERROR and ASSIGN_OR_RETURN for absl::Status, which Debian's Abseil does not bring.
#ifndef QUARTERMASTER_SERVICES_COMMON_STATUS_STATUS_MACROS_H_
#define QUARTERMASTER_SERVICES_COMMON_STATUS_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define QM_STATUS_CONCAT_INNER(a, b) a##b
#define QM_STATUS_CONCAT(a, b) QM_STATUS_CONCAT_INNER(a, b)

#define RETURN_IF_ERROR(expression)                               \
  do {                                                            \
    if (absl::Status qm_status = (expression); !qm_status.ok()) { \
      return qm_status;                                           \
    }                                                             \
  } while (false)

#define ASSIGN_OR_RETURN(declaration, expression) \
  QM_ASSIGN_OR_RETURN_INNER(QM_STATUS_CONCAT(qm_status_or_, __LINE__), declaration, expression)

#define QM_ASSIGN_OR_RETURN_INNER(status_or, declaration, expression) \
  auto status_or = (expression);                                      \
  if (!status_or.ok()) {                                              \
    return std::move(status_or).status();                             \
  }                                                                   \
  declaration = *std::move(status_or)

#endif  // QUARTERMASTER_SERVICES_COMMON_STATUS_STATUS_MACROS_H_
