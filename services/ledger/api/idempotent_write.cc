#include "services/ledger/api/idempotent_write.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/common/crypto/signature.h"
#include "services/common/errors/error.h"
#include "services/common/rpc/account_of_call.h"
#include "services/common/rpc/caller.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/domain/ledger_errors.h"

namespace quartermaster::ledger {
namespace {

// One request on its way through the log of answers.
class LoggedRequest {
 public:
  LoggedRequest(const ApiContext& api, const grpc::ServerContext& context, const char* method,
                const google::protobuf::Message& request, const std::string& request_id,
                google::protobuf::Message* response)
      : api_(api),
        call_(LogCall(api, rpc::ReadCaller(context), method, request, request_id)),
        method_(method),
        response_(response) {}

  const Act& act() const { return call_.act; }

  absl::Status Check() const { return CheckRequestId(call_.act.request_id); }

  // A transaction that answers as before, or else runs `body` and, with `keep`, keeps its answer.
  // True when the answer was there.
  absl::StatusOr<bool> Transact(WriteBody body, bool keep) {
    bool answered = false;
    auto write = [&](pqxx::transaction_base& transaction) -> absl::Status {
      const LoggedCall* const call = &call_;
      ASSIGN_OR_RETURN(const std::optional<std::string> answer, FindAnswers(transaction, {&call, 1}).front());
      answered = answer.has_value();
      if (answered) {
        response_->Clear();
        response_->ParseFromString(*answer);
        return absl::OkStatus();
      }
      RETURN_IF_ERROR(body(transaction, call_.act));
      if (keep) {
        const std::string kept = response_->SerializeAsString();
        KeepAnswers(transaction, {&call, 1}, {&kept, 1});
      }
      return absl::OkStatus();
    };
    absl::Status status = api_.pool->Transact(method_, write);
    if (LostRace(status)) status = api_.pool->Transact(method_, write);
    RETURN_IF_ERROR(status);
    return answered;
  }

 private:
  const ApiContext& api_;
  const LoggedCall call_;
  const char* const method_;
  google::protobuf::Message* const response_;
};

absl::Status RunInSteps(LoggedRequest& logged, WriteBody prepare, WorkBody work) {
  RETURN_IF_ERROR(logged.Check());
  ASSIGN_OR_RETURN(const bool answered, logged.Transact(prepare, /*keep=*/false));
  if (answered) return absl::OkStatus();
  RETURN_IF_ERROR(work(logged.act()));
  return logged.Transact([](pqxx::transaction_base&, const Act&) { return absl::OkStatus(); }, /*keep=*/true)
      .status();
}

}  // namespace

LoggedCall LogCall(const ApiContext& api, const rpc::Caller& caller, const char* method,
                   const google::protobuf::Message& request, const std::string& request_id) {
  const crypto::Sha256Digest digest = crypto::Sha256(absl::StrCat(method, "\n", request.SerializeAsString()));
  return {.act = {caller.actor, request_id, method, api.clock->Now()},
          .content_hash = std::string(View(digest))};
}

absl::Status CheckRequestId(const std::string& request_id) {
  if (request_id.size() <= 128) return absl::OkStatus();
  return FieldInvalid("request_id", absl::StrCat(request_id.size(), " bytes"), "at most 128");
}

bool LostRace(const absl::Status& status) {
  return absl::IsAlreadyExists(status) && absl::StartsWith(errors::ErrorId(status), "pg.");
}

grpc::Status IdempotentWrite(const ApiContext& api, const grpc::ServerContext& context, const char* method,
                             const google::protobuf::Message& request, const std::string& request_id,
                             google::protobuf::Message* response, WriteBody body) {
  LoggedRequest logged(api, context, method, request, request_id, response);
  if (const absl::Status checked = logged.Check(); !checked.ok()) return rpc::ToGrpc(checked);
  const auto fill = [&](pqxx::transaction_base& transaction, const Act& act) {
    response->Clear();
    return body(transaction, act);
  };
  return rpc::ToGrpc(logged.Transact(fill, /*keep=*/true).status());
}

grpc::Status IdempotentWork(const ApiContext& api, const grpc::ServerContext& context, const char* method,
                            const google::protobuf::Message& request, const std::string& request_id,
                            google::protobuf::Message* response, WriteBody prepare, WorkBody work) {
  LoggedRequest logged(api, context, method, request, request_id, response);
  return rpc::ToGrpc(RunInSteps(logged, prepare, work));
}

absl::StatusOr<SmartAccount> SmartAccountOfCall(pqxx::transaction_base& transaction,
                                                const grpc::ServerContext& context,
                                                const std::string& named) {
  ASSIGN_OR_RETURN(const std::string account, rpc::AccountOfCall(rpc::ReadCaller(context), named));
  ASSIGN_OR_RETURN(SmartAccount found, FindSmartAccount(transaction, account));
  // What is closed can be looked at; a transaction that may write takes it for none.
  if (found.closed_at && transaction.exec1("SHOW transaction_read_only")[0].as<std::string>() == "off") {
    return SmartAccountClosed(found.domain);
  }
  return found;
}

}  // namespace quartermaster::ledger
