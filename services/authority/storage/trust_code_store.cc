#include "services/authority/storage/trust_code_store.h"

#include "absl/strings/str_cat.h"
#include "services/authority/domain/authority_errors.h"
#include "services/authority/storage/sql_time.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::authority {
namespace {

constexpr char kSelectKey[] = R"sql(
SELECT key_id, udi_pid, udi_sn, origin, certificate,
       (extract(epoch FROM not_after) * 1000000)::bigint, revoked_at IS NOT NULL,
       (extract(epoch FROM retired_at) * 1000000)::bigint, coalesce(replaced_by, ''), smart_account_id,
       export_controlled
FROM trust_certificates WHERE key_id = $1)sql";

std::vector<KnownTrustKey> SelectKey(pqxx::transaction_base& transaction, const std::string& key_id) {
  std::vector<KnownTrustKey> rows;
  for (const pqxx::row& row : transaction.exec_params(kSelectKey, key_id)) {
    KnownTrustKey known;
    known.key_id = row[0].as<std::string>();
    known.udi = {row[1].as<std::string>(), row[2].as<std::string>()};
    known.origin = static_cast<TrustOrigin>(row[3].as<int16_t>());
    known.certificate = pqxx::binarystring(row[4]).str();
    known.not_after = FromEpochMicros(row[5]);
    known.revoked = row[6].as<bool>();
    known.retired_at = OptionalEpochMicros(row[7]);
    known.replaced_by = row[8].as<std::string>();
    if (!row[9].is_null()) known.smart_account_id = row[9].as<int64_t>();
    known.export_controlled = row[10].as<bool>();
    rows.push_back(std::move(known));
  }
  return rows;
}

// The same lock as imports take.
constexpr char kLockTrust[] = "SELECT pg_advisory_xact_lock(hashtext('authority_imports'))";
// Later than that of every import and trust code that is committed, so that readers of trust certificates
// notice any new one by the newest imported_at.
constexpr char kSelectNewest[] = R"sql(
SELECT greatest($1::timestamptz, max(imported_at) + interval '1 microsecond')::text FROM trust_certificates)sql";

constexpr char kSelectElsewhere[] = R"sql(
SELECT 1 FROM ledger_v1_product_instances WHERE udi_pid = $1 AND udi_sn = $2 AND smart_account_id <> $3
UNION ALL
SELECT 1 FROM ingest_v1_senders WHERE udi_pid = $1 AND udi_sn = $2 AND smart_account_id <> $3
UNION ALL
SELECT 1 FROM trust_certificates WHERE udi_pid = $1 AND udi_sn = $2 AND smart_account_id <> $3
LIMIT 1)sql";
constexpr char kSelectRevokedUdi[] =
    "SELECT 1 FROM trust_certificates WHERE udi_pid = $1 AND udi_sn = $2 AND revoked_at IS NOT NULL LIMIT 1";

// Whether this UDI may have a new trust code at all.
absl::Status CheckUdi(pqxx::transaction_base& transaction, const WantedTrustCode& wanted) {
  const auto& [pid, sn] = wanted.udi;
  if (!transaction.exec_params(kSelectElsewhere, pid, sn, wanted.smart_account_id).empty()) {
    return ProductInstanceElsewhere(pid, sn);
  }
  if (wanted.origin == TrustOrigin::kFactory &&
      !transaction.exec_params(kSelectRevokedUdi, pid, sn).empty()) {
    return TrustRevoked(pid, sn);
  }
  return absl::OkStatus();
}

// The key that proved a renewal may have been revoked since the caller looked.
absl::Status CheckProof(pqxx::transaction_base& transaction, const WantedTrustCode& wanted, absl::Time now) {
  if (wanted.origin != TrustOrigin::kRenewal) return absl::OkStatus();
  for (const KnownTrustKey& row : SelectKey(transaction, wanted.proven_by)) {
    if (row.udi == wanted.udi) return CheckRenewable(row, wanted.certificate.key_id(), now);
  }
  return TrustCodeUnknown(absl::StrCat("key ", wanted.proven_by));
}

