// Takes the bodies of reports that are old enough, a month at a time, once ledger has written the opening
// that stands in for them. What has to stay is moved to rum_reports_kept first. Also deletes the system
// infos of product instances whose details were erased.
#ifndef QUARTERMASTER_SERVICES_INGEST_JOBS_RETIRE_REPORTS_H_
#define QUARTERMASTER_SERVICES_INGEST_JOBS_RETIRE_REPORTS_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/config/node_config.h"
#include "services/common/metrics/metrics.h"
#include "services/common/pg/pool.h"
#include "services/ingest/storage/report_retention.h"

namespace quartermaster::ingest {

// Every step commits by itself and may be repeated, so it may be killed anywhere, and replicas may run it
// at once. Not thread-safe.
class RetireReports {
 public:
  // `pool` and `registry` outlive the job. Without a duration it only erases and counts.
  RetireReports(pg::Pool& pool, const config::RetentionConfig& retention, metrics::Registry& registry);

  // Goes on with the next month when one fails; the first failure is answered.
  absl::Status RunOnce(absl::Time now);

 private:
  absl::Status RetireMonth(absl::Time from);
  absl::Status TrimKept();
  absl::Status Count();

  ReportRetention reports_;
  const config::RetentionConfig retention_;
  const int ignored_;
  absl::Time trim_at_ = absl::InfinitePast();
  metrics::Counter& months_dropped_;
  metrics::Gauge& kept_reports_;
  metrics::Gauge& oldest_month_seconds_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_JOBS_RETIRE_REPORTS_H_
