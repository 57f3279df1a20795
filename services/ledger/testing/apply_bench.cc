// How fast committed reports get into the books: one applier, one PostgreSQL backend, no ingest.
//   apply_bench [reports] [reports_per_device] [order: device|time] [reports_per_change]
// Checks the sum of the pools before it prints: wall-clock rate, and CPU of applier and server.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/clock/clock.h"
#include "services/common/testing/postgres_fixture.h"
#include "services/ledger/jobs/apply_reports.h"
#include "services/ledger/testing/ledger_database.h"

namespace quartermaster::ledger {
namespace {

constexpr int64_t kDayS = 86'400;
constexpr int64_t kStart = 1'600'000'000;

struct Load {
  int64_t reports = 200'000;
  int64_t per_device = 100;
  bool by_time = false;
  int64_t per_change = 500;
};

// A day in three measurements; the count changes every third day.
FeedReport ReportOf(int64_t device, int64_t day) {
  FeedReport report;
  report.serial_number = absl::StrCat("SN", 1'000'000 + device);
  report.report_id = 1'600'000'000 + day * kDayS;
  const int64_t begin = kStart + day * kDayS;
  const uint32_t count = static_cast<uint32_t>(1 + (day / 3) % 4);
  for (int part = 0; part < 3; ++part) {
    report.measurements.push_back({begin + part * kDayS / 3, begin + (part + 1) * kDayS / 3, count, 0});
  }
  return report;
}

void Fill(const Load& load, LedgerDatabase& database) {
  const int64_t devices = load.reports / load.per_device;
  std::vector<FeedReport> change;
  for (int64_t i = 0; i < load.reports; ++i) {
    change.push_back(load.by_time ? ReportOf(i % devices, i / devices)
                                  : ReportOf(i / load.per_device, i % load.per_device));
    if (std::ssize(change) < load.per_change && i + 1 < load.reports) continue;
    database.Submit(change, absl::FromUnixSeconds(1'700'000'000));
    change.clear();
  }
}

// Of the sessions that ledger has in this database.
double CpuSecondsOfServers(LedgerDatabase& database) {
  double ticks = 0;
  std::istringstream pids(
      database.Table("SELECT pid FROM pg_stat_activity"
                     " WHERE datname = current_database() AND usename = 'qm_ledger'"));
  for (std::string pid; pids >> pid;) {
    std::ifstream stat(absl::StrCat("/proc/", pid, "/stat"));
    std::string word;
    for (int i = 1; i <= 15 && stat >> word; ++i) {
      if (i >= 14) ticks += std::atof(word.c_str());
    }
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double CpuSecondsOfSelf() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

void Bench(const Load& load) {
  LedgerDatabase database;
  if (const char* sql = std::getenv("EXTRA_SQL")) database.Run(sql);
  Fill(load, database);
  SystemClock clock;
  metrics::Registry metrics;
  ApplyReportsOptions options{.database = database.options()};
  if (const char* max = std::getenv("REPORTS_MAX")) options.reports_max = std::atoi(max);
  ApplyReports job(options, clock, metrics);
  const absl::Time begin = absl::Now();
  const double self = CpuSecondsOfSelf();
  while (*job.RunOnce() == ApplyReports::Progress::kApplied) {
  }
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  const double server_us = CpuSecondsOfServers(database) * 1e6 / load.reports;
  const double self_us = (CpuSecondsOfSelf() - self) * 1e6 / load.reports;
  const int64_t devices = load.reports / load.per_device;
  const int64_t want = devices * (1 + ((load.per_device - 1) / 3) % 4);
  const int64_t got = database.Number("SELECT in_use FROM license_pools");
  if (got != want) {
    std::fprintf(stderr, "in_use: got %ld, want %ld\n", got, want);
    std::exit(1);
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf(
      "%ld reports of %ld devices by %s: %.0f reports/s; applier %.1f us, server %.1f us"
      " of CPU a report; %ld entries, %ld MiB resident at most\n",
      load.reports, devices, load.by_time ? "time" : "device", load.reports / seconds, self_us, server_us,
      database.Number("SELECT count(*) FROM ledger_entries"), usage.ru_maxrss / 1024);
}

}  // namespace
}  // namespace quartermaster::ledger

int main(int argc, char** argv) {
  quartermaster::ledger::Load load;
  if (argc > 1) load.reports = std::atol(argv[1]);
  if (argc > 2) load.per_device = std::atol(argv[2]);
  if (argc > 3) load.by_time = std::string(argv[3]) == "time";
  if (argc > 4) load.per_change = std::atol(argv[4]);
  quartermaster::ledger::Bench(load);
  return 0;
}
