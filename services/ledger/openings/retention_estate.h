// An estate whose reports came over six months of 2024, with everything that retention has to mind, and a
// key that signs its openings. For tests.
#ifndef QUARTERMASTER_SERVICES_LEDGER_OPENINGS_RETENTION_ESTATE_H_
#define QUARTERMASTER_SERVICES_LEDGER_OPENINGS_RETENTION_ESTATE_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "services/common/clock/clock.h"
#include "services/common/pg/pool.h"
#include "services/ledger/openings/write_openings.h"
#include "services/ledger/testing/ledger_database.h"

namespace quartermaster::ledger {

// Midnight (UTC) of a day of 2024.
absl::Time Day(int month, int day);

// Reasons to stay, as in ingest_v1_reasons_to_stay.
inline constexpr int kUnverifiableStays = 16;

class RetentionEstate {
 public:
  RetentionEstate();

  // Reports of the months 1 to 6, in the books; all verified ones but those of device "U" are acknowledged.
  //   A: a conflict in month 2, and a report in month 5 about month 1     B: gaps      C: unverifiable
  //   D, E: an HA set       R: released in month 4      S: a suspect clock in month 1
  //   U: not acknowledged   Z: silent since month 1     H: of the account "held.example.com"
  //   X: a report in month 1 that cannot be booked and is set aside
  void Fill();

  void Submit(const std::vector<FeedReport>& reports, absl::Time received_at,
              std::optional<int64_t> account = std::nullopt);
  void Apply();
  void Acknowledge();
  void PlaceHold();
  void ReleaseHold();

  // The same estate on another server, which a dump was restored into.
  struct Server {
    pg::Pool ledger;
    pg::Pool ingest;
  };

  // Months that ended a quarter before `now` are opened.
  WriteOpenings Opener() { return Opener(here_); }
  WriteOpenings Opener(Server& server);
  // Opens every month that is due at `now`.
  void Open(absl::Time now) { Open(now, here_); }
  void Open(absl::Time now, Server& server);
  // As ingest's job does it: every month with an opening goes.
  absl::Status Retire(int ignored = 0) { return Retire(ignored, here_); }
  absl::Status Retire(int ignored, Server& server);

  // One line for each finding of fsck; their rules.
  std::string Findings() { return Findings(here_); }
  std::string Findings(Server& server);
  const std::set<std::string>& rules() const { return rules_; }
  // What is stored, as "serial number/report id" in order.
  std::string Stored(const std::string& table);
  int64_t PartitionCount();

  LedgerDatabase& database() { return database_; }
  int64_t held_account() const { return held_account_; }

 private:
  void AddSigningKeys();
  absl::StatusOr<BlockSignature> Sign(std::string_view hash);

  LedgerDatabase database_;
  ManualClock clock_{Day(7, 1)};
  Server here_;
  std::string key_pem_;
  std::string key_id_;
  int64_t held_account_ = 0;
  std::set<std::string> rules_;
};

// A report of one day.
FeedReport DayReport(const std::string& serial_number, int64_t report_id, int month, int day, uint32_t count);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_OPENINGS_RETENTION_ESTATE_H_
