#include "services/authority/storage/acknowledgement_store.h"

#include <string>
#include <string_view>
#include <utility>

#include "services/authority/domain/authority_errors.h"
#include "services/authority/storage/issued_cursor.h"
#include "services/authority/storage/sql_time.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::authority {
namespace {

// A UDI has one sender and one inventory row at most.
constexpr char kFindProductInstance[] = R"sql(
SELECT sender_id, smart_account_id FROM ingest_v1_senders WHERE udi_pid = $1 AND udi_sn = $2
UNION ALL
SELECT 0, smart_account_id FROM ledger_v1_product_instances WHERE udi_pid = $1 AND udi_sn = $2
ORDER BY sender_id DESC LIMIT 1)sql";

constexpr char kSelectRounds[] = R"sql(
SELECT sequence, (extract(epoch FROM issued_at) * 1000000)::bigint AS issued_at_us, reports, policy_id
FROM acknowledgements a
WHERE smart_account_id = $1 AND sender_id = $2
  AND (issued_at >= $3::timestamptz
       OR sequence = (SELECT max(b.sequence) FROM acknowledgements b
                      WHERE b.smart_account_id = $1 AND b.sender_id = $2))
ORDER BY sequence DESC LIMIT $4)sql";

#define POLICY_COLUMNS \
  "r.type, r.name, r.acknowledgement_required, r.push_interval_days, r.days::text AS days"
constexpr char kSelectPolicy[] = "SELECT " POLICY_COLUMNS
                                 " FROM ledger_v1_reporting_policies r"
                                 " WHERE r.smart_account_id = $1 AND r.policy_id = $2";
// The Virtual Account's before the Smart Account's.
constexpr char kSelectPolicyAtHome[] =
    "SELECT " POLICY_COLUMNS
    " FROM ledger_v1_product_instances p JOIN ledger_v1_reporting_policies r"
    "   ON r.smart_account_id = p.smart_account_id AND r.ended_at IS NULL"
    "   AND (r.virtual_account_id = p.virtual_account_id OR r.virtual_account_id IS NULL)"
    " WHERE p.udi_pid = $1 AND p.udi_sn = $2 ORDER BY r.virtual_account_id NULLS LAST LIMIT 1";

// A tag that the catalogue does not know is an unenforced subscription.
constexpr char kSelectTags[] = R"sql(
SELECT s.source_id, s.entitlement_tag, coalesce(t.enforcement, 1) AS enforcement,
       coalesce(t.term, 2) AS term,
       EXISTS (SELECT FROM ledger_v1_tags_in_use u
               WHERE u.smart_account_id = $1 AND u.udi_pid = s.udi_pid AND u.udi_sn = s.udi_sn
                 AND u.tag_id = t.tag_id) AS in_use
FROM ingest_v1_sources s LEFT JOIN ledger_v1_license_tags t ON t.tag = s.entitlement_tag
WHERE s.smart_account_id = $1 AND s.sender_id = $2)sql";

constexpr char kExamineReports[] = R"sql(
SELECT bool_or(i.verification = 1) AS any_verified
FROM ingest_v1_sources s
JOIN ingest_v1_identities i USING (smart_account_id, source_id)
WHERE s.smart_account_id = $1 AND s.sender_id = $2
HAVING count(*) > 0)sql";

// A poll id is looked for account by account, because that is how tickets are keyed.
constexpr char kFindTicket[] = R"sql(
SELECT a.smart_account_id, t.created_at_us
FROM ledger_v1_smart_accounts a
CROSS JOIN LATERAL (
  SELECT (extract(epoch FROM p.created_at) * 1000000)::bigint AS created_at_us
  FROM ingest_v1_poll_tickets p
  WHERE p.smart_account_id = a.smart_account_id AND p.poll_id = $1 OFFSET 0) t
WHERE $2::bigint IS NULL OR a.smart_account_id = $2)sql";

// Feed order is (incarnation, xid, change_id), so positions are compared, never change ids. A change
// that is no longer there was worked through before it went.
constexpr char kSelectTicketSenders[] = R"sql(
SELECT u.sender_id, d.udi_pid, d.udi_sn,
       CASE WHEN c.change_id IS NULL THEN true
            WHEN k.consumer IS NULL THEN false
            ELSE (c.incarnation, c.xid, c.change_id) <= (k.incarnation, k.xid, k.change_id)
       END AS processed,
       EXISTS (SELECT 1 FROM acknowledgements a
               WHERE a.smart_account_id = p.smart_account_id AND a.sender_id = u.sender_id)
         AS acknowledged
FROM ingest_v1_poll_tickets p
CROSS JOIN LATERAL unnest(p.sender_ids, p.change_ids) WITH ORDINALITY
     AS u(sender_id, change_id, place)
JOIN ingest_v1_senders d ON d.sender_id = u.sender_id
LEFT JOIN ingest_v1_changes c
     ON c.smart_account_id = p.smart_account_id AND c.change_id = u.change_id
LEFT JOIN authority_cursors k ON k.consumer = $3
WHERE p.smart_account_id = $1 AND p.poll_id = $2
ORDER BY u.place)sql";

// Far more rounds than reports that a file may list.
constexpr int64_t kRoundsMax = static_cast<int64_t>(kListedReportsMax);

absl::StatusOr<policy::ReportingPolicy> PolicyOf(const pqxx::row& row) {
  policy::ReportingPolicy policy;
  policy.type = static_cast<policy::PolicyType>(row["type"].as<int>());
  policy.name = row["name"].as<std::string>();
  policy.acknowledgement_required = row["acknowledgement_required"].as<bool>();
  policy.push_interval_days = row["push_interval_days"].as<int>();
  const auto days = policy::DaysFromArray(row["days"].as<std::string>());
  if (!days.has_value()) return StoredRowDamaged("reporting_policies.days: want twelve numbers");
  policy.days = *days;
  return policy;
}

