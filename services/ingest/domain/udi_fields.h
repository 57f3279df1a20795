// {"udi_pid", "udi_serial_number"}, wherever a document names a product instance.
#ifndef QUARTERMASTER_SERVICES_INGEST_DOMAIN_UDI_FIELDS_H_
#define QUARTERMASTER_SERVICES_INGEST_DOMAIN_UDI_FIELDS_H_

#include <simdjson.h>

#include "absl/status/status.h"
#include "services/ingest/domain/json_fields.h"
#include "services/ingest/domain/report.h"

namespace quartermaster::ingest {

// Both parts are there. Errors name `path` and what was wanted.
absl::Status ReadUdi(const FieldPath& path, simdjson::dom::element value, Udi& udi);

// Where nobody signs it: either part may be absent.
absl::Status ReadUnsignedUdi(const FieldPath& path, simdjson::dom::element value, Udi& udi);

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_DOMAIN_UDI_FIELDS_H_
