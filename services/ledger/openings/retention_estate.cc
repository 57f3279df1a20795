#include "services/ledger/openings/retention_estate.h"

#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "services/common/crypto/certificate_authority.h"
#include "services/common/crypto/signature.h"
#include "services/common/crypto/signature_domains.h"
#include "services/common/metrics/metrics.h"
#include "services/common/status/status_macros.h"
#include "services/common/testing/postgres_fixture.h"
#include "services/ledger/fsck/books_checker.h"
#include "services/ledger/jobs/apply_reports.h"
#include "services/ledger/jobs/release_usage.h"
#include "services/ledger/testing/stored_bodies.h"

namespace quartermaster::ledger {
namespace {

constexpr int64_t kDayS = 86'400;

int64_t SecondsOf(int month, int day) { return absl::ToUnixSeconds(Day(month, day)); }

template <typename T>
T Take(absl::StatusOr<T> result) {
  EXPECT_TRUE(result.ok()) << result.status();
  return *std::move(result);
}

FeedReport Conflicting(FeedReport report) {
  report.outcome = 3;
  report.measurements[0].count += 5;
  return report;
}

}  // namespace

absl::Time Day(int month, int day) {
  return absl::FromCivil(absl::CivilDay(2024, month, day), absl::UTCTimeZone());
}

FeedReport DayReport(const std::string& serial_number, int64_t report_id, int month, int day,
                     uint32_t count) {
  FeedReport report;
  report.serial_number = serial_number;
  report.report_id = report_id;
  report.measurements = {{SecondsOf(month, day), SecondsOf(month, day) + kDayS, count, 0}};
  return report;
}

RetentionEstate::RetentionEstate()
    : here_{pg::Pool(database_.options()), pg::Pool(testing::OptionsFor("qm_ingest", database_.name()))} {
  held_account_ = database_.AddAccount("held.example.com");
  database_.Run("SELECT ingest_make_report_partitions('2024-01-01T00:00:00Z', '2024-12-31T00:00:00Z')");
  AddSigningKeys();
}

void RetentionEstate::AddSigningKeys() {
  const crypto::Validity validity = {Day(1, 1) - absl::Hours(24), Day(12, 31) + absl::Hours(24 * 3650)};
  const auto ca_key = Take(crypto::PrivateKey::Generate(crypto::Algorithm::kEcdsaP256Sha256));
  const auto ca = Take(crypto::CertificateAuthority::Create(ca_key, "Test CA", validity));
  const auto key = Take(crypto::PrivateKey::Generate(crypto::Algorithm::kEcdsaP256Sha256));
  const auto certificate =
      Take(ca.IssueSigner(key.Public(), crypto::SigningUse::kBlock, "Test blocks", validity));
  key_pem_ = key.ToPem();
  key_id_ = key.Public().key_id();
  const auto insert = [&](const std::string& key_id, const char* purpose, const std::string& der) {
    database_.Run(absl::StrCat(
        "INSERT INTO signing_keys (key_id, purpose, alg, certificate, encrypted_private_key, created_at,"
        " not_after) VALUES ('",
        key_id, "', '", purpose, "', 'ECDSA-P256-SHA256', ", BytesLiteral(der), ", '', now(), now())"));
  };
  insert(ca_key.Public().key_id(), "ca", std::string(ca.certificate().der()));
  insert(key_id_, "block", std::string(certificate.der()));
}

absl::StatusOr<BlockSignature> RetentionEstate::Sign(std::string_view hash) {
  const auto key = Take(crypto::PrivateKey::FromPem(key_pem_));
  ASSIGN_OR_RETURN(std::string signature, key.Sign(absl::StrCat(crypto::kOpeningDomain, std::string(hash))));
  return BlockSignature{"ECDSA-P256-SHA256", key_id_, std::move(signature)};
}

void RetentionEstate::Submit(const std::vector<FeedReport>& reports, absl::Time received_at,
                             std::optional<int64_t> account) {
  SubmitWithBodies(database_, reports, received_at, account.value_or(database_.account()));
  for (const FeedReport& report : reports) {
    if (report.outcome != 3) continue;
    database_.Run(absl::StrCat(
        "INSERT INTO report_other_payloads (smart_account_id, source_id, report_id, payload_hash, outcome,"
        " received_at, change_id, place) SELECT smart_account_id, source_id, report_id, "
        "encode(substr(sha256(",
        BytesLiteral(PayloadOf(report)),
        "), 1, 16), 'hex')::uuid, 3, received_at, change_id, place FROM rum_reports WHERE outcome = 3"
        " AND change_id = (SELECT max(change_id) FROM ingest_changes)"));
  }
}

void RetentionEstate::Apply() {
  metrics::Registry metrics;
  ApplyReports job({.database = database_.options()}, clock_, metrics);
  for (auto progress = job.RunOnce(); *progress != ApplyReports::Progress::kNothingToDo;
       progress = job.RunOnce()) {
    ASSERT_TRUE(progress.ok()) << progress.status();
  }
}

void RetentionEstate::Acknowledge() {
  database_.Run(
      "INSERT INTO acknowledgements (smart_account_id, sender_id, sequence, issued_at, report_count,"
      " through_change_id, reports)"
      " SELECT d.smart_account_id, d.sender_id, coalesce((SELECT max(a.sequence) FROM acknowledgements a"
      "   WHERE a.sender_id = d.sender_id), 0) + 1, now(), 1,"
      "   (SELECT max(change_id) FROM ingest_changes c WHERE c.smart_account_id = d.smart_account_id), ''"
      " FROM report_senders d WHERE d.udi_sn <> 'U'");
}

void RetentionEstate::PlaceHold() {
  database_.Run(absl::StrCat(
      "INSERT INTO account_holds (smart_account_id, name, reason, placed_at, placed_by) VALUES (",
      held_account_, ", 'audit', 'why', now(), 'test')"));
}

void RetentionEstate::ReleaseHold() { database_.Run("UPDATE account_holds SET released_at = now()"); }

void RetentionEstate::Fill() {
  for (int month = 1; month <= 6; ++month) {
    std::vector<FeedReport> reports;
    const auto add = [&](const std::string& sn, uint32_t count) -> FeedReport& {
      reports.push_back(DayReport(sn, month, month, 10, count));
      return reports.back();
    };
    add("A", 3 + month % 2);
    if (month % 2 == 1) add("B", 2);
    add("C", 1 + month).verified = false;
    add("D", 4).ha_members = {{"C9300", "E", "Standby"}};
    add("E", 4).ha_members = {{"C9300", "D", "Active"}};
    if (month < 4) add("R", 7);
    FeedReport& suspect = add("S", 2);
    if (month == 1) {
      suspect.measurements[0].end_s += 400 * kDayS;
      suspect.measurements[0].flags = kClockSuspect;
    }
    add("U", 1);
    if (month == 1) add("Z", 9);
    if (month == 1) add("X", 1).damaged_digest = "\xff";
    Submit(reports, Day(month, 12));
    Submit({DayReport("H", month, month, 10, 5)}, Day(month, 12), held_account_);
    if (month == 2) Submit({Conflicting(DayReport("A", 2, 2, 10, 3))}, Day(2, 14));
    if (month == 5) Submit({DayReport("A", 100, 1, 20, 6)}, Day(5, 20));
    Apply();
    if (month != 4) continue;
    UsageRelease release;
    release.smart_account_id = database_.account();
    release.udi = UdiText{"C9300", "R"};
    release.tag = "regid.network";
    release.actor = "test";
    EXPECT_TRUE(ReleaseUsage(database_.options(), release, Day(4, 15)).ok());
  }
  Acknowledge();
}

WriteOpenings RetentionEstate::Opener(Server& server) {
  return {server.ledger, absl::Hours(24 * 90), [this](std::string_view hash) { return Sign(hash); }};
}

void RetentionEstate::Open(absl::Time now, Server& server) {
  WriteOpenings opener = Opener(server);
  for (auto more = opener.RunOnce(now);; more = opener.RunOnce(now)) {
    ASSERT_TRUE(more.ok()) << more.status();
    if (!*more) break;
  }
}

absl::Status RetentionEstate::Retire(int ignored, Server& server) {
  ASSIGN_OR_RETURN(
      const auto months,
      server.ingest.Read("test", [](pqxx::transaction_base& tx) -> absl::StatusOr<std::vector<std::string>> {
        std::vector<std::string> found;
        for (const auto& row : tx.exec("SELECT m.received_from::text FROM ingest_v1_report_months m"
                                       " JOIN ledger_v1_report_openings o USING (received_from)"
                                       " ORDER BY 1")) {
          found.push_back(row[0].as<std::string>());
        }
        return found;
      }));
  for (const std::string& month : months) {
    for (const int half : {0, 1}) {
      RETURN_IF_ERROR(server.ingest.Transact("test", [&](pqxx::transaction_base& tx) {
        tx.exec_params(
            "SELECT ingest_keep_reports($1::timestamptz + $2::int * interval '15 days',"
            " $1::timestamptz + ($2::int + 1) * interval '15 days', $3)",
            month, half, ignored);
        return absl::OkStatus();
      }));
    }
    RETURN_IF_ERROR(server.ingest.Transact("test", [&](pqxx::transaction_base& tx) {
      tx.exec_params("SELECT ingest_drop_report_month($1::timestamptz)", month);
      return absl::OkStatus();
    }));
  }
  return absl::OkStatus();
}

std::string RetentionEstate::Findings(Server& server) {
  std::string found;
  rules_.clear();
  const auto sink = [&](const fsck::Finding& finding) {
    rules_.insert(finding.rule);
    absl::StrAppend(&found, finding.rule, ": ", finding.subject, ": got ", finding.got, ", want ",
                    finding.want, "\n");
  };
  const auto totals = fsck::CheckBooks(server.ledger, sink, [](std::string_view) { return true; });
  EXPECT_TRUE(totals.ok()) << totals.status();
  return found;
}

std::string RetentionEstate::Stored(const std::string& table) {
  return database_.Text(absl::StrCat(
      "SELECT coalesce(string_agg(format('%s/%s%s', d.udi_sn, r.report_id, CASE r.outcome WHEN 3 THEN '!' "
      "ELSE '' "
      "END), ' ' ORDER BY d.udi_sn, r.report_id, r.outcome), '') FROM ",
      table, " r JOIN report_sources s USING (source_id) JOIN report_senders d USING (sender_id)"));
}

int64_t RetentionEstate::PartitionCount() {
  return database_.Number("SELECT count(*) FROM ingest_v1_report_months");
}

}  // namespace quartermaster::ledger
