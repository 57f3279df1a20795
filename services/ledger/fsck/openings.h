// What the openings say of the reports of a few consumers: which they stand in for, and what those said.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_OPENINGS_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_OPENINGS_H_

#include <cstdint>
#include <map>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "services/ledger/fsck/finding.h"
#include "services/ledger/fsck/opened_report.h"

namespace quartermaster::ledger::fsck {

class Openings {
 public:
  // Of the sources of these UDIs. `pids` and `sns` are PostgreSQL text[] literals of the same length.
  Openings(pqxx::transaction_base& transaction, int64_t smart_account_id, const std::string& pids,
           const std::string& sns, const FindingSink& sink);

  // What the opening of the month in which this identity was received says of it; null when no opening
  // stands for it. An identity that a verified report took over later is known to the opening of its first
  // month too.
  const OpenedReport* Find(int64_t source_id, int64_t report_id, int64_t received_s, bool verified);

  // Names every report that openings speak of and Find was not asked for.
  void ReportUnasked(const FindingSink& sink) const;

 private:
  struct Listed {
    int64_t opening_id = 0;
    int64_t from_s = 0;
    int64_t until_s = 0;
    std::string source;
    std::vector<OpenedReport> reports;
    std::vector<bool> asked;
  };

  std::map<int64_t, std::vector<Listed>> by_source_;
};

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_OPENINGS_H_
