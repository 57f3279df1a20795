// Names of Smart and Virtual Accounts to their ids: the views ledger_v1_smart_accounts and
// ledger_v1_virtual_accounts, remembered for a few seconds.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_ACCOUNT_DIRECTORY_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_ACCOUNT_DIRECTORY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/common/pg/pool.h"
#include "services/ingest/storage/recent_map.h"

namespace quartermaster::ingest {

// Through which door something came.
struct Door {
  int64_t smart_account_id = 0;
  // When a Virtual Account was named that is open: a closed one leads where no name leads.
  std::optional<int64_t> virtual_account_id;
  // Nothing more comes in.
  bool smart_account_closed = false;
};

// Thread-safe. `smart_account`: a domain, or else a display name; empty = the node's default.
// `virtual_account`: a name; empty = none. Names are compared without case.
class AccountDirectory {
 public:
  explicit AccountDirectory(const pg::Options& database);

  // From memory; nothing when it is not known there, or closed.
  std::optional<Door> TryFind(std::string_view smart_account, std::string_view virtual_account);

  // Asks the database when memory does not know; blocks. ingest.smart_account_unknown or
  // ingest.virtual_account_unknown. While the database is away what was known lately is good enough;
  // otherwise it is asked until `deadline`, and then the error is retryable.
  absl::StatusOr<Door> Find(std::string_view smart_account, std::string_view virtual_account,
                            absl::Time deadline);

  // The same for what shall come in: `ingest.smart_account_closed`.
  absl::StatusOr<Door> FindOpen(std::string_view smart_account, std::string_view virtual_account,
                                absl::Time deadline);

 private:
  static constexpr size_t kDoorsMax = 4096;
  struct Known {
    Door door;
    absl::Time read_at;
  };
  static std::string Key(std::string_view smart_account, std::string_view virtual_account);
  std::optional<Known> Remembered(const std::string& key);

  pg::Pool pool_;
  absl::Mutex mutex_;
  RecentMap<Known> doors_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_ACCOUNT_DIRECTORY_H_
