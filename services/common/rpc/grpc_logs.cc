#include "services/common/rpc/grpc_logs.h"

#include <grpc/support/log.h>

#include "services/common/log/log.h"

namespace quartermaster::rpc {
namespace {

void Write(gpr_log_func_args* args) {
  const log::Fields fields = {{"said", args->message}, {"file", args->file}, {"line", args->line}};
  if (args->severity == GPR_LOG_SEVERITY_ERROR) {
    log::Warning("gRPC", fields);
  } else {
    log::Debug("gRPC", fields);
  }
}

}  // namespace

void RouteGrpcLogs() { gpr_set_log_function(&Write); }

}  // namespace quartermaster::rpc
