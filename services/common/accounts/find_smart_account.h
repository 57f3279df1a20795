// How a Smart Account is found by what people call it: the one rule for every service that reads the
// ledger's view.
#ifndef QUARTERMASTER_SERVICES_COMMON_ACCOUNTS_FIND_SMART_ACCOUNT_H_
#define QUARTERMASTER_SERVICES_COMMON_ACCOUNTS_FIND_SMART_ACCOUNT_H_

#include <cstdint>
#include <optional>
#include <pqxx/pqxx>
#include <string>

namespace quartermaster::accounts {

// By domain, or else by display name, both as SQL lower() compares them. Where several have the name
// the oldest is meant, of those that are open if any is. Throws as pqxx does.
std::optional<int64_t> FindSmartAccount(pqxx::transaction_base& transaction, const std::string& name);

}  // namespace quartermaster::accounts

#endif  // QUARTERMASTER_SERVICES_COMMON_ACCOUNTS_FIND_SMART_ACCOUNT_H_
