#include "services/gateway/upstream/bidi_call.h"

#include <utility>

namespace quartermaster::gateway {

std::shared_ptr<BidiCall> BidiCall::Start(grpc::GenericStub& stub, const std::string& path,
                                          const std::function<void(grpc::ClientContext&)>& prepare) {
  std::shared_ptr<BidiCall> call(new BidiCall());
  call->self_ = call;
  prepare(call->context_);
  stub.PrepareBidiStreamingCall(&call->context_, path, {}, call.get());
  // Operations start outside of gRPC's callbacks, so the call must stay open for them until Finish.
  call->AddHold();
  call->StartCall();
  return call;
}

void BidiCall::Write(grpc::ByteBuffer message, std::function<void(bool)> done) {
  outgoing_ = std::move(message);
  write_done_ = std::move(done);
  StartWrite(&outgoing_);
}

void BidiCall::WritesDone(std::function<void(bool)> done) {
  write_done_ = std::move(done);
  StartWritesDone();
}

void BidiCall::Read(std::function<void(bool)> done) {
  read_done_ = std::move(done);
  StartRead(&incoming_);
}

void BidiCall::Finish(std::function<void(grpc::Status)> done) {
  finish_done_ = std::move(done);
  RemoveHold();
}

void BidiCall::OnWriteDone(bool ok) { std::exchange(write_done_, nullptr)(ok); }
void BidiCall::OnWritesDoneDone(bool ok) { std::exchange(write_done_, nullptr)(ok); }
void BidiCall::OnReadDone(bool ok) { std::exchange(read_done_, nullptr)(ok); }

void BidiCall::OnDone(const grpc::Status& status) {
  const std::shared_ptr<BidiCall> last = std::move(self_);
  std::exchange(finish_done_, nullptr)(status);
}

}  // namespace quartermaster::gateway
