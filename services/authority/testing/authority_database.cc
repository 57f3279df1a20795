#include "services/authority/testing/authority_database.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "services/common/testing/postgres_fixture.h"

namespace quartermaster::authority {
namespace {

std::string Literal(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "''"}}), "'");
}

std::string Ids(const std::vector<int64_t>& ids) {
  return absl::StrCat("'{", absl::StrJoin(ids, ","), "}'::bigint[]");
}

constexpr char kApply[] =
    "INSERT INTO ledger_cursors SELECT 'apply_reports', incarnation, xid, change_id,"
    " '2030-01-01' FROM ingest_changes ";
constexpr char kReplace[] =
    " ON CONFLICT (consumer) DO UPDATE SET incarnation = excluded.incarnation,"
    " xid = excluded.xid, change_id = excluded.change_id";

}  // namespace

AuthorityDatabase::AuthorityDatabase()
    : name_(testing::NewDatabase()), admin_(testing::OptionsFor("qm_admin", name_)) {
  account_ = AddAccount("corp.example.com");
}

pg::Options AuthorityDatabase::options() const { return testing::OptionsFor("qm_authority", name_); }

int64_t AuthorityDatabase::AddAccount(const std::string& domain) {
  const int64_t id = Number(
      absl::StrCat("INSERT INTO smart_accounts (domain, display_name, created_at) VALUES (", Literal(domain),
                   ", ", Literal("Name of " + domain), ", '2024-01-01') RETURNING smart_account_id"));
  Run(
      absl::StrCat("INSERT INTO virtual_accounts (smart_account_id, name, is_default, created_at)"
                   " VALUES (",
                   id, ", 'Default', true, '2024-01-01')"));
  return id;
}

int64_t AuthorityDatabase::AddSender(int64_t account, const std::string& pid, const std::string& sn) {
  return Number(absl::StrCat(
      "INSERT INTO report_senders (udi_pid, udi_sn, smart_account_id, first_received_at) VALUES (",
      Literal(pid), ", ", Literal(sn), ", ", account, ", '2024-01-01') RETURNING sender_id"));
}

int64_t AuthorityDatabase::AddSource(int64_t account, int64_t sender_id, const std::string& tag) {
  return Number(
      absl::StrCat("INSERT INTO report_sources (smart_account_id, sender_id, entitlement_tag) VALUES (",
                   account, ", ", sender_id, ", ", Literal(tag), ") RETURNING source_id"));
}

void AuthorityDatabase::AddProductInstance(int64_t account, const std::string& pid, const std::string& sn) {
  Run(
      absl::StrCat("INSERT INTO product_instances (smart_account_id, udi_pid, udi_sn,"
                   " virtual_account_id, ha_lead_id, created_at) SELECT ",
                   account, ", ", Literal(pid), ", ", Literal(sn),
                   ", virtual_account_id, 0, '2024-01-01'"
                   " FROM virtual_accounts WHERE is_default AND smart_account_id = ",
                   account));
  Run("UPDATE product_instances SET ha_lead_id = product_instance_id WHERE ha_lead_id = 0");
}

void AuthorityDatabase::SetInUse(const std::string& sn, const std::string& tag, int64_t in_use) {
  Run(absl::StrCat("INSERT INTO license_tags (tag, known, first_seen_at) VALUES (", Literal(tag),
                   ", false, now()) ON CONFLICT DO NOTHING"));
  Run(absl::StrCat(
      "INSERT INTO usage_positions (smart_account_id, product_instance_id, tag_id, virtual_account_id, "
      "in_use,"
      " latest_end_s, latest_report_id, latest_place, latest_product_instance_id, flags, first_use_s, "
      "last_change_s,"
      " open_change_s, points, coverage)"
      " SELECT p.smart_account_id, p.product_instance_id, t.tag_id, p.virtual_account_id, ",
      in_use, ", 0, 0, 0, p.product_instance_id, 0, 0, 0, 0, '', '' FROM product_instances p, license_tags t",
      " WHERE p.udi_sn = ", Literal(sn), " AND t.tag = ", Literal(tag)));
}

