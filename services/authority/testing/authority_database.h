// A test's own database, with short ways to put there what ingest and ledger would have written.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_TESTING_AUTHORITY_DATABASE_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_TESTING_AUTHORITY_DATABASE_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "services/common/pg/pool.h"

namespace quartermaster::authority {

// As in rum_reports.
enum StoredOutcome : int { kAccepted = 1, kConflict = 3, kSuperseding = 5 };
enum StoredVerification : int { kVerified = 1, kUnverifiable = 2 };

struct StoredReport {
  int64_t source_id;
  int64_t report_id;
  StoredVerification verification = kVerified;
  StoredOutcome outcome = kAccepted;
};

// A failing statement fails the test. Thread-safe.
class AuthorityDatabase {
 public:
  // A new database with one Smart Account, "corp.example.com".
  AuthorityDatabase();

  // As role qm_authority.
  pg::Options options() const;
  int64_t account() const { return account_; }

  int64_t AddAccount(const std::string& domain);
  int64_t AddSender(int64_t account, const std::string& pid, const std::string& sn);
  int64_t AddSource(int64_t account, int64_t sender_id, const std::string& tag);
  // A product instance of the inventory.
  void AddProductInstance(int64_t account, const std::string& pid, const std::string& sn);
  // As ledger keeps what the product instance uses of a tag; the catalogue need not know the tag.
  void SetInUse(const std::string& sn, const std::string& tag, int64_t in_use);
  void AddLicenseTag(const std::string& tag, int enforcement, int term);

  // One transaction of ingest. Answers the change id.
  int64_t AddChange(int64_t account, const std::vector<StoredReport>& reports,
                    const std::string& received_at = "2030-03-17 17:46:40+00");
  int64_t AddTicket(int64_t account, const std::vector<int64_t>& sender_ids,
                    const std::vector<int64_t>& change_ids, const std::string& created_at);
  // Ledger has applied everything up to this change, or to the last one.
  void ApplyThrough(int64_t change_id);
  void ApplyAll();

  void Run(const std::string& sql);
  int64_t Number(const std::string& sql);
  std::string Text(const std::string& sql);

 private:
  std::string name_;
  pg::Pool admin_;
  int64_t account_ = 0;
  std::atomic<int64_t> last_poll_id_{0};
};

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_TESTING_AUTHORITY_DATABASE_H_
