// What only people want to see of a measurement, read from the payload when it is asked for.
#ifndef QUARTERMASTER_SERVICES_INGEST_API_MEASUREMENT_DETAILS_H_
#define QUARTERMASTER_SERVICES_INGEST_API_MEASUREMENT_DETAILS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quartermaster::ingest {

struct MeasurementDetails {
  int64_t log_time_s = 0;  // Unix seconds; 0 = the report does not say
  std::string metric_name;
  std::string termination_reason;
  std::string close_reason;
};

// Of each measurement, in the order of the payload. The payload was parsed when it came, so what is
// not as expected here is left empty.
std::vector<MeasurementDetails> ReadMeasurementDetails(std::string_view payload);

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_API_MEASUREMENT_DETAILS_H_
