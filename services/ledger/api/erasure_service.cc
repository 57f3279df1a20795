#include "services/ledger/api/erasure_service.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/erasure_book.h"

namespace quartermaster::ledger {
namespace {}  // namespace

grpc::Status ErasureServiceImpl::EraseProductInstance(grpc::ServerContext* context,
                                                      const v1::EraseProductInstanceRequest* request,
                                                      v1::EraseProductInstanceResponse* response) {
  return IdempotentWrite(
      api_, *context, "ledger.v1.ErasureService/EraseProductInstance", *request, request->request_id(),
      response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        RETURN_IF_ERROR(CheckText("product_id", request->product_id(), kUdiBytesMax));
        RETURN_IF_ERROR(CheckText("serial_number", request->serial_number(), kUdiBytesMax));
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        if (!EraseDetails(tx, account.id, {request->product_id(), request->serial_number()}, act.now)) {
          return ProductInstanceUnknown(request->product_id(), request->serial_number());
        }
        WriteChange(tx, account.id, ChangeKind::kAdministration, {}, act);
        // What was erased does not live on in the audit.
        WriteAudit(tx, account.id, act, "",
                   absl::StrCat("{\"product_id\":", JsonString(request->product_id()),
                                ",\"serial_number\":", JsonString(request->serial_number()),
                                ",\"erased\":[\"hostname\",\"system_info\"]}"));
        SetTime(act.now, response->mutable_erased_at());
        return absl::OkStatus();
      });
}

}  // namespace quartermaster::ledger
