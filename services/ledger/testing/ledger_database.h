// A test's own database: accounts, reports as ingest commits them, and short ways to ask it.
#ifndef QUARTERMASTER_SERVICES_LEDGER_TESTING_LEDGER_DATABASE_H_
#define QUARTERMASTER_SERVICES_LEDGER_TESTING_LEDGER_DATABASE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "services/common/pg/pool.h"
#include "services/common/pg/raw_connection.h"
#include "services/common/usage/digest.h"

namespace quartermaster::ledger {

// A report as ingest stores it.
struct FeedReport {
  std::string product_id = "C9300";
  std::string serial_number = "SN1";
  std::string tag = "regid.network";
  int64_t report_id = 1;
  std::vector<Measurement> measurements;
  bool verified = true;
  int16_t outcome = 1;
  std::optional<int64_t> door_virtual_account_id;
  std::string software_version = "17.9.2";
  std::vector<usage::DigestHaMember> ha_members;
  // Instead of an encoded digest, when not empty.
  std::string damaged_digest;
};

class LedgerDatabase {
 public:
  // A new database with the default Smart Account "default" and its Virtual Account "Default".
  LedgerDatabase();

  // As role qm_ledger.
  pg::Options options() const;
  const std::string& name() const { return name_; }
  int64_t account() const { return account_; }
  int64_t virtual_account() const { return virtual_account_; }

  // After the server was killed: connections that are left over are thrown away.
  void Reconnect() { ingest_.reset(); }

  int64_t AddAccount(const std::string& domain);
  int64_t AddVirtualAccount(int64_t smart_account_id, const std::string& name);

  // Commits reports as one change of ingest's feed, as role qm_ingest; returns its id.
  int64_t Submit(std::span<const FeedReport> reports, absl::Time received_at);
  int64_t Submit(std::span<const FeedReport> reports, absl::Time received_at, int64_t smart_account_id);

  // As the superuser; a failing statement fails the test.
  void Run(const std::string& sql);
  int64_t Number(const std::string& sql);
  std::string Text(const std::string& sql);
  // One line a row, columns separated by '|'.
  std::string Table(const std::string& sql);

 private:
  int64_t SourceOf(const FeedReport& report, int64_t smart_account_id);
  pg::RawConnection& Ingest();

  std::string name_;
  std::unique_ptr<pg::Pool> admin_;
  std::unique_ptr<pg::RawConnection> ingest_;
  std::map<std::string, int64_t> sources_;
  int64_t account_ = 0;
  int64_t virtual_account_ = 0;
};

// The books as they must not depend on order, batching and repetition: positions, coverage, pools
// and the sums of movements by effective time, under UDIs instead of numbers.
std::string BooksOf(LedgerDatabase& database);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_TESTING_LEDGER_DATABASE_H_
