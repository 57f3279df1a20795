#include "services/ingest/testing/ingest_database.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/common/testing/postgres_fixture.h"

namespace quartermaster::ingest {
namespace {

std::string Literal(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

}  // namespace

IngestDatabase::IngestDatabase()
    : name_(testing::NewDatabase()), admin_(testing::OptionsFor("qm_admin", name_)) {
  Run("UPDATE smart_accounts SET is_default = false");
  default_account_ = AddAccount("corp.example.com");
  Run(absl::StrCat("UPDATE smart_accounts SET is_default = true WHERE smart_account_id = ",
                   default_account_));
}

pg::Options IngestDatabase::options() const { return testing::OptionsFor("qm_ingest", name_); }

int64_t IngestDatabase::AddAccount(const std::string& domain) {
  const int64_t id = Number(
      absl::StrCat("INSERT INTO smart_accounts (domain, display_name, created_at) VALUES (", Literal(domain),
                   ", ", Literal(domain), ", '2024-01-01') RETURNING smart_account_id"));
  Run(
      absl::StrCat("INSERT INTO virtual_accounts (smart_account_id, name, is_default, created_at)"
                   " VALUES (",
                   id, ", 'Default', true, '2024-01-01')"));
  return id;
}

int64_t IngestDatabase::AddVirtualAccount(int64_t smart_account_id, const std::string& name) {
  return Number(absl::StrCat("INSERT INTO virtual_accounts (smart_account_id, name, created_at) VALUES (",
                             smart_account_id, ", ", Literal(name),
                             ", '2024-01-01') RETURNING virtual_account_id"));
}

void IngestDatabase::AddProductInstance(int64_t smart_account_id, const std::string& pid,
                                        const std::string& sn) {
  Run(
      absl::StrCat("INSERT INTO product_instances (smart_account_id, udi_pid, udi_sn,"
                   " virtual_account_id, ha_lead_id, created_at) SELECT ",
                   smart_account_id, ", ", Literal(pid), ", ", Literal(sn),
                   ", virtual_account_id, 0, '2024-01-01'"
                   " FROM virtual_accounts WHERE is_default AND smart_account_id = ",
                   smart_account_id));
}

void IngestDatabase::AddTrustCertificate(const std::string& key_id, const std::string& pid,
                                         const std::string& sn, const std::string& certificate_der,
                                         const std::string& not_before, const std::string& not_after) {
  Run(
      absl::StrCat("INSERT INTO trust_certificates (key_id, udi_pid, udi_sn, certificate, issuer, alg,"
                   " not_before, not_after, imported_at) VALUES (",
                   Literal(key_id), ", ", Literal(pid), ", ", Literal(sn), ", '\\x",
                   absl::BytesToHexString(certificate_der), "', 'CN=test', 'any', ", Literal(not_before),
                   ", ", Literal(not_after), ", clock_timestamp())"));
}

void IngestDatabase::Run(const std::string& sql) {
  const absl::Status status = admin_.Transact("test", [&](pqxx::transaction_base& transaction) {
    transaction.exec(sql);
    return absl::OkStatus();
  });
  ASSERT_TRUE(status.ok()) << status << "\n" << sql;
}

std::vector<std::string> IngestDatabase::Column(const std::string& sql) {
  std::vector<std::string> values;
  const absl::Status status = admin_.Transact("test", [&](pqxx::transaction_base& transaction) {
    values.clear();
    for (const auto& row : transaction.exec(sql)) values.push_back(row[0].as<std::string>(""));
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status << "\n" << sql;
  return values;
}

std::string IngestDatabase::Text(const std::string& sql) {
  const std::vector<std::string> values = Column(sql);
  EXPECT_EQ(values.size(), 1u) << sql;
  return values.empty() ? "" : values.front();
}

int64_t IngestDatabase::Number(const std::string& sql) { return std::stoll("0" + Text(sql)); }

}  // namespace quartermaster::ingest
