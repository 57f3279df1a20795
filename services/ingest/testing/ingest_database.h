// A test's own database with the accounts that ingest tests need, and short ways to ask it.
#ifndef QUARTERMASTER_SERVICES_INGEST_TESTING_INGEST_DATABASE_H_
#define QUARTERMASTER_SERVICES_INGEST_TESTING_INGEST_DATABASE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "services/common/pg/pool.h"

namespace quartermaster::ingest {

class IngestDatabase {
 public:
  // A new database with a default Smart Account "corp.example.com" (Virtual Account "Default").
  IngestDatabase();

  // As role qm_ingest.
  pg::Options options() const;
  const std::string& name() const { return name_; }
  int64_t default_account() const { return default_account_; }

  // A further Smart Account with its default Virtual Account.
  int64_t AddAccount(const std::string& domain);
  int64_t AddVirtualAccount(int64_t smart_account_id, const std::string& name);
  // Inventory: the UDI's home is there.
  void AddProductInstance(int64_t smart_account_id, const std::string& pid, const std::string& sn);
  void AddTrustCertificate(const std::string& key_id, const std::string& pid, const std::string& sn,
                           const std::string& certificate_der, const std::string& not_before,
                           const std::string& not_after);

  // As the superuser; a failing statement fails the test.
  void Run(const std::string& sql);
  int64_t Number(const std::string& sql);
  std::string Text(const std::string& sql);
  // First column, in the order of the statement.
  std::vector<std::string> Column(const std::string& sql);

 private:
  std::string name_;
  pg::Pool admin_;
  int64_t default_account_ = 0;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_TESTING_INGEST_DATABASE_H_
