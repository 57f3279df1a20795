// The `measurements` list of a payload.
#ifndef QUARTERMASTER_SERVICES_INGEST_DOMAIN_MEASUREMENT_FIELDS_H_
#define QUARTERMASTER_SERVICES_INGEST_DOMAIN_MEASUREMENT_FIELDS_H_

#include <simdjson.h>

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "services/common/usage/measurement.h"
#include "services/ingest/domain/json_fields.h"

namespace quartermaster::ingest {

// Every measurement is kept in its place, the ones that are not counted too. `received_s` decides
// kClockSuspect.
absl::Status ReadMeasurements(const FieldPath& path, simdjson::dom::element list, int64_t received_s,
                              std::vector<Measurement>& measurements);

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_DOMAIN_MEASUREMENT_FIELDS_H_
