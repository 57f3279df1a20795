// Load of unary gRPC calls over TLS with prepared request bytes: the same client for our gateway
// and for the bare echo, so that only the server differs.
//
// usage: online_load --target HOST:PORT --ca FILE --method /pkg.Service/Method --requests FILE
//                    [--bearer-file FILE] [--concurrency N] [--rate R] [--seconds S] [--skip N]
//                    [--samples FILE]
// The requests file holds messages, each with a 4-byte little-endian length before it. They are
// sent once each, in order, after the first N; the run ends with them or after S seconds. With --rate the
// calls leave on a schedule (open loop) and latency counts from the scheduled time, so a stalled server
// cannot hide. Prints one JSON object. The samples are a line a call, as they ended: microseconds from the
// start to when it was due, and its latency.
#include <fcntl.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"

namespace {

using SteadyClock = std::chrono::steady_clock;

struct Settings {
  std::string target, ca, method, requests, bearer, samples;
  int concurrency = 64;
  double rate = 0;
  double seconds = 30;
  size_t skip = 0;
};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "online_load: cannot read %s\n", path.c_str());
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

Settings ParseArguments(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--target")
      settings.target = value;
    else if (name == "--ca")
      settings.ca = value;
    else if (name == "--method")
      settings.method = value;
    else if (name == "--requests")
      settings.requests = value;
    else if (name == "--samples")
      settings.samples = value;
    else if (name == "--bearer-file")
      settings.bearer = ReadFile(value);
    else if (name == "--concurrency")
      settings.concurrency = std::stoi(value);
    else if (name == "--rate")
      settings.rate = std::stod(value);
    else if (name == "--seconds")
      settings.seconds = std::stod(value);
    else if (name == "--skip")
      settings.skip = std::stoul(value);
    else {
      std::fprintf(stderr, "online_load: unknown option %s\n", name.c_str());
      std::exit(2);
    }
  }
  return settings;
}

// Slices of the file itself, which stays mapped: a process that copies it first measures its own start.
std::vector<grpc::Slice> MapRequests(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info {};
  if (file < 0 || fstat(file, &info) != 0) {
    std::fprintf(stderr, "online_load: cannot read %s\n", path.c_str());
    std::exit(2);
  }
  const auto size = static_cast<size_t>(info.st_size);
  void* mapped = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
  if (mapped == MAP_FAILED) {
    std::fprintf(stderr, "online_load: cannot map %s\n", path.c_str());
    std::exit(2);
  }
  const char* bytes = static_cast<const char*>(mapped);
  std::vector<grpc::Slice> requests;
  for (size_t at = 0; at + 4 <= size;) {
    uint32_t length = 0;
    std::memcpy(&length, bytes + at, 4);
    requests.emplace_back(bytes + at + 4, length, grpc::Slice::STATIC_SLICE);
    at += 4 + length;
  }
  return requests;
}

// One call in flight; reused for the next request when it ends.
struct Call {
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  grpc::ByteBuffer request, response;
  grpc::Status status;
  SteadyClock::time_point scheduled;
};

class Load {
 public:
  Load(const Settings& settings, std::vector<grpc::Slice> requests)
      : settings_(settings), requests_(std::move(requests)), next_(settings.skip) {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = ReadFile(settings.ca);
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stub_ = std::make_unique<grpc::GenericStub>(
        grpc::CreateCustomChannel(settings.target, grpc::SslCredentials(tls), arguments));
  }