// Without an id, the default.
absl::StatusOr<policy::ReportingPolicy> ReadPolicy(pqxx::transaction_base& transaction,
                                                   int64_t smart_account_id, const pqxx::field& policy_id) {
  if (policy_id.is_null()) return policy::ReportingPolicy();
  const pqxx::result rows = transaction.exec_params(kSelectPolicy, smart_account_id, policy_id.as<int64_t>());
  if (rows.empty()) return StoredRowDamaged("acknowledgements.policy_id: got a policy that is not there");
  return PolicyOf(rows[0]);
}

absl::Status ReadRounds(pqxx::transaction_base& transaction, int64_t smart_account_id, int64_t sender_id,
                        absl::Time listed_since, StoredAcknowledgement& stored) {
  const pqxx::result rows = transaction.exec_params(kSelectRounds, smart_account_id, sender_id,
                                                    ToTimestamp(listed_since), kRoundsMax);
  if (rows.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(stored.policy, ReadPolicy(transaction, smart_account_id, rows[0]["policy_id"]));
  for (const pqxx::row& row : rows) {
    const pqxx::binarystring packed(row["reports"]);
    ASSIGN_OR_RETURN(std::vector<AcknowledgedReport> reports,
                     UnpackAcknowledgedReports({packed.get(), packed.size()}));
    stored.rounds.push_back(
        {row["sequence"].as<int64_t>(), FromEpochMicros(row["issued_at_us"]), std::move(reports)});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<ProductInstanceRow>> AcknowledgementStore::FindProductInstance(
    const crypto::SubjectUdi& udi) {
  using Found = std::optional<ProductInstanceRow>;
  return pool_.Read(
      "authority_find_product_instance", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<Found> {
        const pqxx::result rows =
            transaction.exec_params(kFindProductInstance, udi.product_id, udi.serial_number);
        if (rows.empty()) return Found();
        return Found({rows[0]["sender_id"].as<int64_t>(), rows[0]["smart_account_id"].as<int64_t>()});
      });
}

absl::StatusOr<StoredAcknowledgement> AcknowledgementStore::ReadAcknowledgement(int64_t smart_account_id,
                                                                                int64_t sender_id,
                                                                                absl::Time listed_since) {
  return pool_.Read(
      "authority_read_acknowledgement",
      [&](pqxx::transaction_base& transaction) -> absl::StatusOr<StoredAcknowledgement> {
        StoredAcknowledgement stored;
        RETURN_IF_ERROR(ReadRounds(transaction, smart_account_id, sender_id, listed_since, stored));
        if (stored.rounds.empty()) return stored;
        for (const pqxx::row& row : transaction.exec_params(kSelectTags, smart_account_id, sender_id)) {
          stored.tags[row["source_id"].as<int64_t>()] = {
              row["entitlement_tag"].as<std::string>(),
              policy::ClassOf(row["enforcement"].as<int>(), row["term"].as<int>()), row["in_use"].as<bool>()};
        }
        return stored;
      });
}

absl::StatusOr<policy::ReportingPolicy> AcknowledgementStore::ReadPolicyAtHome(
    const crypto::SubjectUdi& udi) {
  return pool_.Read("authority_read_policy_at_home",
                    [&](pqxx::transaction_base& transaction) -> absl::StatusOr<policy::ReportingPolicy> {
                      const pqxx::result rows =
                          transaction.exec_params(kSelectPolicyAtHome, udi.product_id, udi.serial_number);
                      if (rows.empty()) return policy::ReportingPolicy();
                      return PolicyOf(rows[0]);
                    });
}

absl::StatusOr<AcknowledgementStore::Reports> AcknowledgementStore::ExamineReports(int64_t smart_account_id,
                                                                                   int64_t sender_id) {
  return pool_.Read(
      "authority_examine_reports", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<Reports> {
        const pqxx::result rows = transaction.exec_params(kExamineReports, smart_account_id, sender_id);
        if (rows.empty()) return Reports::kNone;
        return rows[0]["any_verified"].as<bool>() ? Reports::kVerified : Reports::kUnverifiableOnly;
      });
}

absl::StatusOr<std::optional<PolledTicket>> AcknowledgementStore::ReadTicket(
    std::optional<int64_t> smart_account_id, int64_t poll_id) {
  using Found = std::optional<PolledTicket>;
  return pool_.Read(
      "authority_read_poll_ticket", [&](pqxx::transaction_base& transaction) -> absl::StatusOr<Found> {
        const pqxx::result found = transaction.exec_params(kFindTicket, poll_id, smart_account_id);
        if (found.empty()) return Found();
        PolledTicket ticket;
        ticket.smart_account_id = found[0]["smart_account_id"].as<int64_t>();
        ticket.created_at = FromEpochMicros(found[0]["created_at_us"]);
        for (const pqxx::row& row : transaction.exec_params(kSelectTicketSenders, ticket.smart_account_id,
                                                            poll_id, kIssuedConsumer)) {
          ticket.senders.push_back(
              {.sender_id = row["sender_id"].as<int64_t>(),
               .udi = {row["udi_pid"].as<std::string>(), row["udi_sn"].as<std::string>()},
               .processed = row["processed"].as<bool>(),
               .acknowledged = row["acknowledged"].as<bool>()});
        }
        return Found(std::move(ticket));
      });
}

}  // namespace quartermaster::authority
