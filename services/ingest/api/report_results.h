// What came of reports, as the wire says it (ReportResult), and as the metrics count it.
#ifndef QUARTERMASTER_SERVICES_INGEST_API_REPORT_RESULTS_H_
#define QUARTERMASTER_SERVICES_INGEST_API_REPORT_RESULTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "quartermaster/ingest/v1/ingest.pb.h"
#include "services/common/metrics/metrics.h"
#include "services/ingest/api/report_preparation.h"
#include "services/ingest/storage/pending_report.h"

namespace quartermaster::ingest {

void SetMicros(int64_t unix_us, google::protobuf::Timestamp& time);

// "<change id>-<place>".
std::string NameOf(const StoredName& name);
// Nothing when the text is no name.
std::optional<StoredName> ParseName(std::string_view text);

v1::ReportResult RejectedResult(const PreparedReport& report, const absl::Status& why);
// `answer` from the group commit.
v1::ReportResult AnsweredResult(const PreparedReport& report, const ReportAnswer& answer);

// Calls `on_report` for each report in order, with its answer; a report that was rejected before the
// group commit gets one that says why. `answers` stand in the order of the pending ones.
void ForEachAnswer(
    const PreparedReports& prepared, const std::vector<ReportAnswer>& answers,
    absl::FunctionRef<void(const PreparedReport& report, const ReportAnswer& answer)> on_report);

// Thread-safe.
class ResultCounters {
 public:
  explicit ResultCounters(metrics::Registry& metrics);
  void Count(const ReportAnswer& answer);
  void CountRejected(const absl::Status& why);

 private:
  metrics::Registry& metrics_;
  // By outcome (accepted, duplicate, conflict) and verification (1, 2).
  metrics::Counter* answered_[3][3] = {};
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, metrics::Counter*> rejected_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_API_REPORT_RESULTS_H_
