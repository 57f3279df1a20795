// A bidirectional stream of raw bytes to a service, one message in flight each way.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_UPSTREAM_BIDI_CALL_H_
#define QUARTERMASTER_SERVICES_GATEWAY_UPSTREAM_BIDI_CALL_H_

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/client_callback.h>

#include <functional>
#include <memory>
#include <string>

namespace quartermaster::gateway {

// Each operation calls its `done` once, from a gRPC thread. Operations of one kind must not overlap;
// those of different kinds may. Finish must be called, and is the last. Cancel may be called any time.
class BidiCall final : private grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  // `prepare` sets deadline and metadata.
  static std::shared_ptr<BidiCall> Start(grpc::GenericStub& stub, const std::string& path,
                                         const std::function<void(grpc::ClientContext&)>& prepare);

  // False when the stream is over; Finish says why.
  void Write(grpc::ByteBuffer message, std::function<void(bool)> done);
  void WritesDone(std::function<void(bool)> done);
  // The message is in message() until the next Read.
  void Read(std::function<void(bool)> done);
  const grpc::ByteBuffer& message() const { return incoming_; }
  // When nothing more is to be read or written.
  void Finish(std::function<void(grpc::Status)> done);
  void Cancel() { context_.TryCancel(); }

 private:
  BidiCall() = default;
  void OnWriteDone(bool ok) override;
  void OnWritesDoneDone(bool ok) override;
  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  grpc::ClientContext context_;
  grpc::ByteBuffer outgoing_;
  grpc::ByteBuffer incoming_;
  std::function<void(bool)> write_done_;
  std::function<void(bool)> read_done_;
  std::function<void(grpc::Status)> finish_done_;
  // gRPC uses the call until OnDone.
  std::shared_ptr<BidiCall> self_;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_UPSTREAM_BIDI_CALL_H_
