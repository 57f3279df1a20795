// ListReports and GetReport: stored reports as the wire shows them. Plain calls that block; the gRPC
// class runs them on threads of their own.
#ifndef QUARTERMASTER_SERVICES_INGEST_API_SHOW_REPORTS_H_
#define QUARTERMASTER_SERVICES_INGEST_API_SHOW_REPORTS_H_

#include <string>

#include "absl/status/status.h"
#include "quartermaster/ingest/v1/ingest.pb.h"
#include "services/ingest/storage/account_directory.h"
#include "services/ingest/storage/body_dictionaries.h"
#include "services/ingest/storage/report_reader.h"

namespace quartermaster::ingest {

// Thread-safe.
class ShowReports {
 public:
  // All outlive this.
  ShowReports(AccountDirectory& accounts, ReportReader& reader, BodyDictionaries& dictionaries)
      : accounts_(accounts), reader_(reader), dictionaries_(dictionaries) {}

  // `smart_account`: what the request names, else the caller's.
  absl::Status List(const std::string& smart_account, absl::Time deadline,
                    const v1::ListReportsRequest& request, v1::ListReportsResponse& response);
  absl::Status Get(const std::string& smart_account, absl::Time deadline, const v1::GetReportRequest& request,
                   v1::Report& response);

 private:
  absl::Status FillReport(const StoredReport& stored, v1::Report& report);

  AccountDirectory& accounts_;
  ReportReader& reader_;
  BodyDictionaries& dictionaries_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_API_SHOW_REPORTS_H_
