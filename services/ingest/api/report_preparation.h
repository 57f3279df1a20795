// From the text of a report to what the group commit takes: parse, verify, extract, compress. Each
// report stands alone: what is wrong with one is its own result.
#ifndef QUARTERMASTER_SERVICES_INGEST_API_REPORT_PREPARATION_H_
#define QUARTERMASTER_SERVICES_INGEST_API_REPORT_PREPARATION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/clock/clock.h"
#include "services/common/crypto/signature.h"
#include "services/ingest/api/found_report.h"
#include "services/ingest/domain/report.h"
#include "services/ingest/domain/report_parser.h"
#include "services/ingest/storage/body_codec.h"
#include "services/ingest/storage/body_dictionaries.h"
#include "services/ingest/storage/pending_report.h"
#include "services/ingest/storage/trust_cache.h"

namespace quartermaster::ingest {

// What is needed to prepare reports; everything outlives the preparations.
struct PreparationContext {
  const Clock& clock;
  TrustCache& trust;
  const BodyDictionaries& dictionaries;
};

// A report on its way to its answer.
struct PreparedReport {
  int64_t offset = 0;
  // Not OK: rejected, and not in `pending`.
  absl::Status status;
  // As far as it could be read.
  Udi udi;
  std::string entitlement_tag;
  int64_t report_id = 0;
  int32_t measurement_count = 0;
  int64_t in_use = 0;
  // Of one that goes on: as in PendingReport.
  pg::Uuid payload_hash = {};
};

struct PreparedReports {
  // One for each found report, in its order.
  std::vector<PreparedReport> reports;
  // Those that go on, and the index of each in `reports`.
  std::vector<PendingReport> pending;
  std::vector<size_t> pending_index;
};

// Keeps its buffers between calls: one for each thread, or from a pool of them. Not thread-safe.
class ReportPreparation {
 public:
  explicit ReportPreparation(const PreparationContext& context) : context_(context) {}

  // Parses all of `found`, whose texts outlive the call only.
  void Parse(const std::vector<FoundReport>& found);
  // Verifies from what is in memory and fills `prepared`; false = the database must be asked.
  bool TryFinish(PreparedReports& prepared);
  // The same; may ask the database, and waits for it until `deadline`. An error is retryable.
  absl::Status Finish(absl::Time deadline, PreparedReports& prepared);

  // Whether it keeps more memory than the next documents are likely to need.
  bool Oversized() const;

 private:
  struct Parsed {
    ParsedReport report;
    absl::Status status;
    int64_t offset = 0;
  };
  void Assemble(PreparedReports& prepared);
  absl::StatusOr<PendingReport> Pend(const ParsedReport& report, const TrustAnswer& trust);

  const PreparationContext context_;
  ReportParser parser_;
  BodyCodec codec_;
  int64_t received_s_ = 0;
  // The first `count_` are in use; the others wait with their buffers.
  std::vector<Parsed> parsed_;
  size_t count_ = 0;
  std::vector<TrustQuestion> questions_;
  std::vector<TrustAnswer> answers_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_API_REPORT_PREPARATION_H_
