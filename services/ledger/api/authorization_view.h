// Authorizations as the API shows them.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_AUTHORIZATION_VIEW_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_AUTHORIZATION_VIEW_H_

#include <map>
#include <pqxx/pqxx>
#include <string>

#include "grpcpp/server_context.h"
#include "quartermaster/ledger/v1/authorizations.pb.h"
#include "services/ledger/api/authorization_flow.h"
#include "services/ledger/storage/administration/authorization_store.h"

namespace quartermaster::ledger {

// Without the code. `virtual_accounts`: names by id.
v1::Authorization View(const Authorization& authorization,
                       const std::map<int64_t, std::string>& virtual_accounts);

// Whether the call came with the credential of product instances.
bool IsDevice(const grpc::ServerContext& context);

// The code of one in force, where the caller may have it (DeviceMayHaveCode); else empty. `confirmation_code`
// is the one that the request shows.
absl::StatusOr<std::string> CodeFor(const AuthorizationFlow& flow, const grpc::ServerContext& context,
                                    int64_t smart_account_id, const Authorization& authorization,
                                    const std::string& confirmation_code);

// Puts that beside the answer, after the answer was kept: codes are not kept with answers.
// `named` is what the request called the Smart Account.
absl::Status AttachCode(const ApiContext& api, const AuthorizationFlow& flow,
                        const grpc::ServerContext& context, const std::string& named,
                        const std::string& confirmation_code, v1::Authorization* response);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_AUTHORIZATION_VIEW_H_
