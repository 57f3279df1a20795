#include "services/common/lifecycle/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/common/lifecycle/resident_bytes.h"
#include "services/common/lifecycle/version.h"

namespace quartermaster {
namespace {

const metrics::GaugeSpec kBuild =
    metrics::DeclareGauge("quartermaster_build_info", "1, with the version.", {"version"});
const metrics::GaugeSpec kStarted = metrics::DeclareGauge("quartermaster_process_start_time_seconds",
                                                          "Unix time at which the process started.");
const metrics::GaugeSpec kResident =
    metrics::DeclareGauge("quartermaster_process_resident_bytes", "Resident memory, without the database's.");
const metrics::CounterSpec kProcessor = metrics::DeclareCounter("quartermaster_process_cpu_seconds_total",
                                                                "Processor time in user and system mode.");
const metrics::GaugeSpec kFiles =
    metrics::DeclareGauge("quartermaster_process_open_files", "Open file descriptors.");
const metrics::GaugeSpec kStandby = metrics::DeclareGauge(
    "quartermaster_database_synchronous_standby",
    "1 when every commit waits for a standby, so that losing one disk loses no answer; else 0.");

double ProcessorSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return absl::ToDoubleSeconds(absl::DurationFromTimeval(usage.ru_utime) +
                               absl::DurationFromTimeval(usage.ru_stime));
}

double OpenFiles() {
  std::error_code error;
  const std::filesystem::directory_iterator files("/proc/self/fd", error);
  return error ? 0 : static_cast<double>(std::distance(begin(files), end(files)));
}

}  // namespace

metrics::CollectHook ReportProcess(metrics::Registry& registry) {
  registry.Get(kBuild, {Version()}).Set(1);
  registry.Get(kStarted).Set(static_cast<double>(absl::ToUnixSeconds(absl::Now())));
  metrics::Gauge& resident = registry.Get(kResident);
  metrics::Counter& processor = registry.Get(kProcessor);
  metrics::Gauge& files = registry.Get(kFiles);
  return registry.OnCollect([&resident, &processor, &files] {
    resident.Set(static_cast<double>(ResidentBytes()));
    processor.Increment(ProcessorSeconds() - processor.Value());
    files.Set(OpenFiles());
  });
}

void ReportSynchronousStandby(metrics::Registry& registry, bool standby) {
  registry.Get(kStandby).Set(standby ? 1 : 0);
}

}  // namespace quartermaster