  void Run() {
    started_ = SteadyClock::now();
    stop_ = started_ + std::chrono::microseconds(static_cast<int64_t>(settings_.seconds * 1e6));
    std::vector<Call> calls(settings_.concurrency);
    std::vector<Call*> idle;
    for (Call& call : calls) idle.push_back(&call);
    while (true) {
      while (!idle.empty() && MayStart() && ScheduledTime() <= SteadyClock::now()) {
        Start(*idle.back());
        idle.pop_back();
      }
      if (in_flight_ == 0 && !MayStart()) break;
      // Answers are read while the next call waits for its time.
      const auto wake = idle.empty() || !MayStart() ? stop_ + std::chrono::minutes(1) : ScheduledTime();
      void* tag = nullptr;
      bool ok = false;
      const auto wake_system =
          std::chrono::system_clock::now() +
          std::chrono::duration_cast<std::chrono::system_clock::duration>(wake - SteadyClock::now());
      if (queue_.AsyncNext(&tag, &ok, wake_system) != grpc::CompletionQueue::GOT_EVENT) continue;
      Call* call = static_cast<Call*>(tag);
      --in_flight_;
      Count(*call);
      idle.push_back(call);
    }
    finished_ = SteadyClock::now();
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  void WriteSamples() const {
    std::ofstream file(settings_.samples);
    for (const Sample& sample : samples_) file << sample.due_us << ' ' << sample.latency_us << '\n';
  }

  void Print() const {
    std::vector<int64_t> latencies_us;
    for (const Sample& sample : samples_) latencies_us.push_back(sample.latency_us);
    std::sort(latencies_us.begin(), latencies_us.end());
    auto percentile = [&](double p) {
      return latencies_us.empty() ? 0.0
                                  : latencies_us[static_cast<size_t>(p * (latencies_us.size() - 1))] / 1000.0;
    };
    const double seconds = std::chrono::duration<double>(finished_ - started_).count();
    std::printf(
        "{\"calls\":%zu,\"seconds\":%.3f,\"rate\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,"
        "\"codes\":{",
        latencies_us.size(), seconds, latencies_us.size() / seconds, percentile(0.5), percentile(0.99),
        percentile(1));
    const char* separator = "";
    for (const auto& [code, count] : codes_) {
      std::printf("%s\"%d\":%lld", separator, code, static_cast<long long>(count));
      separator = ",";
    }
    std::printf("}}\n");
  }

 private:
  // When the next call is due: with a rate on its schedule, without one at once.
  SteadyClock::time_point ScheduledTime() const {
    if (settings_.rate <= 0) return started_;
    return started_ +
           std::chrono::microseconds(static_cast<int64_t>((next_ - settings_.skip) / settings_.rate * 1e6));
  }

  bool MayStart() const {
    return next_ < requests_.size() && SteadyClock::now() < stop_ && ScheduledTime() < stop_;
  }

  void Start(Call& call) {
    call.scheduled = settings_.rate > 0 ? ScheduledTime() : SteadyClock::now();
    call.context = std::make_unique<grpc::ClientContext>();
    call.context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    if (!settings_.bearer.empty()) call.context->AddMetadata("authorization", "Bearer " + settings_.bearer);
    call.request = grpc::ByteBuffer(&requests_[next_++], 1);
    call.response.Clear();
    call.reader = stub_->PrepareUnaryCall(call.context.get(), settings_.method, call.request, &queue_);
    call.reader->StartCall();
    call.reader->Finish(&call.response, &call.status, &call);
    ++in_flight_;
  }

  void Count(const Call& call) {
    const auto us = [](SteadyClock::duration time) {
      return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    };
    samples_.push_back({us(call.scheduled - started_), us(SteadyClock::now() - call.scheduled)});
    ++codes_[call.status.error_code()];
    if (!call.status.ok() && codes_[call.status.error_code()] == 1) {
      std::fprintf(stderr, "online_load: %s\n", call.status.error_message().c_str());
    }
  }

  const Settings& settings_;
  std::vector<grpc::Slice> requests_;
  std::unique_ptr<grpc::GenericStub> stub_;
  grpc::CompletionQueue queue_;
  size_t next_;
  int in_flight_ = 0;
  SteadyClock::time_point started_, stop_, finished_;
  struct Sample {
    int64_t due_us, latency_us;
  };
  std::vector<Sample> samples_;
  std::map<int, int64_t> codes_;
};

}  // namespace

int main(int argc, char** argv) {
  // As all our processes do: Abseil looks for deadlocks at every lock otherwise.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const Settings settings = ParseArguments(argc, argv);
  Load load(settings, MapRequests(settings.requests));
  load.Run();
  if (!settings.samples.empty()) load.WriteSamples();
  load.Print();
  return 0;
}
