// A usage file of any size is imported in constant memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/lifecycle/resident_bytes.h"
#include "services/common/rpc/client.h"
#include "services/common/rpc/status_conversion.h"
#include "services/ingest/testing/ingest_server.h"
#include "services/ingest/testing/test_reports.h"

namespace quartermaster::ingest {
namespace {

constexpr int64_t kStreamBytes = 160ll << 20;
constexpr int64_t kGrowthMax = 64ll << 20;

// The next piece of a file; empty at its end.
using NextPiece = std::function<std::string()>;

// Half a megabyte of reports, none of which came before.
NextPiece DistinctReports(int64_t bytes) {
  return [left = bytes, id = int64_t{0}]() mutable {
    std::string piece;
    while (left > 0 && piece.size() < 500'000) {
      ++id;
      piece += Enclosed(BuiltinText({.sn = absl::StrCat("S", id % 1000), .report_id = id}));
    }
    left -= static_cast<int64_t>(piece.size());
    return piece;
  };
}

NextPiece Repeated(std::string piece, int times) {
  return [piece = std::move(piece), times]() mutable { return times-- > 0 ? piece : std::string(); };
}

// Feeds a file into an import; `pause` is how long the client does not read at first.
v1::ImportSummary ImportALot(IngestServer& server, bool list_accepted, absl::Duration pause,
                             NextPiece next_piece) {
  server.SubmitDocument(Enclosed(BuiltinText({.sn = "warm"})));
  const int64_t before = ResidentBytes();
  int64_t most = before;
  grpc::ClientContext context;
  rpc::PrepareContext(context, absl::Now() + absl::Seconds(300));
  const auto stream = server.stub().ImportUsage(&context);
  std::thread writer([&] {
    v1::ImportUsageRequest request;
    request.mutable_start()->set_list_accepted(list_accepted);
    bool open = stream->Write(request);
    for (std::string piece = next_piece(); open && !piece.empty(); piece = next_piece()) {
      request.set_chunk(std::move(piece));
      open = stream->Write(request);
    }
    stream->WritesDone();
  });
  for (const absl::Time end = absl::Now() + pause; absl::Now() < end;) {
    absl::SleepFor(absl::Milliseconds(100));
    most = std::max(most, ResidentBytes());
  }
  v1::ImportUsageResponse response;
  v1::ImportSummary summary;
  while (stream->Read(&response)) {
    most = std::max(most, ResidentBytes());
    if (response.has_summary()) summary = response.summary();
  }
  writer.join();
  const absl::Status status = rpc::FromGrpc(stream->Finish());
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_LT(most - before, kGrowthMax) << "from " << before << " to " << most;
  return summary;
}

NextPiece Enclosing(NextPiece inner) {
  return [inner = std::move(inner), state = 0]() mutable -> std::string {
    if (state == 0) return ++state, "<smartLicense>";
    if (std::string piece = inner(); !piece.empty()) return piece;
    return state++ == 1 ? "</smartLicense>" : "";
  };
}

TEST(ImportMemoryTest, ALargeStreamNeedsNoMoreMemoryThanASmallOne) {
  IngestServer server;
  const v1::ImportSummary summary = ImportALot(server, /*list_accepted=*/false, absl::ZeroDuration(),
                                               Enclosing(DistinctReports(kStreamBytes)));
  EXPECT_GE(summary.totals().bytes_done(), kStreamBytes);
  EXPECT_GE(summary.totals().accepted(), 50'000);
  EXPECT_EQ(summary.totals().duplicate() + summary.totals().conflict() + summary.totals().rejected(), 0);
}

TEST(ImportMemoryTest, AClientThatDoesNotReadHoldsTheImportBack) {
  IngestServer server;
  const v1::ImportSummary summary =
      ImportALot(server, /*list_accepted=*/true, absl::Seconds(3), Enclosing(DistinctReports(kStreamBytes)));
  EXPECT_GE(summary.totals().accepted(), 50'000);
}

TEST(ImportMemoryTest, TheSmallestReportsNeedNoMoreMemoryThanOrdinaryOnes) {
  IngestServer server;
  std::string piece;
  while (piece.size() < (size_t{1} << 20)) piece += "{}";
  const v1::ImportSummary summary =
      ImportALot(server, /*list_accepted=*/false, absl::Seconds(2), Repeated(piece, 2));
  EXPECT_EQ(summary.totals().rejected(), 2 << 19);
}

TEST(ImportMemoryTest, LargeSystemInfosAreCountedToo) {
  IngestServer server;
  const std::string info = absl::StrCat("<smartLicenseSystemInfo><data>{\"sudi\":{\"udi_pid\":\"",
                                        TestReport().pid, "\",\"udi_serial_number\":\"warm\"},\"filler\":\"",
                                        std::string(900'000, 'x'), "\"}</data></smartLicenseSystemInfo>");
  NextPiece infos = Repeated(info, 250);
  const auto with_a_report = [infos, last = false]() mutable {
    if (std::string piece = infos(); !piece.empty()) return piece;
    return std::exchange(last, true) ? std::string() : Enclosed(BuiltinText({.report_id = 7}));
  };
  const v1::ImportSummary summary =
      ImportALot(server, /*list_accepted=*/false, absl::ZeroDuration(), Enclosing(with_a_report));
  EXPECT_EQ(summary.totals().accepted(), 1);
}

}  // namespace
}  // namespace quartermaster::ingest