void AuthorityDatabase::AddLicenseTag(const std::string& tag, int enforcement, int term) {
  Run(absl::StrCat("INSERT INTO license_tags (tag, enforcement, term, known, first_seen_at) VALUES (",
                   Literal(tag), ", ", enforcement, ", ", term, ", true, '2024-01-01')"));
}

int64_t AuthorityDatabase::AddChange(int64_t account, const std::vector<StoredReport>& reports,
                                     const std::string& received_at) {
  const std::string at = Literal(received_at);
  // One statement, so one transaction as ingest's is.
  std::vector<std::string> rows;
  for (size_t place = 0; place < reports.size(); ++place) {
    const StoredReport& report = reports[place];
    rows.push_back(absl::StrCat("(", report.source_id, ",", report.report_id, ",", place, ",",
                                static_cast<int>(report.outcome), ",", static_cast<int>(report.verification),
                                ")"));
  }
  const std::string values = rows.empty() ? "SELECT 0::bigint, 0::bigint, 0, 0, 0 WHERE false"
                                          : absl::StrCat("VALUES ", absl::StrJoin(rows, ","));
  return Number(
      absl::StrCat("WITH c AS (INSERT INTO ingest_changes (smart_account_id, incarnation, received_at,"
                   " report_count, digest_bytes) SELECT ",
                   account, ", max(incarnation), ", at, ", ", reports.size(),
                   ", 0 FROM database_incarnations RETURNING change_id),"
                   " r (source_id, report_id, place, outcome, verification) AS (",
                   values,
                   "),"
                   " i AS (INSERT INTO report_identities SELECT ",
                   account, ", source_id, report_id, gen_random_uuid(), ", at,
                   ", change_id, place, verification FROM r, c WHERE outcome <> 3"
                   " ON CONFLICT (smart_account_id, source_id, report_id) DO UPDATE"
                   " SET verification = excluded.verification, change_id = excluded.change_id),"
                   " b AS (INSERT INTO rum_reports (smart_account_id, received_at, change_id, source_id,"
                   " report_id, place, dictionary_id, outcome, verification, digest, body) SELECT ",
                   account, ", ", at,
                   ", change_id, source_id, report_id, place, 1, outcome, verification, '', '' FROM r, c)"
                   " SELECT change_id FROM c"));
}

int64_t AuthorityDatabase::AddTicket(int64_t account, const std::vector<int64_t>& sender_ids,
                                     const std::vector<int64_t>& change_ids, const std::string& created_at) {
  return Number(absl::StrCat(
      "INSERT INTO poll_tickets (smart_account_id, poll_id, created_at, sender_ids, change_ids) VALUES (",
      account, ", ", ++last_poll_id_, ", ", Literal(created_at), ", ", Ids(sender_ids), ", ", Ids(change_ids),
      ") RETURNING poll_id"));
}

void AuthorityDatabase::ApplyThrough(int64_t change_id) {
  Run(absl::StrCat(kApply, "WHERE change_id = ", change_id, kReplace));
}

void AuthorityDatabase::ApplyAll() {
  Run(absl::StrCat(kApply, "ORDER BY incarnation DESC, xid DESC, change_id DESC LIMIT 1", kReplace));
}

void AuthorityDatabase::Run(const std::string& sql) {
  const absl::Status status = admin_.Transact("test", [&](pqxx::transaction_base& transaction) {
    transaction.exec(sql);
    return absl::OkStatus();
  });
  ASSERT_TRUE(status.ok()) << status << "\n" << sql;
}

int64_t AuthorityDatabase::Number(const std::string& sql) {
  const std::string text = Text(sql);
  return text.empty() ? -1 : std::stoll(text);
}

std::string AuthorityDatabase::Text(const std::string& sql) {
  const absl::StatusOr<std::string> text =
      admin_.Transact("test", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<std::string> {
        const pqxx::result rows = transaction.exec(sql);
        return rows.empty() || rows[0][0].is_null() ? "" : rows[0][0].as<std::string>();
      });
  EXPECT_TRUE(text.ok()) << text.status() << "\n" << sql;
  return text.value_or("");
}

}  // namespace quartermaster::authority
