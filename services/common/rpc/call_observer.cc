#include "services/common/rpc/call_observer.h"

#include <grpcpp/server_context.h>

#include <iterator>
#include <map>

#include "services/common/ids/request_id.h"
#include "services/common/rpc/call_record.h"
#include "services/common/rpc/caller.h"

namespace quartermaster::rpc {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;

class CallObserver final : public grpc::experimental::Interceptor {
 public:
  explicit CallObserver(MethodSeries* series) : record_(series) {}

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_INITIAL_METADATA)) {
      TakeRequestId(methods->GetRecvInitialMetadata());
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      methods->GetSendInitialMetadata()->emplace(kRequestIdKey, std::string(request_id_));
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      record_.Finish(methods->GetSendStatus(), request_id_);
    }
    methods->Proceed();
  }

 private:
  // Handlers read the id from the metadata, so a made or corrected one is put there.
  void TakeRequestId(std::multimap<grpc::string_ref, grpc::string_ref>* metadata) {
    const auto [first, last] = metadata->equal_range(kRequestIdKey);
    if (first != last) {
      const std::string_view given(first->second.data(), first->second.size());
      if (ids::IsValidRequestId(given) && std::next(first) == last) {
        request_id_ = given;
        return;
      }
      metadata->erase(first, last);
    }
    made_id_ = ids::NewRequestId();
    request_id_ = {made_id_.data(), made_id_.size()};
    metadata->emplace(kRequestIdKey, grpc::string_ref(made_id_.data(), made_id_.size()));
  }

  CallRecord record_;
  ids::RequestId made_id_;
  std::string_view request_id_;
};

class CallObserverFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  CallObserverFactory(metrics::Registry* registry, std::string_view listener, bool log_requests)
      : series_(registry, listener, log_requests) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override {
    return new CallObserver(series_.Of(info->method()));
  }

 private:
  ListenerSeries series_;
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeCallObserverFactory(
    metrics::Registry* registry, std::string_view listener, bool log_requests) {
  return std::make_unique<CallObserverFactory>(registry, listener, log_requests);
}

}  // namespace quartermaster::rpc
