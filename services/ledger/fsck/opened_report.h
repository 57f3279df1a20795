// What an opening says of one report: a hash over its identity and over the measurements that count. It is
// computed from the stored bytes when the opening is written, and, once the bytes are gone, from the
// identity and the measurements that the position has kept.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_OPENED_REPORT_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_OPENED_REPORT_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "services/ledger/fsck/usage_oracle.h"

namespace quartermaster::ledger::fsck {

using ReportHash = std::array<char, 16>;

struct ReportFacts {
  // As report_identities has them.
  std::string payload_hash;
  int verification = 0;
  int64_t received_s = 0;
  // It took the place of another report and measured nothing that counts.
  bool silent = false;
  // By place.
  std::vector<OraclePoint> points;
};

// README.md of services/ledger/openings says what is hashed.
ReportHash HashOf(const ReportFacts& facts);
std::string HexOf(const ReportHash& hash);

struct OpenedReport {
  int64_t report_id = 0;
  ReportHash hash{};
};

// report_opening_sources.reports: for each report by id the difference to the one before and its hash.
std::string PackOpenedReports(const std::vector<OpenedReport>& reports);
// Appends to `reports`; false when the bytes are not such a list, rising without repetition.
bool UnpackOpenedReports(std::string_view bytes, std::vector<OpenedReport>& reports);

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_OPENED_REPORT_H_
