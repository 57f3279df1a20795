// A few hundred reports of an import on their way from the file to their answers.
#ifndef QUARTERMASTER_SERVICES_INGEST_API_IMPORT_BATCH_H_
#define QUARTERMASTER_SERVICES_INGEST_API_IMPORT_BATCH_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "services/ingest/api/document.h"
#include "services/ingest/api/report_preparation.h"
#include "services/ingest/domain/document_reader.h"
#include "services/ingest/storage/pending_report.h"

namespace quartermaster::ingest {

struct ImportBatch {
  FoundReports found;
  std::vector<PendingSystemInfo> system_infos;
  // What they count for in the bounds on what is under way.
  size_t reports = 0;
  size_t bytes = 0;
  // Offset behind the last of them: once answered, the file is done up to here.
  int64_t end_offset = 0;

  PreparedReports prepared;
  std::vector<ReportAnswer> answers;
  // Not OK: nobody knows what became of them.
  absl::Status status;
  bool answered = false;
};

// Cuts the bytes of a file into batches, in order. Not thread-safe.
class BatchCutter {
 public:
  using Batches = std::vector<std::shared_ptr<ImportBatch>>;

  // Takes a step from the front of `bytes`: all of them, or as many as complete some 2,000 reports
  // or as many system infos as are kept; call again with the rest. Returns the batches of what became
  // complete. After an error, which error() tells, the rest of the file is refused.
  Batches Feed(std::string_view& bytes);
  Batches Finish();

  const absl::Status& error() const { return error_; }
  int64_t error_offset() const { return reader_.error_offset(); }
  int64_t bytes_fed() const { return bytes_fed_; }

  // System infos found so far, to be stored when their senders are known: hands over those that
  // came before the newest, or all.
  std::vector<PendingSystemInfo> TakeSystemInfos(bool all);
  size_t system_info_count() const { return system_infos_.size(); }
  size_t system_info_bytes() const { return system_info_bytes_; }
  // Enough are kept that they must be taken before the next step.
  bool system_infos_due() const;

 private:
  void Take(const DocumentItem& item);
  void CloseBatch();
  Batches TakeBatches();

  DocumentReader reader_;
  absl::Status error_;
  int64_t bytes_fed_ = 0;
  FoundReports open_;
  Batches closed_;
  size_t found_ = 0;  // reports of this step
  std::vector<PendingSystemInfo> system_infos_;
  size_t system_info_bytes_ = 0;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_API_IMPORT_BATCH_H_
