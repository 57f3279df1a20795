// Reports of a batch with their digests read, ready to be booked.
#ifndef QUARTERMASTER_SERVICES_LEDGER_JOBS_DECODED_REPORT_H_
#define QUARTERMASTER_SERVICES_LEDGER_JOBS_DECODED_REPORT_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/common/usage/digest.h"
#include "services/ledger/storage/report_reader.h"
#include "services/ledger/storage/source_directory.h"

namespace quartermaster::ledger {

struct DecodedReport {
  const StoredReport* stored = nullptr;
  Source source;
  // Of DecodedReports::measurements.
  size_t first_measurement = 0;
  size_t measurement_count = 0;
  // Latest unsuspected end of a counted measurement, Unix seconds; 0 = none.
  int64_t last_measured_s = 0;
  bool has_suspect = false;
  // Whether any measurement counts: such a report leaves a position.
  bool has_counted = false;
  std::string software_version;
  std::vector<usage::DigestHaMember> ha_members;

  bool unverifiable() const { return stored->verification == StoredVerification::kUnverifiable; }
};

// Keeps the measurements of a whole batch in one place.
class DecodedReports {
 public:
  // Error when the digest is damaged or says what cannot be: the report cannot be booked.
  absl::Status Add(const StoredReport& stored, const Source& source);

  std::span<const DecodedReport> reports() const { return reports_; }
  std::span<const Measurement> MeasurementsOf(const DecodedReport& report) const {
    return std::span(measurements_).subspan(report.first_measurement, report.measurement_count);
  }

 private:
  usage::Digest digest_;
  std::vector<Measurement> measurements_;
  std::vector<DecodedReport> reports_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_JOBS_DECODED_REPORT_H_
