// What booking reports goes by, beside the reports themselves.
#ifndef QUARTERMASTER_SERVICES_LEDGER_JOBS_BOOKING_TERMS_H_
#define QUARTERMASTER_SERVICES_LEDGER_JOBS_BOOKING_TERMS_H_

#include <cstdint>

#include "absl/time/time.h"
#include "services/ledger/domain/coverage.h"

namespace quartermaster::ledger {

struct BookingTerms {
  absl::Time now;
  // Holes in what is reported that are longer than this are gaps.
  int64_t gap_after_s = kGapAfterS;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_JOBS_BOOKING_TERMS_H_
