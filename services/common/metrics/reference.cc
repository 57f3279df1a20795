#include "services/common/metrics/reference.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace quartermaster::metrics {
namespace {

constexpr char kIntroduction[] =
    R"(# Metrics

Every process shows its metrics at `GET /metrics` of its metrics listener, in Prometheus text format; the
all-in-one process shows those of all its services. Beside them: `/healthz` (200 while the process runs) and
`/readyz` (200 while every hosted service can serve, else 503 and which does not). Addresses and the bearer
token are in [configuration.md](configuration.md) under `metrics` and `services.<name>.metrics_listen`.

Units are seconds and bytes. Label values come from closed sets: error ids are those of [errors.md](errors.md),
methods are full gRPC names (`other` = a method that nobody serves), codes are canonical codes in lower case.

This page is made from the declarations in the code; a test compares them.

| metric | type | labels | meaning |
|---|---|---|---|
)";

}  // namespace

std::string MetricsReference(const std::vector<Declaration>& declarations) {
  std::string page = kIntroduction;
  for (const Declaration& metric : declarations) {
    const std::string type(TypeName(metric.type));
    absl::StrAppend(&page, "| `", metric.name, "` | ", type, " | ", absl::StrJoin(metric.labels, ", "), " | ",
                    metric.help, " |\n");
  }
  return page;
}

}  // namespace quartermaster::metrics