constexpr char kInsertTrustCode[] = R"sql(
INSERT INTO trust_certificates (key_id, udi_pid, udi_sn, certificate, issuer, alg, not_before, not_after,
                                imported_at, origin, smart_account_id, serial_number, export_controlled)
VALUES ($1, $2, $3, $4, $5, $6, $7::timestamptz, $8::timestamptz, $9::timestamptz, $10, $11, $12, $13))sql";
// authority_retire_trust_codes: those before it. A proof that arrives late, or at a replica whose clock is
// behind, takes nothing from a newer one.
constexpr char kRetireOthers[] = R"sql(
UPDATE trust_certificates SET retired_at = $4::timestamptz, replaced_by = $3
WHERE udi_pid = $1 AND udi_sn = $2 AND key_id <> $3 AND origin <> 0 AND revoked_at IS NULL
  AND retired_at IS NULL AND not_before <= $5::timestamptz)sql";

void Insert(pqxx::transaction_base& transaction, const WantedTrustCode& wanted,
            const std::string& imported_at, absl::Time retired_at) {
  const crypto::Certificate& certificate = wanted.certificate;
  transaction.exec_params(kInsertTrustCode, certificate.key_id(), wanted.udi.product_id,
                          wanted.udi.serial_number, pqxx::binarystring(certificate.der()),
                          certificate.issuer(), wanted.algorithm, ToTimestamp(certificate.not_before()),
                          ToTimestamp(certificate.not_after()), imported_at, static_cast<int>(wanted.origin),
                          wanted.smart_account_id, certificate.serial_number(), wanted.export_controlled);
  transaction.exec_params(kRetireOthers, wanted.udi.product_id, wanted.udi.serial_number,
                          certificate.key_id(), ToTimestamp(retired_at),
                          ToTimestamp(certificate.not_before()));
}

absl::StatusOr<std::vector<std::string>> IssueAll(pqxx::transaction_base& transaction,
                                                  const TrustCodeIssue& issue) {
  transaction.exec(kLockTrust);
  const auto imported_at =
      transaction.exec_params1(kSelectNewest, ToTimestamp(issue.now))[0].as<std::string>();
  std::vector<std::string> certificates;
  bool changed = false;
  for (const WantedTrustCode& wanted : issue.wanted) {
    RETURN_IF_ERROR(CheckUdi(transaction, wanted));
    RETURN_IF_ERROR(CheckProof(transaction, wanted, issue.now));
    const std::vector<KnownTrustKey> rows = SelectKey(transaction, wanted.certificate.key_id());
    ASSIGN_OR_RETURN(const KnownTrustKey* answered, FindAnswered(rows, wanted.udi, issue.now));
    if (answered != nullptr) {
      certificates.push_back(answered->certificate);
      continue;
    }
    Insert(transaction, wanted, imported_at, issue.now + issue.overlap);
    certificates.push_back(wanted.certificate.der());
    changed = true;
  }
  if (changed) WriteAudit(transaction, issue.audit, issue.now);
  return certificates;
}

// Of one Smart Account: its trust codes, and what was imported for UDIs that it has. An imported certificate
// of a UDI that nobody has yet is the whole node's.
#define MATCHES_FILTER                                                                               \
  " WHERE ($1 = '' OR t.udi_pid = $1 AND t.udi_sn = $2) AND ($3 = '' OR t.key_id = $3)"              \
  " AND ($4::bigint IS NULL OR t.smart_account_id = $4 OR t.smart_account_id IS NULL AND (EXISTS ("  \
  "   SELECT FROM ledger_v1_product_instances p WHERE p.udi_pid = t.udi_pid AND p.udi_sn = t.udi_sn" \
  "   AND p.smart_account_id = $4) OR EXISTS ("                                                      \
  "   SELECT FROM ingest_v1_senders s WHERE s.udi_pid = t.udi_pid AND s.udi_sn = t.udi_sn"           \
  "   AND s.smart_account_id = $4) AND NOT EXISTS ("                                                 \
  "   SELECT FROM ledger_v1_product_instances o WHERE o.udi_pid = t.udi_pid AND o.udi_sn = t.udi_sn" \
  "   AND o.smart_account_id <> $4) AND NOT EXISTS ("                                                \
  "   SELECT FROM trust_certificates c WHERE c.udi_pid = t.udi_pid AND c.udi_sn = t.udi_sn"          \
  "   AND c.smart_account_id <> $4 AND c.revoked_at IS NULL)))"
