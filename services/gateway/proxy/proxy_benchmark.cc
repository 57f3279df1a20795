// What the way through the gateway costs: unary calls of 2.5 kB over TLS to a bare echo, and through
// the gateway to an echo behind an in-process channel, in turns, with the same client on the same
// cores. Prints calls per second, CPU time per call (client included) and the ratio.
//
// usage: proxy_benchmark [ROUNDS] [CALLS_IN_FLIGHT]
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "services/gateway/files/private_files.h"
#include "services/gateway/testing/front_door.h"

namespace quartermaster::gateway {
namespace {

constexpr char kMethod[] = "/quartermaster.ledger.v1.CatalogService/ListLicenseTags";
constexpr double kSecondsPerRun = 3;
constexpr size_t kBytes = 2500;

class Echo final : public grpc::CallbackGenericService {
  class Reactor final : public grpc::ServerGenericBidiReactor {
   public:
    Reactor() { StartRead(&message_); }
    void OnReadDone(bool ok) override {
      if (!ok) return Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no message"));
      StartWriteAndFinish(&message_, grpc::WriteOptions(), grpc::Status::OK);
    }
    void OnDone() override { delete this; }

   private:
    grpc::ByteBuffer message_;
  };
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return new Reactor();
  }
};

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

struct Call {
  grpc::ClientContext context;
  grpc::Status status;
  grpc::ByteBuffer answer;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
};

double Run(const char* name, const std::shared_ptr<grpc::Channel>& channel, int in_flight) {
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  const grpc::Slice slice(std::string(kBytes, 'x'));
  const grpc::ByteBuffer request(&slice, 1);
  int64_t done = 0, failed = 0;
  const auto start_call = [&] {
    auto* call = new Call();
    call->context.AddMetadata("authorization", std::string("Bearer ") + kAdministratorToken);
    call->context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    call->reader = stub.PrepareUnaryCall(&call->context, kMethod, request, &queue);
    call->reader->StartCall();
    call->reader->Finish(&call->answer, &call->status, call);
  };
  const auto started = std::chrono::steady_clock::now();
  const double cpu = CpuSeconds();
  double seconds = 0;
  for (int i = 0; i < in_flight; ++i) start_call();
  int left = in_flight;
  void* tag = nullptr;
  bool ok = false;
  while (left > 0 && queue.Next(&tag, &ok)) {
    std::unique_ptr<Call> call(static_cast<Call*>(tag));
    ++done;
    failed += !call->status.ok();
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    if (seconds < kSecondsPerRun) {
      start_call();
    } else {
      --left;
    }
  }
  queue.Shutdown();
  const double rate = static_cast<double>(done) / seconds;
  std::printf("%-8s %8.0f calls/s  %6.1f us CPU/call  %ld failed\n", name, rate,
              (CpuSeconds() - cpu) / static_cast<double>(done) * 1e6, static_cast<long>(failed));
  std::fflush(stdout);
  return rate;
}

int Main(int rounds, int in_flight) {
  Echo behind, bare;
  grpc::ServerBuilder behind_builder;
  behind_builder.RegisterCallbackGenericService(&behind);
  const auto behind_server = behind_builder.BuildAndStart();

  FrontDoor door(1e9);
  Upstreams upstreams(
      door.methods,
      [&](std::string_view) { return behind_server->InProcessChannel(grpc::ChannelArguments()); },
      door.local_methods);
  ProxySurroundings surroundings{door.methods, door.authenticator, door.admission,   upstreams,
                                 door.journal, door.reflection,    absl::Seconds(30)};
  const auto listener = GrpcListener::Start({.address = "127.0.0.1:0", .tls = door.tls}, surroundings);

  grpc::SslServerCredentialsOptions tls;
  tls.pem_key_cert_pairs.push_back(
      {*ReadWholeFile(door.tls.key_file), *ReadWholeFile(door.tls.certificate_file)});
  int bare_port = 0;
  grpc::ServerBuilder bare_builder;
  bare_builder.RegisterCallbackGenericService(&bare);
  bare_builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &bare_port);
  const auto bare_server = bare_builder.BuildAndStart();

  double bare_best = 0, gateway_best = 0;
  for (int round = 0; round < rounds; ++round) {
    bare_best = std::max(bare_best, Run("echo", door.Connect(bare_port), in_flight));
    gateway_best = std::max(gateway_best, Run("gateway", door.Connect((*listener)->port()), in_flight));
  }
  std::printf("ratio of the best runs: %.2f\n", gateway_best / bare_best);
  (*listener)->Stop(absl::Now());
  return 0;
}

}  // namespace
}  // namespace quartermaster::gateway

int main(int argc, char** argv) {
  return quartermaster::gateway::Main(argc > 1 ? std::atoi(argv[1]) : 3, argc > 2 ? std::atoi(argv[2]) : 64);
}
