// Reads the reports of a few consumers back from their stored bytes, as far as ledger has applied
// them, and judges each on the way.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_STORED_REPORTS_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_STORED_REPORTS_H_

#include <cstdint>
#include <map>
#include <pqxx/pqxx>
#include <string>
#include <utility>
#include <vector>

#include "services/ledger/fsck/body_reader.h"
#include "services/ledger/fsck/finding.h"
#include "services/ledger/fsck/opened_report.h"
#include "services/ledger/fsck/timeline_checks.h"
#include "services/ledger/fsck/usage_oracle.h"

namespace quartermaster::ledger::fsck {

struct Member {
  int64_t product_instance_id = 0;
  int64_t lead_id = 0;
  int64_t virtual_account_id = 0;
  UdiPair udi;
  // Its place among the members of its HA set by UDI.
  int32_t number = 0;
};

// A report whose body is gone, and what its opening says of it.
struct RetiredReport {
  // Of its identity.
  std::string name;
  std::string payload_hash;
  int verification = 0;
  int64_t received_s = 0;
  int64_t report_id = 0;
  // As Member::number.
  int32_t member = 0;
  ReportHash hash{};
};

// What the stored bytes say about one consumer and tag.
struct StoredUsage {
  std::vector<OraclePoint> points;
  SilentReports silent;
  std::vector<RetiredReport> retired;
  // A report that replaces an applied one is stored but not applied yet: not to be judged now.
  bool in_flight = false;
};

class StoredReports {
 public:
  explicit StoredReports(pqxx::transaction_base& transaction)
      : transaction_(transaction), bodies_(transaction) {}

  // Usage of the members' consumers by (lead, tag). Adds to totals.reports.
  std::map<std::pair<int64_t, std::string>, StoredUsage> Read(int64_t smart_account_id,
                                                              const std::vector<Member>& members,
                                                              const FindingSink& sink, Totals& totals);

 private:
  void ReadReport(const pqxx::row& row, const Member& member, StoredUsage& usage, const FindingSink& sink);

  void TakeRetired(const pqxx::row& row, const Member& member, const OpenedReport* opened, StoredUsage& usage,
                   const FindingSink& sink);

  pqxx::transaction_base& transaction_;
  BodyReader bodies_;
};

// The measurements of a body that count, by place.
std::vector<OraclePoint> PointsOf(const ReadBody& body, int64_t received_s, bool verified, int32_t member);

// A PostgreSQL text[] literal.
std::string ArrayLiteral(const std::vector<std::string>& values);

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_STORED_REPORTS_H_
