// Rows of report_findings: what reports showed that a person should know, one row per cause.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_FINDING_STORE_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_FINDING_STORE_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::ledger {

// Stored values of report_findings.kind. Never renumbered.
enum class FindingKind : int16_t {
  kWrongVirtualAccount = 1,  // of a product instance; tag 0
  kGap = 2,                  // of a consumer and tag
  kClockSuspect = 3,         // of a consumer and tag
  // 4 was an unknown tag, which the catalogue itself says.
  kReportConflict = 5,    // of a product instance and tag
  kUnbookableReport = 6,  // of a product instance and tag, 0 where they are not known
  kHaSetTooLarge = 7,     // of a product instance; tag 0
};
inline constexpr char kClockSuspectDetail[] = "a measurement ends more than an hour after it was received";
// As proto and metrics name it: "wrong_virtual_account" and so on.
std::string_view FindingName(FindingKind kind);

struct FindingKey {
  int64_t smart_account_id = 0;
  int64_t product_instance_id = 0;
  int32_t tag_id = 0;
  FindingKind kind = FindingKind::kGap;
  auto operator<=>(const FindingKey&) const = default;
};

// Collects what one transaction finds and what it finds settled, then writes it. Of a cause that was
// seen several times the last word counts: raised and then resolved, its row is there, resolved.
class FindingRows {
 public:
  void Raise(const FindingKey& key, absl::Time seen_at, std::string detail);
  void Resolve(const FindingKey& key, absl::Time resolved_at);
  // A raised finding that was resolved before opens anew.
  absl::Status Write(pg::RawConnection& connection) const;

 private:
  struct Seen {
    absl::Time first;
    absl::Time last;
    std::string detail;
  };
  absl::Status WriteRaised(pg::RawConnection& connection) const;
  absl::Status WriteResolved(pg::RawConnection& connection) const;

  std::map<FindingKey, Seen> raised_;
  std::map<FindingKey, absl::Time> resolved_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_FINDING_STORE_H_
