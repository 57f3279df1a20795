// Imports of certificates, in batches.
#include <algorithm>
#include <map>
#include <memory>
#include <span>
#include <tuple>
#include <utility>

#include "services/authority/storage/transaction.h"
#include "services/authority/storage/trust_store.h"
#include "services/common/pg/raw_connection.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::authority {
namespace {

// Rows of one statement: some megabytes.
constexpr size_t kBatchRows = 2000;

// Two certificates of one key (and UDI) in one import: the one that ends later stands. A statement
// could not touch a row twice.
template <typename Row, typename KeyOf, typename EndOf>
std::vector<const Row*> LatestOfEach(const std::vector<Row>& rows, KeyOf key_of, EndOf end_of) {
  std::map<decltype(key_of(rows.front())), const Row*> latest;
  for (const Row& row : rows) {
    auto [entry, added] = latest.try_emplace(key_of(row), &row);
    if (!added && end_of(row) > end_of(*entry->second)) entry->second = &row;
  }
  std::vector<const Row*> result;
  result.reserve(latest.size());
  for (const auto& [key, row] : latest) result.push_back(row);
  return result;
}

constexpr char kUpsertCas[] = R"sql(
INSERT INTO manufacturer_cas AS m (key_id, subject, certificate, not_after, imported_at)
SELECT c.key_id, c.subject, c.certificate, c.not_after, $5
FROM unnest($1::text[], $2::text[], $3::bytea[], $4::timestamptz[])
     AS c(key_id, subject, certificate, not_after)
ON CONFLICT (key_id) DO UPDATE
SET subject = excluded.subject, certificate = excluded.certificate,
    not_after = excluded.not_after, imported_at = excluded.imported_at
WHERE excluded.not_after > m.not_after)sql";

absl::StatusOr<int64_t> UpsertCas(pg::RawConnection& connection,
                                  std::span<const crypto::Certificate* const> cas, absl::Time imported_at) {
  std::vector<std::string_view> key_ids, subjects, certificates;
  std::vector<absl::Time> not_after;
  for (const crypto::Certificate* ca : cas) {
    key_ids.push_back(ca->key_id());
    subjects.push_back(ca->subject());
    certificates.push_back(ca->der());
    not_after.push_back(ca->not_after());
  }
  pg::Params params;
  params.AddTextArray(key_ids);
  params.AddTextArray(subjects);
  params.AddBytesArray(certificates);
  params.AddArray(not_after);
  params.Add(imported_at);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kUpsertCas, params));
  return result.affected_rows();
}

constexpr char kUpsertTrustCertificates[] = R"sql(
INSERT INTO trust_certificates AS t (key_id, udi_pid, udi_sn, certificate, issuer, alg, not_before,
                                     not_after, imported_at)
SELECT c.key_id, c.udi_pid, c.udi_sn, c.certificate, c.issuer, c.alg, c.not_before, c.not_after, $9
FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[],
            $7::timestamptz[], $8::timestamptz[])
     AS c(key_id, udi_pid, udi_sn, certificate, issuer, alg, not_before, not_after)
ON CONFLICT (key_id, udi_pid, udi_sn) DO UPDATE
SET certificate = excluded.certificate, issuer = excluded.issuer, alg = excluded.alg,
    not_before = excluded.not_before, not_after = excluded.not_after,
    imported_at = excluded.imported_at
WHERE excluded.not_after > t.not_after AND t.revoked_at IS NULL AND t.origin = 0)sql";

