// Methods that a service offers to the others of its process without gRPC between. A call through an
// in-process channel costs some 50 us of processor time, most of it for threads that wake each other;
// this way costs next to nothing. Only for the few methods that are called thousands of times a second; what
// a method does, and what is kept of its calls, is the same on both ways (ADR 7).
#ifndef QUARTERMASTER_SERVICES_COMMON_RPC_LOCAL_METHODS_H_
#define QUARTERMASTER_SERVICES_COMMON_RPC_LOCAL_METHODS_H_

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "services/common/log/log.h"
#include "services/common/metrics/metrics.h"
#include "services/common/rpc/call_record.h"
#include "services/common/rpc/incoming_call.h"

namespace quartermaster::rpc {

// Takes a millisecond at most, and does not block. Calls `done` exactly once, from any thread, perhaps before
// it returns; request and response live until then.
template <typename Request, typename Response>
using UnaryHandler = std::function<void(IncomingCall call, const Request& request, Response& response,
                                        std::function<void(const grpc::Status&)> done)>;

// Raw bytes in, raw bytes out; the answer's bytes are empty unless its status is OK.
using LocalAnswer = std::function<void(const grpc::Status& status, const grpc::ByteBuffer& response)>;
using LocalMethod =
    std::function<void(IncomingCall call, const grpc::ByteBuffer& request, LocalAnswer answer)>;

// Filled before the first call; then immutable and thread-safe.
class LocalMethods {
 public:
  // `registry` outlives this.
  LocalMethods(metrics::Registry* registry, bool log_requests) : series_(registry, "local", log_requests) {}

  // `path`: "/quartermaster.ingest.v1.UsageService/SubmitReports". One that is no method ends the process
  // with a message: it would be offered to nobody.
  template <typename Request, typename Response>
  void Add(std::string_view path, UnaryHandler<Request, Response> handler);

  // Null when the method is not offered: call it by its channel.
  const LocalMethod* Find(std::string_view path) const {
    const auto found = methods_.find(path);
    return found == methods_.end() ? nullptr : &found->second;
  }

 private:
  template <typename Request, typename Response>
  struct Call {
    Call(MethodSeries* series, std::string id) : request_id(std::move(id)), record(series) {}
    const std::string request_id;
    CallRecord record;
    Request request;
    Response response;
  };

  ListenerSeries series_;
  std::map<std::string, LocalMethod, std::less<>> methods_;
};

template <typename Request, typename Response>
void LocalMethods::Add(std::string_view path, UnaryHandler<Request, Response> handler) {
  if (!IsKnownMethod(path)) {
    std::fprintf(stderr, "\"%s\" is no method that could be offered\n", std::string(path).c_str());
    std::abort();
  }
  MethodSeries* const series = series_.Of(path);
  methods_[std::string(path)] = [series, handler = std::move(handler)](IncomingCall incoming,
                                                                       const grpc::ByteBuffer& bytes,
                                                                       LocalAnswer answer) {
    const auto call = std::make_shared<Call<Request, Response>>(series, incoming.request_id);
    auto done = [call, answer = std::move(answer)](const grpc::Status& status) {
      grpc::ByteBuffer response;
      bool own_buffer = false;
      grpc::Status outcome = status;
      if (status.ok()) {
        outcome = grpc::SerializationTraits<Response>::Serialize(call->response, &response, &own_buffer);
      }
      call->record.Finish(outcome, call->request_id);
      answer(outcome, response);
    };
    const log::ServiceScope service(series->service());
    const log::RequestScope request(call->request_id);
    // Reading empties the buffer that it is given; a copy only counts references.
    grpc::ByteBuffer consumed(bytes);
    const grpc::Status read = grpc::SerializationTraits<Request>::Deserialize(&consumed, &call->request);
    // As gRPC answers bytes that it cannot read.
    if (!read.ok()) return done(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, ""));
    handler(std::move(incoming), call->request, call->response, std::move(done));
  };
}

}  // namespace quartermaster::rpc

#endif  // QUARTERMASTER_SERVICES_COMMON_RPC_LOCAL_METHODS_H_