constexpr char kSelectMatching[] = "SELECT 1 FROM trust_certificates t" MATCHES_FILTER " LIMIT 1";
// authority_revoke_trust: one number for the act.
constexpr char kRevoke[] =
    "WITH act AS (SELECT coalesce(max(revocation_number), 0) + 1 AS number FROM trust_certificates)"
    " UPDATE trust_certificates t SET revoked_at = $5::timestamptz, revocation_reason = $6,"
    "  revocation_number = act.number FROM act" MATCHES_FILTER " AND t.revoked_at IS NULL";
#undef MATCHES_FILTER

constexpr char kSelectDefaultAccount[] =
    "SELECT smart_account_id FROM ledger_v1_smart_accounts WHERE is_default";

constexpr char kSelectRevocationNumber[] =
    "SELECT coalesce(max(revocation_number), 0) FROM trust_certificates";
constexpr char kSelectRevoked[] = R"sql(
SELECT serial_number, (extract(epoch FROM revoked_at) * 1000000)::bigint, coalesce(revocation_reason, 0)
FROM trust_certificates
WHERE revocation_number IS NOT NULL AND serial_number IS NOT NULL AND issuer = $1
  AND not_after > $2::timestamptz ORDER BY revocation_number)sql";

}  // namespace

absl::StatusOr<int64_t> TrustCodeStore::DefaultSmartAccount() {
  return pool_.Read("authority_default_smart_account",
                    [](pqxx::transaction_base& transaction) -> absl::StatusOr<int64_t> {
                      const pqxx::result rows = transaction.exec(kSelectDefaultAccount);
                      if (rows.empty()) return SmartAccountUnknown("");
                      return rows[0][0].as<int64_t>();
                    });
}

absl::StatusOr<std::vector<KnownTrustKey>> TrustCodeStore::FindKey(const std::string& key_id) {
  return pool_.Read("authority_find_trust_key",
                    [&](pqxx::transaction_base& transaction) -> absl::StatusOr<std::vector<KnownTrustKey>> {
                      return SelectKey(transaction, key_id);
                    });
}

absl::StatusOr<std::vector<std::string>> TrustCodeStore::Issue(const TrustCodeIssue& issue) {
  return pool_.Transact("authority_issue_trust_codes",
                        [&](pqxx::transaction_base& transaction) { return IssueAll(transaction, issue); });
}

absl::StatusOr<int64_t> TrustCodeStore::Revoke(const RevocationFilter& filter, int reason,
                                               const AuditEntry& audit, absl::Time now) {
  return pool_.Transact(
      "authority_revoke_trust", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<int64_t> {
        transaction.exec(kLockTrust);
        const pqxx::result matching = transaction.exec_params(
            kSelectMatching, filter.product_id, filter.serial_number, filter.key_id, filter.smart_account_id);
        if (matching.empty()) return TrustCodeUnknown("a filter that meets nothing");
        const pqxx::result revoked =
            transaction.exec_params(kRevoke, filter.product_id, filter.serial_number, filter.key_id,
                                    filter.smart_account_id, ToTimestamp(now), reason);
        if (revoked.affected_rows() > 0) WriteAudit(transaction, audit, now);
        return static_cast<int64_t>(revoked.affected_rows());
      });
}

absl::StatusOr<crypto::RevocationListContent> TrustCodeStore::ReadRevocations(const std::string& issuer,
                                                                              absl::Time now) {
  using Content = crypto::RevocationListContent;
  return pool_.Read(
      "authority_read_revocations", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<Content> {
        Content content;
        content.number = transaction.exec1(kSelectRevocationNumber)[0].as<int64_t>();
        for (const pqxx::row& row :
             transaction.exec_params(kSelectRevoked, issuer, ToTimestamp(now - crypto::kClockSkewMax))) {
          content.revoked.push_back({row[0].as<std::string>(), FromEpochMicros(row[1]), row[2].as<int>()});
        }
        return content;
      });
}

}  // namespace quartermaster::authority
