// The one way of every administrative write: one transaction, its answer kept under the request id.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_IDEMPOTENT_WRITE_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_IDEMPOTENT_WRITE_H_

#include <google/protobuf/message.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "services/common/clock/clock.h"
#include "services/common/pg/pool.h"
#include "services/common/rpc/caller.h"
#include "services/ledger/domain/coverage.h"
#include "services/ledger/storage/administration/account_book.h"
#include "services/ledger/storage/administration/request_log.h"

namespace quartermaster::ledger {

// What every API class works with; outlives them.
struct ApiContext {
  pg::Pool* pool;
  const Clock* clock;
  // Holes in what is reported that are longer than this are gaps.
  int64_t gap_after_s = kGapAfterS;
};

// The call as the log of answers knows it.
LoggedCall LogCall(const ApiContext& api, const rpc::Caller& caller, const char* method,
                   const google::protobuf::Message& request, const std::string& request_id);
absl::Status CheckRequestId(const std::string& request_id);
// Two replicas answered the same request at once: the loser, who runs again, finds the winner's answer.
bool LostRace(const absl::Status& status);

using WriteBody = absl::FunctionRef<absl::Status(pqxx::transaction_base&, const Act&)>;

// Runs `body`, which fills `response`, once per (caller, request_id): the same request is answered
// again as the first time, another one under the same id is `ledger.request_id_reused`. Without a
// request id it simply runs. `body` may run several times and must not have effects elsewhere.
grpc::Status IdempotentWrite(const ApiContext& api, const grpc::ServerContext& context, const char* method,
                             const google::protobuf::Message& request, const std::string& request_id,
                             google::protobuf::Message* response, WriteBody body);

using WorkBody = absl::FunctionRef<absl::Status(const Act&)>;

// The same for what takes long and commits by itself: `prepare` runs in a short transaction, `work`, which
// fills `response`, in none, and then its answer is kept. `work` must be idempotent by nature: it runs again
// when it failed or the process died before the answer was kept.
grpc::Status IdempotentWork(const ApiContext& api, const grpc::ServerContext& context, const char* method,
                            const google::protobuf::Message& request, const std::string& request_id,
                            google::protobuf::Message* response, WriteBody prepare, WorkBody work);

// The Smart Account that a call is about: the one that it names, else the caller's own, else the
// default. A caller that is bound to one has no other: rpc/account_of_call.h.
absl::StatusOr<SmartAccount> SmartAccountOfCall(pqxx::transaction_base& transaction,
                                                const grpc::ServerContext& context, const std::string& named);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_IDEMPOTENT_WRITE_H_
