// Rows of product_instances for the hot path. All of it runs under the lock of the usage books
// (usage_lock.h), so nobody else makes or changes rows meanwhile.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_PRODUCT_INSTANCE_STORE_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_PRODUCT_INSTANCE_STORE_H_

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/common/pg/raw_connection.h"

namespace quartermaster::ledger {

struct UdiText {
  std::string product_id;
  std::string serial_number;
  auto operator<=>(const UdiText&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const UdiText& udi) {
    return H::combine(std::move(h), udi.product_id, udi.serial_number);
  }
};

struct InstanceKey {
  int64_t smart_account_id = 0;
  int64_t product_instance_id = 0;
};

struct InstanceRow {
  int64_t product_instance_id = 0;
  int64_t smart_account_id = 0;
  UdiText udi;
  int64_t virtual_account_id = 0;
  int64_t lead_id = 0;
  int64_t lead_virtual_account_id = 0;
  // Since when each of both is at home there, Unix seconds; 0 = always was.
  int64_t home_since_s = 0;
  int64_t lead_home_since_s = 0;
};

absl::StatusOr<std::vector<InstanceRow>> FindInstances(pg::RawConnection& connection,
                                                       std::span<const UdiText> udis);
absl::StatusOr<std::vector<InstanceRow>> FindInstancesById(pg::RawConnection& connection,
                                                           std::span<const InstanceKey> keys);
// The instances of one Smart Account that have one of these leads.
absl::StatusOr<std::vector<InstanceRow>> FindHaMembers(pg::RawConnection& connection,
                                                       int64_t smart_account_id,
                                                       std::span<const int64_t> lead_ids);

// Those of the consumers all of whose members were removed.
absl::StatusOr<std::vector<int64_t>> RemovedConsumers(pg::RawConnection& connection, int64_t smart_account_id,
                                                      std::span<const int64_t> consumers);

// Makes rows; fills in product_instance_id and lead_id (itself). Home and Smart Account are given.
absl::Status InsertInstances(pg::RawConnection& connection, std::span<InstanceRow> instances, absl::Time now);

// The default Virtual Account of each of these Smart Accounts.
absl::StatusOr<absl::flat_hash_map<int64_t, int64_t>> DefaultVirtualAccounts(
    pg::RawConnection& connection, std::span<const int64_t> smart_account_ids);
// Which of these Virtual Accounts are closed.
absl::StatusOr<std::set<int64_t>> ClosedVirtualAccounts(pg::RawConnection& connection,
                                                        std::span<const int64_t> smart_account_ids,
                                                        std::span<const int64_t> virtual_account_ids);

// The Virtual Account that the trust code of each UDI names, by (Smart Account, UDI): of the ID token that
// it redeemed last there.
absl::StatusOr<std::map<std::pair<int64_t, UdiText>, int64_t>> TrustCodeHomes(pg::RawConnection& connection,
                                                                              std::span<const UdiText> udis);

// What a batch of reports says of one product instance.
struct Contact {
  int64_t smart_account_id = 0;
  int64_t product_instance_id = 0;
  absl::Time first;
  absl::Time last;
  // Latest unsuspected end in the batch, Unix seconds; 0 = none.
  int64_t last_measured_s = 0;
  // Of the report with that end; taken when nothing newer is known.
  std::string software_version;
  bool verified = false;
};
// A contact after its removal brings a product instance back, and so does use that was measured after it.
absl::Status RecordContacts(pg::RawConnection& connection, std::span<const Contact> contacts);

// When each of these consumers of one Smart Account, or any member of its HA set, was acknowledged last:
// Unix seconds. Those that never were are left out.
absl::StatusOr<absl::flat_hash_map<int64_t, int64_t>> LastAcknowledged(pg::RawConnection& connection,
                                                                       int64_t smart_account_id,
                                                                       std::span<const int64_t> lead_ids);

// Marks all members of these HA sets (by their leads), and these single members; how many were not marked
// before.
absl::StatusOr<int64_t> MarkRemoved(pg::RawConnection& connection, int64_t smart_account_id,
                                    std::span<const int64_t> lead_ids, std::span<const int64_t> members,
                                    absl::Time now);

// Puts the members of an HA set under their lead.
absl::Status SetLead(pg::RawConnection& connection, int64_t smart_account_id, int64_t lead_id,
                     std::span<const int64_t> members);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_PRODUCT_INSTANCE_STORE_H_