absl::StatusOr<int64_t> UpsertTrustCertificates(pg::RawConnection& connection,
                                                std::span<const TrustCertificateRow* const> rows,
                                                absl::Time imported_at) {
  std::vector<std::string_view> key_ids, pids, sns, certificates, issuers, algorithms;
  std::vector<absl::Time> not_before, not_after;
  for (const TrustCertificateRow* row : rows) {
    key_ids.push_back(row->certificate.key_id());
    pids.push_back(row->udi.product_id);
    sns.push_back(row->udi.serial_number);
    certificates.push_back(row->certificate.der());
    issuers.push_back(row->certificate.issuer());
    algorithms.push_back(row->algorithm);
    not_before.push_back(row->certificate.not_before());
    not_after.push_back(row->certificate.not_after());
  }
  pg::Params params;
  params.AddTextArray(key_ids);
  params.AddTextArray(pids);
  params.AddTextArray(sns);
  params.AddBytesArray(certificates);
  params.AddTextArray(issuers);
  params.AddTextArray(algorithms);
  params.AddArray(not_before);
  params.AddArray(not_after);
  params.Add(imported_at);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kUpsertTrustCertificates, params));
  return result.affected_rows();
}

constexpr char kLockImports[] = "SELECT pg_advisory_xact_lock(hashtext('authority_imports'))";
constexpr char kSelectNewestImport[] =
    "SELECT greatest($1, max(imported_at) + interval '1 microsecond') FROM trust_certificates";

// The imported_at of this import: later than that of every import that is committed, so that readers
// of trust certificates notice any import by the newest imported_at. Imports follow one another.
absl::StatusOr<absl::Time> TakeImportTime(pg::RawConnection& connection, absl::Time now) {
  RETURN_IF_ERROR(connection.Execute(kLockImports, pg::Params()).status());
  pg::Params params;
  params.Add(now);
  ASSIGN_OR_RETURN(const pg::Result newest, connection.Execute(kSelectNewestImport, params));
  return newest.Time(0, 0);
}

// Upserts `rows` in batches and writes the audit row, in one transaction.
template <typename Row, typename Upsert>
absl::StatusOr<int64_t> StoreAll(const pg::Options& database, const std::vector<const Row*>& rows,
                                 const AuditEntry& audit, absl::Time now, Upsert upsert) {
  if (rows.empty()) return 0;
  ASSIGN_OR_RETURN(const std::unique_ptr<pg::RawConnection> connection, pg::RawConnection::Connect(database));
  return InTransaction(*connection, [&]() -> absl::StatusOr<int64_t> {
    ASSIGN_OR_RETURN(const absl::Time imported_at, TakeImportTime(*connection, now));
    int64_t changed = 0;
    for (size_t begin = 0; begin < rows.size(); begin += kBatchRows) {
      const size_t size = std::min(kBatchRows, rows.size() - begin);
      ASSIGN_OR_RETURN(const int64_t batch,
                       upsert(*connection, std::span(rows).subspan(begin, size), imported_at));
      changed += batch;
    }
    if (changed > 0) RETURN_IF_ERROR(WriteAudit(*connection, audit, now));
    return changed;
  });
}

}  // namespace

absl::StatusOr<int64_t> TrustStore::StoreManufacturerCas(const std::vector<crypto::Certificate>& cas,
                                                         const AuditEntry& audit, absl::Time now) {
  const auto latest = LatestOfEach(
      cas, [](const crypto::Certificate& ca) { return ca.key_id(); },
      [](const crypto::Certificate& ca) { return ca.not_after(); });
  return StoreAll(pool_.options(), latest, audit, now, &UpsertCas);
}

absl::StatusOr<int64_t> TrustStore::StoreTrustCertificates(const std::vector<TrustCertificateRow>& rows,
                                                           const AuditEntry& audit, absl::Time now) {
  // In one order everywhere, so that two imports at once cannot lock each other out.
  const auto latest = LatestOfEach(
      rows,
      [](const TrustCertificateRow& row) {
        return std::make_tuple(row.certificate.key_id(), row.udi.product_id, row.udi.serial_number);
      },
      [](const TrustCertificateRow& row) { return row.certificate.not_after(); });
  return StoreAll(pool_.options(), latest, audit, now, &UpsertTrustCertificates);
}

}  // namespace quartermaster::authority
