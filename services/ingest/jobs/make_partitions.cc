#include "services/ingest/jobs/make_partitions.h"

#include <string>

namespace quartermaster::ingest {
namespace {

// At least as long as any month.
constexpr absl::Duration kMonth = absl::Hours(24 * 31);

constexpr char kMakePartitions[] = "SELECT ingest_make_report_partitions($1::timestamptz, $2::timestamptz)";

}  // namespace

absl::StatusOr<int> MakePartitions::RunOnce(absl::Time now) {
  const std::string from = absl::FormatTime(now - kMonth);
  const std::string until = absl::FormatTime(now + 3 * kMonth);
  return pool_.Transact("ingest_make_partitions",
                        [&](pqxx::transaction_base& transaction) -> absl::StatusOr<int> {
                          return transaction.exec_params1(kMakePartitions, from, until)[0].as<int>();
                        });
}

}  // namespace quartermaster::ingest
