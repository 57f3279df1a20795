#include "services/authority/storage/trust_store.h"

#include <utility>

#include "services/authority/domain/authority_errors.h"
#include "services/authority/storage/sql_time.h"
#include "services/common/accounts/find_smart_account.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::authority {
namespace {

using crypto::Certificate;

constexpr char kSelectAnchors[] = R"sql(
SELECT certificate FROM manufacturer_cas
UNION ALL
SELECT certificate FROM signing_keys WHERE purpose = 'ca')sql";

constexpr char kSelectManufacturerCas[] = "SELECT certificate FROM manufacturer_cas";

constexpr char kSelectTrustCertificates[] = R"sql(
SELECT t.key_id, t.udi_pid, t.udi_sn, t.issuer, t.alg, t.origin, t.export_controlled, t.replaced_by,
       (extract(epoch FROM t.retired_at) * 1000000)::bigint AS retired_us,
       (extract(epoch FROM t.revoked_at) * 1000000)::bigint AS revoked_us,
       (extract(epoch FROM t.not_before) * 1000000)::bigint AS not_before_us,
       (extract(epoch FROM t.not_after) * 1000000)::bigint AS not_after_us,
       t.revoked_at IS NOT NULL AS revoked
FROM trust_certificates t
WHERE ($1 = '' OR t.udi_pid = $1) AND ($2 = '' OR t.udi_sn = $2)
  AND (t.udi_pid, t.udi_sn, t.key_id) > ($3, $4, $5)
  AND ($6::bigint IS NULL OR coalesce(t.smart_account_id, $6) = $6 AND NOT EXISTS (
        SELECT 1 FROM ledger_v1_product_instances p
        WHERE p.udi_pid = t.udi_pid AND p.udi_sn = t.udi_sn AND p.smart_account_id <> $6))
ORDER BY t.udi_pid, t.udi_sn, t.key_id LIMIT $7)sql";

TrustCertificateSummary SummaryOf(const pqxx::row& row) {
  return {.key_id = row["key_id"].as<std::string>(),
          .udi = {row["udi_pid"].as<std::string>(), row["udi_sn"].as<std::string>()},
          .issuer = row["issuer"].as<std::string>(),
          .algorithm = row["alg"].as<std::string>(),
          .not_before = FromEpochMicros(row["not_before_us"]),
          .not_after = FromEpochMicros(row["not_after_us"]),
          .revoked = row["revoked"].as<bool>(),
          .origin = static_cast<TrustOrigin>(row["origin"].as<int16_t>()),
          .retired_at = OptionalEpochMicros(row["retired_us"]),
          .replaced_by = row["replaced_by"].is_null() ? "" : row["replaced_by"].as<std::string>(),
          .revoked_at = OptionalEpochMicros(row["revoked_us"]),
          .export_controlled = row["export_controlled"].as<bool>()};
}

}  // namespace

absl::StatusOr<std::vector<Certificate>> TrustStore::ReadAnchors() {
  return ReadCertificates("authority_read_anchors", kSelectAnchors);
}

absl::StatusOr<std::vector<Certificate>> TrustStore::ReadManufacturerCas() {
  return ReadCertificates("authority_read_manufacturer_cas", kSelectManufacturerCas);
}

absl::StatusOr<std::vector<Certificate>> TrustStore::ReadCertificates(const char* name, const char* sql) {
  return pool_.Read(name,
                    [sql](pqxx::transaction_base& transaction) -> absl::StatusOr<std::vector<Certificate>> {
                      std::vector<Certificate> anchors;
                      for (const pqxx::row& row : transaction.exec_params(sql)) {
                        const pqxx::binarystring der(row[0]);
                        ASSIGN_OR_RETURN(Certificate anchor, Certificate::FromDer({der.get(), der.size()}));
                        anchors.push_back(std::move(anchor));
                      }
                      return anchors;
                    });
}

absl::StatusOr<std::vector<TrustCertificateSummary>> TrustStore::ListTrustCertificates(
    const TrustCertificateFilter& filter, const std::optional<TrustCertificateKey>& after, int limit) {
  using Summaries = std::vector<TrustCertificateSummary>;
  // No row is before three empty texts.
  const TrustCertificateKey from = after.value_or(TrustCertificateKey());
  return pool_.Read("authority_list_trust_certificates",
                    [&](pqxx::transaction_base& transaction) -> absl::StatusOr<Summaries> {
                      Summaries summaries;
                      for (const pqxx::row& row :
                           transaction.exec_params(kSelectTrustCertificates, filter.product_id,
                                                   filter.serial_number, from.product_id, from.serial_number,
                                                   from.key_id, filter.smart_account_id, limit)) {
                        summaries.push_back(SummaryOf(row));
                      }
                      return summaries;
                    });
}

absl::StatusOr<int64_t> TrustStore::FindSmartAccount(std::string_view domain_or_name) {
  const std::string name(domain_or_name);
  return pool_.Read("authority_find_smart_account",
                    [&](pqxx::transaction_base& transaction) -> absl::StatusOr<int64_t> {
                      const std::optional<int64_t> found = accounts::FindSmartAccount(transaction, name);
                      if (!found.has_value()) return SmartAccountUnknown(name);
                      return *found;
                    });
}

}  // namespace quartermaster::authority
