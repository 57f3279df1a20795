// Which product instances a fleet has and what each of them reports: a pure function of the
// parameters, so that any report can be made at any time, in any order, on any core.
#ifndef QUARTERMASTER_CLIENTS_FLEET_FLEET_PLAN_H_
#define QUARTERMASTER_CLIENTS_FLEET_FLEET_PLAN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "clients/agent/report_content.h"
#include "clients/agent/report_signer.h"

namespace quartermaster::fleet {

struct FleetParameters {
  uint64_t seed = 1;
  int64_t instances = 1000;
  // Entitlement tags of each instance, out of one catalogue of as many.
  int64_t tags = 2;
  int64_t reports_per_tag = 5;
  int64_t measurements_per_report = 3;
  agent::ReportForm form = agent::ReportForm::kV2;
  agent::SigningKind signing = agent::SigningKind::kRsa;
  // Real keys that the instances share. Each instance has a certificate of its own all the same.
  int64_t keys = 16;
  // The last report of every tag ends here (Unix seconds).
  int64_t end_s = 1767225600;
  int64_t days_per_report = 30;
  // False: all reports of one instance, then of the next. True: everybody's first, then everybody's
  // second, as a year would bring them.
  bool in_time_order = false;
};

// "field: got, want" for what makes no fleet.
absl::Status CheckParameters(const FleetParameters& parameters);

// Immutable; thread-safe.
class FleetPlan {
 public:
  // Parameters that CheckParameters found well.
  explicit FleetPlan(const FleetParameters& parameters) : parameters_(parameters) {}

  const FleetParameters& parameters() const { return parameters_; }
  int64_t report_count() const {
    return parameters_.instances * parameters_.tags * parameters_.reports_per_tag;
  }
  agent::Udi UdiOf(int64_t instance) const;
  // Which of the shared keys the instance has.
  int64_t KeyOf(int64_t instance) const { return instance % parameters_.keys; }
  std::string TagName(int64_t tag) const;

  struct Place {
    int64_t instance;
    int64_t tag;
    int64_t round;
  };
  // `index`: 0 to report_count() - 1, in the order of the file.
  Place PlaceOf(int64_t index) const;
  agent::ReportContent ReportAt(int64_t index) const;

 private:
  int64_t CountOf(const Place& place, int64_t measurement) const;
  agent::MeasuredInterval IntervalOf(const Place& place, int64_t measurement) const;

  const FleetParameters parameters_;
};

}  // namespace quartermaster::fleet

#endif  // QUARTERMASTER_CLIENTS_FLEET_FLEET_PLAN_H_
