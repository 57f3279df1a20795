#include "services/ledger/testing/ledger_database.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "services/common/testing/postgres_fixture.h"

namespace quartermaster::ledger {
namespace {

constexpr char kInsertSender[] =
    "INSERT INTO report_senders (udi_pid, udi_sn, smart_account_id, first_received_at)"
    " VALUES ($1, $2, $3, now()) ON CONFLICT (udi_pid, udi_sn) DO NOTHING";
constexpr char kInsertSource[] =
    "INSERT INTO report_sources (smart_account_id, sender_id, entitlement_tag)"
    " SELECT $3, sender_id, $4 FROM report_senders WHERE udi_pid = $1 AND udi_sn = $2"
    " ON CONFLICT DO NOTHING";
constexpr char kSelectSource[] =
    "SELECT s.source_id FROM report_sources s JOIN report_senders d USING (sender_id)"
    " WHERE d.udi_pid = $1 AND d.udi_sn = $2 AND s.smart_account_id = $3"
    " AND s.entitlement_tag = $4";
constexpr char kInsertChange[] =
    "INSERT INTO ingest_changes (smart_account_id, incarnation, received_at, report_count,"
    " digest_bytes)"
    " SELECT $1, max(incarnation), $2, $3, $4 FROM database_incarnations RETURNING change_id";
constexpr char kCopyReports[] =
    "COPY rum_reports (smart_account_id, received_at, change_id, source_id, report_id,"
    " door_virtual_account_id, place, dictionary_id, outcome, verification, digest, body)"
    " FROM STDIN (FORMAT binary)";

[[noreturn]] void Die(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::abort();
}

void Check(const absl::Status& status) {
  if (!status.ok()) Die(status);
}

template <typename T>
T Take(absl::StatusOr<T> result) {
  Check(result.status());
  return *std::move(result);
}

std::string DigestOf(const FeedReport& report) {
  if (!report.damaged_digest.empty()) return report.damaged_digest;
  usage::Digest digest;
  digest.measurements = report.measurements;
  digest.software_version = report.software_version;
  digest.ha_members = report.ha_members;
  return usage::EncodeDigest(digest);
}

}  // namespace

LedgerDatabase::LedgerDatabase() : name_(testing::NewDatabase()) {
  pg::Options admin = testing::OptionsFor("qm_admin", name_);
  admin.connections_max = 1;
  admin_ = std::make_unique<pg::Pool>(admin);
  account_ = AddAccount("default");
  virtual_account_ = Number("SELECT virtual_account_id FROM virtual_accounts");
  Run("UPDATE smart_accounts SET is_default = true");
}

pg::Options LedgerDatabase::options() const { return testing::OptionsFor("qm_ledger", name_); }

int64_t LedgerDatabase::AddAccount(const std::string& domain) {
  const int64_t account =
      Number(absl::StrCat("INSERT INTO smart_accounts (domain, display_name, created_at) VALUES ('", domain,
                          "', '", domain, "', now()) RETURNING smart_account_id"));
  Run(
      absl::StrCat("INSERT INTO virtual_accounts (smart_account_id, name, is_default, created_at)"
                   " VALUES (",
                   account, ", 'Default', true, now())"));
  return account;
}

int64_t LedgerDatabase::AddVirtualAccount(int64_t smart_account_id, const std::string& name) {
  return Number(absl::StrCat("INSERT INTO virtual_accounts (smart_account_id, name, created_at) VALUES (",
                             smart_account_id, ", '", name, "', now()) RETURNING virtual_account_id"));
}

pg::RawConnection& LedgerDatabase::Ingest() {
  if (ingest_ == nullptr || !ingest_->healthy()) {
    ingest_ = Take(pg::RawConnection::Connect(testing::OptionsFor("qm_ingest", name_)));
  }
  return *ingest_;
}

int64_t LedgerDatabase::SourceOf(const FeedReport& report, int64_t smart_account_id) {
  const std::string key =
      absl::StrCat(smart_account_id, "|", report.product_id, "|", report.serial_number, "|", report.tag);
  if (const auto known = sources_.find(key); known != sources_.end()) return known->second;
  pg::Params sender;
  sender.AddText(report.product_id);
  sender.AddText(report.serial_number);
  sender.Add(smart_account_id);
  Check(Ingest().Execute(kInsertSender, sender).status());
  pg::Params source = sender;
  source.AddText(report.tag);
  Check(Ingest().Execute(kInsertSource, source).status());
  const int64_t id = Take(Ingest().Execute(kSelectSource, source)).Int64(0, 0);
  sources_.emplace(key, id);
  return id;
}

int64_t LedgerDatabase::Submit(std::span<const FeedReport> reports, absl::Time received_at) {
  return Submit(reports, received_at, account_);
}

int64_t LedgerDatabase::Submit(std::span<const FeedReport> reports, absl::Time received_at,
                               int64_t smart_account_id) {
  Check(Ingest().Begin());
  std::vector<int64_t> sources;
  for (const FeedReport& report : reports) sources.push_back(SourceOf(report, smart_account_id));
  int64_t digest_bytes = 0;
  for (const FeedReport& report : reports) digest_bytes += std::ssize(DigestOf(report));
  pg::Params change;
  change.Add(smart_account_id);
  change.Add(received_at);
  change.Add(static_cast<int32_t>(reports.size()));
  change.Add(digest_bytes);
  const int64_t change_id = Take(Ingest().Execute(kInsertChange, change)).Int64(0, 0);
  pg::CopyBuffer rows;
  for (size_t i = 0; i < reports.size(); ++i) {
    const FeedReport& report = reports[i];
    rows.StartRow(12);
    rows.Add(smart_account_id);
    rows.Add(received_at);
    rows.Add(change_id);
    rows.Add(sources[i]);
    rows.Add(report.report_id);
    if (report.door_virtual_account_id.has_value()) {
      rows.Add(*report.door_virtual_account_id);
    } else {
      rows.AddNull();
    }
    rows.Add(static_cast<int32_t>(i));
    rows.Add(int32_t{0});
    rows.Add(report.outcome);
    rows.Add(static_cast<int16_t>(report.verified ? 1 : 2));
    rows.AddBytes(DigestOf(report));
    rows.AddBytes("body");
  }
  Check(Ingest().CopyIn(kCopyReports, rows));
  Check(Ingest().Commit());
  return change_id;
}

void LedgerDatabase::Run(const std::string& sql) {
  Check(admin_->Transact("test", [&](pqxx::transaction_base& transaction) {
    transaction.exec(sql);
    return absl::OkStatus();
  }));
}

int64_t LedgerDatabase::Number(const std::string& sql) {
  return Take(admin_->Transact("test", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<int64_t> {
    return transaction.exec1(sql)[0].as<int64_t>();
  }));
}

std::string LedgerDatabase::Text(const std::string& sql) {
  return Take(
      admin_->Transact("test", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<std::string> {
        return std::string(transaction.exec1(sql)[0].c_str());
      }));
}

std::string LedgerDatabase::Table(const std::string& sql) {
  return Take(
      admin_->Transact("test", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<std::string> {
        std::string table;
        for (const auto& row : transaction.exec(sql)) {
          for (const auto& field : row) {
            absl::StrAppend(&table, field.num() == 0 ? "" : "|", field.c_str());
          }
          table += "\n";
        }
        return table;
      }));
}

std::string BooksOf(LedgerDatabase& database) {
  return absl::StrCat(
      "positions\n",
      database.Table("SELECT i.udi_pid, i.udi_sn, t.tag, v.name, p.in_use, p.latest_end_s,"
                     " p.latest_report_id, p.latest_place, m.udi_sn, p.flags & 31, p.first_use_s,"
                     " p.last_change_s, p.open_change_s, encode(p.coverage, 'hex')"
                     " FROM usage_positions p JOIN product_instances i USING (product_instance_id)"
                     " JOIN product_instances m ON m.product_instance_id = p.latest_product_instance_id"
                     " JOIN license_tags t USING (tag_id)"
                     " JOIN virtual_accounts v ON v.virtual_account_id = p.virtual_account_id"
                     " ORDER BY 1, 2, 3"),
      "pools\n",
      database.Table("SELECT v.name, t.tag, p.in_use, p.reserved FROM license_pools p"
                     " JOIN virtual_accounts v USING (virtual_account_id)"
                     " JOIN license_tags t USING (tag_id) ORDER BY 1, 2"),
      "movements\n",
      database.Table("SELECT i.udi_pid, i.udi_sn, t.tag, v.name, e.effective_at,"
                     " sum(CASE WHEN e.to_state = 7 THEN e.quantity ELSE -e.quantity END)"
                     " FROM ledger_entries e JOIN product_instances i USING (product_instance_id)"
                     " JOIN license_tags t USING (tag_id)"
                     " JOIN virtual_accounts v ON v.virtual_account_id = e.to_virtual_account_id"
                     " WHERE e.book = 2 GROUP BY 1, 2, 3, 4, 5"
                     " HAVING sum(CASE WHEN e.to_state = 7 THEN e.quantity ELSE -e.quantity END)"
                     " <> 0 ORDER BY 1, 2, 3, 4, 5"));
}

}  // namespace quartermaster::ledger
