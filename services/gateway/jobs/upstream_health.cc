#include "services/gateway/jobs/upstream_health.h"

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <memory>
#include <utility>

#include "absl/synchronization/notification.h"
#include "services/common/log/log.h"

namespace quartermaster::gateway {
namespace {

constexpr char kCheck[] = "/grpc.health.v1.Health/Check";
constexpr auto kPatience = std::chrono::milliseconds(1500);

// HealthCheckResponse{status = 1}, where SERVING is 1.
bool SaysServing(const grpc::ByteBuffer& answer) {
  grpc::Slice slice;
  if (!answer.Valid() || !answer.DumpToSingleSlice(&slice).ok()) return false;
  return slice.size() == 2 && slice.begin()[0] == 0x08 && slice.begin()[1] == 0x01;
}

// One health check under way, asked when it is made.
class Question {
 public:
  Question(const std::string& service, const std::shared_ptr<grpc::Channel>& channel)
      : service_(service), stub_(channel), request_(RequestAbout(service)) {
    context_.set_deadline(std::chrono::system_clock::now() + kPatience);
    stub_.UnaryCall(&context_, kCheck, {}, &request_, &answer_, [this](grpc::Status result) {
      status_ = std::move(result);
      answered_.Notify();
    });
  }

  // Waits for it.
  ServiceState Answer() {
    answered_.WaitForNotification();
    if (!status_.ok()) return {service_, false, status_.error_message()};
    if (!SaysServing(answer_)) return {service_, false, "says that it cannot serve"};
    return {service_, true, ""};
  }

 private:
  // HealthCheckRequest{service = 1}; gRPC brings no header for it.
  static grpc::ByteBuffer RequestAbout(const std::string& service) {
    std::string bytes = "\x0a";
    bytes.push_back(static_cast<char>(service.size()));  // names are short
    const grpc::Slice slice(bytes + service);
    return grpc::ByteBuffer(&slice, 1);
  }

  const std::string service_;
  grpc::GenericStub stub_;
  const grpc::ByteBuffer request_;
  grpc::ClientContext context_;
  grpc::ByteBuffer answer_;
  grpc::Status status_;
  absl::Notification answered_;
};

}  // namespace

UpstreamHealth::UpstreamHealth(std::vector<std::string> services, ChannelOf channel_of)
    : services_(std::move(services)), channel_of_(std::move(channel_of)) {
  for (const std::string& service : services_) states_.push_back({service, false, "not asked yet"});
}

void UpstreamHealth::RunOnce() {
  // At once: one that hangs does not hold up what is known of the others.
  std::vector<std::unique_ptr<Question>> questions;
  for (const std::string& service : services_) {
    questions.push_back(std::make_unique<Question>(service, channel_of_(service)));
  }
  std::vector<ServiceState> states;
  for (const auto& question : questions) states.push_back(question->Answer());
  absl::MutexLock lock(&mutex_);
  for (size_t i = 0; i < states.size(); ++i) {
    if (states[i].serving == states_[i].serving) continue;
    if (states[i].serving) {
      log::Info("service behind the gateway serves", {{"upstream", states[i].service}});
    } else {
      log::Warning("service behind the gateway does not serve",
                   {{"upstream", states[i].service}, {"detail", states[i].detail}});
    }
  }
  states_ = std::move(states);
}

std::vector<ServiceState> UpstreamHealth::states() const {
  absl::MutexLock lock(&mutex_);
  return states_;
}

bool UpstreamHealth::all_serving() const {
  absl::MutexLock lock(&mutex_);
  for (const ServiceState& state : states_) {
    if (!state.serving) return false;
  }
  return true;
}

}  // namespace quartermaster::gateway
