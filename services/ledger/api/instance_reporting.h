// How a product instance stands with its reports: the policy in force, what it uses, its deadlines. One
// way for lists, single instances and the explanation of a deadline.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_INSTANCE_REPORTING_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_INSTANCE_REPORTING_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/time/time.h"
#include "quartermaster/ledger/v1/product_instances.pb.h"
#include "services/common/policy/deadlines.h"
#include "services/ledger/domain/reporting_status.h"
#include "services/ledger/storage/administration/instance_policies.h"
#include "services/ledger/storage/administration/product_instance_query.h"

namespace quartermaster::ledger {

// What deadlines and staleness go by: of the whole HA set, because it is one consumer. An instance that
// stands alone is a set without members' names.
HaSetDetails SetOf(const InstanceDetails& instance, const std::map<int64_t, HaSetDetails>& sets);
// Of all these instances, so that their policies can be read at once.
std::vector<PolicyFacts> PolicyFactsOf(const std::vector<InstanceDetails>& instances,
                                       const std::map<int64_t, HaSetDetails>& sets);

struct ReportingMoment {
  absl::Time now;
  // Holes longer than this are gaps.
  int64_t gap_after_s = kGapAfterS;
};
struct InstanceReporting {
  policy::ReportingPolicy policy;
  // In the order of the positions.
  std::vector<policy::ReportedUse> uses;
  policy::ReportingTimes times;
  policy::NextDeadlines next;
  ReportingStatus status = ReportingStatus::kNever;
};
// `positions`: of the instance's HA set. `policies` was read for all members.
InstanceReporting AssessReporting(const InstanceDetails& instance, const HaSetDetails& set,
                                  const std::vector<PositionDetails>& positions,
                                  const InstancePolicies& policies, const ReportingMoment& moment);

v1::ReportingStatus ToProto(ReportingStatus status);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_INSTANCE_REPORTING_H_
