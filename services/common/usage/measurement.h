// One measurement of a RUM report as ingest extracts it and ledger books it: the vocabulary that
// ReportDigest (proto/quartermaster/ingest/v1/digest.proto) packs.
#ifndef QUARTERMASTER_SERVICES_COMMON_USAGE_MEASUREMENT_H_
#define QUARTERMASTER_SERVICES_COMMON_USAGE_MEASUREMENT_H_

#include <cstdint>

namespace quartermaster {

// Bits of ReportDigest.flags. Values are stored: never renumber.
enum MeasurementFlag : uint32_t {
  // metric_name is not ENTITLEMENT (for example TELEMETRY): kept, not counted, covers nothing.
  kNotCounted = 1u << 0,
  // Ends more than 3,600 s after the report was received; decided at receipt, for good.
  kClockSuspect = 1u << 1,
  // The measurement carries a close_reason or termination_reason: what follows is no gap.
  kEndExplained = 1u << 2,
  // … and that reason is ProductReload: shown as a restart.
  kEndedByReload = 1u << 3,
};

struct Measurement {
  int64_t start_s = 0;  // Unix seconds
  int64_t end_s = 0;
  uint32_t count = 0;  // 0 to 2,147,483,647
  uint32_t flags = 0;  // MeasurementFlag
};

// An end time later than receipt by more than this is clock_suspect (semantics: RUM reports).
inline constexpr int64_t kClockSuspectAfterS = 3600;

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_COMMON_USAGE_MEASUREMENT_H_
