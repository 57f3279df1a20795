#include "services/ingest/domain/report.h"

namespace quartermaster::ingest {
namespace {

// Whether `a`, which stands later in the report, says more about what is in use than `b`.
bool SaysMore(const Measurement& a, const Measurement& b) {
  const bool a_suspect = (a.flags & kClockSuspect) != 0;
  const bool b_suspect = (b.flags & kClockSuspect) != 0;
  if (a_suspect != b_suspect) return b_suspect;
  return a.end_s >= b.end_s;
}

}  // namespace

int64_t ParsedReport::InUse() const {
  const Measurement* latest = nullptr;
  for (const Measurement& measurement : measurements) {
    if ((measurement.flags & kNotCounted) != 0) continue;
    if (latest == nullptr || SaysMore(measurement, *latest)) latest = &measurement;
  }
  return latest == nullptr ? 0 : latest->count;
}

}  // namespace quartermaster::ingest
