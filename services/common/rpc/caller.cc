#include "services/common/rpc/caller.h"

namespace quartermaster::rpc {
namespace {

std::string_view Find(const grpc::ServerContextBase& context, const char* key) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find(key);
  if (found == metadata.end()) return {};
  return {found->second.data(), found->second.size()};
}

void AttachIfSet(const char* key, const std::string& value, grpc::ClientContext& context) {
  if (!value.empty()) context.AddMetadata(key, value);
}

}  // namespace

Caller ReadCaller(const grpc::ServerContextBase& context) {
  return {std::string(Find(context, kActorKey)), std::string(Find(context, kSmartAccountKey)),
          std::string(Find(context, kRoleKey))};
}

void AttachCaller(const Caller& caller, grpc::ClientContext& context) {
  AttachIfSet(kActorKey, caller.actor, context);
  AttachIfSet(kSmartAccountKey, caller.smart_account, context);
  AttachIfSet(kRoleKey, caller.role, context);
}

std::string_view RequestId(const grpc::ServerContextBase& context) { return Find(context, kRequestIdKey); }

}  // namespace quartermaster::rpc
