// Accounts as the API and the audit show them, and the limits of their fields.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_ACCOUNT_VIEW_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_ACCOUNT_VIEW_H_

#include <cstddef>
#include <string>

#include "quartermaster/ledger/v1/accounts.pb.h"
#include "services/ledger/storage/administration/account_book.h"

namespace quartermaster::ledger {

inline constexpr size_t kDomainBytesMax = 253;
inline constexpr size_t kAccountNameBytesMax = 128;
inline constexpr size_t kDescriptionBytesMax = 1024;

void ToProto(const SmartAccount& account, v1::SmartAccount* out);
void ToProto(const VirtualAccount& account, v1::VirtualAccount* out);

// A JSON object.
std::string AuditOf(const SmartAccount& account);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_ACCOUNT_VIEW_H_
