#include "services/ingest/storage/account_directory.h"

#include "absl/time/clock.h"
#include "services/common/accounts/find_smart_account.h"
#include "services/common/errors/error.h"
#include "services/ingest/domain/ingest_errors.h"

namespace quartermaster::ingest {
namespace {

// Accounts are made often and renamed almost never.
constexpr absl::Duration kFresh = absl::Seconds(10);
// Of one attempt; the caller's deadline decides how many there are.
constexpr absl::Duration kPatience = absl::Milliseconds(500);
constexpr absl::Duration kRetryWait = absl::Milliseconds(50);

pg::Options Impatient(pg::Options options) {
  options.patience = kPatience;
  options.connections_max = 2;
  return options;
}

constexpr char kFindDefaultSmartAccount[] =
    "SELECT smart_account_id FROM ledger_v1_smart_accounts WHERE is_default";

constexpr char kFindVirtualAccount[] = R"(
SELECT virtual_account_id, closed_at IS NOT NULL
FROM ledger_v1_virtual_accounts
WHERE smart_account_id = $1 AND lower(name) = lower($2)
ORDER BY closed_at IS NOT NULL
LIMIT 1)";

constexpr char kIsClosed[] =
    "SELECT closed_at IS NOT NULL FROM ledger_v1_smart_accounts WHERE smart_account_id = $1";

std::optional<int64_t> FindDefaultSmartAccount(pqxx::transaction_base& transaction) {
  const pqxx::result rows = transaction.exec(kFindDefaultSmartAccount);
  if (rows.empty()) return std::nullopt;
  return rows[0][0].as<int64_t>();
}

absl::StatusOr<Door> ReadDoor(pqxx::transaction_base& transaction, const std::string& smart_account,
                              const std::string& virtual_account) {
  const std::optional<int64_t> account = smart_account.empty()
                                             ? FindDefaultSmartAccount(transaction)
                                             : accounts::FindSmartAccount(transaction, smart_account);
  if (!account.has_value()) return SmartAccountUnknown(smart_account);
  Door door = {.smart_account_id = *account, .virtual_account_id = {}};
  door.smart_account_closed = transaction.exec_params1(kIsClosed, *account)[0].as<bool>();
  if (virtual_account.empty()) return door;
  const pqxx::result found =
      transaction.exec_params(kFindVirtualAccount, door.smart_account_id, virtual_account);
  if (found.empty()) return VirtualAccountUnknown(virtual_account);
  if (!found[0][1].as<bool>()) door.virtual_account_id = found[0][0].as<int64_t>();
  return door;
}

}  // namespace

AccountDirectory::AccountDirectory(const pg::Options& database)
    : pool_(Impatient(database)), doors_(kDoorsMax) {}

std::string AccountDirectory::Key(std::string_view smart_account, std::string_view virtual_account) {
  std::string key(smart_account);
  key.push_back('\0');
  key.append(virtual_account);
  return key;
}

std::optional<AccountDirectory::Known> AccountDirectory::Remembered(const std::string& key) {
  absl::MutexLock lock(&mutex_);
  const Known* known = doors_.Find(key);
  return known == nullptr ? std::nullopt : std::optional(*known);
}

std::optional<Door> AccountDirectory::TryFind(std::string_view smart_account,
                                              std::string_view virtual_account) {
  const std::optional<Known> known = Remembered(Key(smart_account, virtual_account));
  if (!known.has_value() || absl::Now() - known->read_at > kFresh) return std::nullopt;
  if (known->door.smart_account_closed) return std::nullopt;
  return known->door;
}

absl::StatusOr<Door> AccountDirectory::FindOpen(std::string_view smart_account,
                                                std::string_view virtual_account, absl::Time deadline) {
  absl::StatusOr<Door> door = Find(smart_account, virtual_account, deadline);
  if (door.ok() && door->smart_account_closed) return SmartAccountClosed(smart_account);
  return door;
}

absl::StatusOr<Door> AccountDirectory::Find(std::string_view smart_account, std::string_view virtual_account,
                                            absl::Time deadline) {
  if (const auto door = TryFind(smart_account, virtual_account); door.has_value()) return *door;
  // Names that no row can have, and that a text parameter cannot hold.
  if (smart_account.find('\0') != std::string_view::npos) return SmartAccountUnknown(smart_account);
  if (virtual_account.find('\0') != std::string_view::npos) {
    return VirtualAccountUnknown(virtual_account);
  }
  const std::string key = Key(smart_account, virtual_account);
  while (true) {
    const absl::Time read_at = absl::Now();
    const absl::StatusOr<Door> door =
        pool_.Read("ingest_find_door", [&](pqxx::transaction_base& transaction) {
          return ReadDoor(transaction, std::string(smart_account), std::string(virtual_account));
        });
    if (door.ok()) {
      absl::MutexLock lock(&mutex_);
      doors_.Put(key, {*door, read_at});
      return door;
    }
    if (!errors::IsRetryable(door.status())) return door;
    if (const std::optional<Known> known = Remembered(key); known.has_value()) return known->door;
    if (absl::Now() + kRetryWait >= deadline) return door;
    absl::SleepFor(kRetryWait);
  }
}

}  // namespace quartermaster::ingest
