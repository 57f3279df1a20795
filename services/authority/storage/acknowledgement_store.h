// Reading acknowledgements: what is stored of a product instance, and how far a poll id has come.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_ACKNOWLEDGEMENT_STORE_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_ACKNOWLEDGEMENT_STORE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/authority/domain/acknowledgement_document.h"
#include "services/common/crypto/certificate.h"
#include "services/common/pg/pool.h"

namespace quartermaster::authority {

struct ProductInstanceRow {
  // 0: known from the inventory only, never reported.
  int64_t sender_id = 0;
  int64_t smart_account_id = 0;
};

// One sender of a submission.
struct PolledSender {
  int64_t sender_id = 0;
  crypto::SubjectUdi udi;
  // Whether the feed was worked through up to this sender's reports. Then an acknowledgement is
  // there, or none of its reports was verified.
  bool processed = false;
  bool acknowledged = false;
};

struct PolledTicket {
  int64_t smart_account_id = 0;
  absl::Time created_at;
  // In the order of the ticket.
  std::vector<PolledSender> senders;
};

// Thread-safe; each call is one snapshot.
class AcknowledgementStore {
 public:
  // `pool` outlives this.
  explicit AcknowledgementStore(pg::Pool* pool) : pool_(*pool) {}

  // None when nobody knows this UDI.
  absl::StatusOr<std::optional<ProductInstanceRow>> FindProductInstance(const crypto::SubjectUdi& udi);

  // The rounds issued since `listed_since`, and always the newest. None when nothing was acknowledged yet.
  absl::StatusOr<StoredAcknowledgement> ReadAcknowledgement(int64_t smart_account_id, int64_t sender_id,
                                                            absl::Time listed_since);

  // What is in force at the home of a product instance: of its Virtual Account, else of the Smart Account,
  // else the default.
  absl::StatusOr<policy::ReportingPolicy> ReadPolicyAtHome(const crypto::SubjectUdi& udi);

  // What is known of the reports of a sender without an acknowledgement.
  enum class Reports { kNone, kUnverifiableOnly, kVerified };
  absl::StatusOr<Reports> ExamineReports(int64_t smart_account_id, int64_t sender_id);

  // None when there is no such ticket (in this Smart Account, when one is given).
  absl::StatusOr<std::optional<PolledTicket>> ReadTicket(std::optional<int64_t> smart_account_id,
                                                         int64_t poll_id);

 private:
  pg::Pool& pool_;
};

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_STORAGE_ACKNOWLEDGEMENT_STORE_H_
