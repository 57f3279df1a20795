#include "services/ledger/api/instance_reporting.h"

namespace quartermaster::ledger {
namespace {

constexpr int kSubscription = 2;

policy::ReportedUse UseOf(const PositionDetails& position) {
  return {policy::ClassOf(position.enforcement, position.known ? position.term : kSubscription),
          position.in_use, position.first_use_s, position.last_change_s, position.open_change_s};
}

std::optional<int64_t> Seconds(const std::optional<absl::Time>& time) {
  if (!time.has_value()) return std::nullopt;
  return absl::ToUnixSeconds(*time);
}

}  // namespace

HaSetDetails SetOf(const InstanceDetails& instance, const std::map<int64_t, HaSetDetails>& sets) {
  if (const auto set = sets.find(instance.lead_id); set != sets.end()) return set->second;
  HaSetDetails alone;
  alone.last_acknowledged_at = instance.last_acknowledged_at;
  alone.last_contact_at = instance.last_contact_at;
  alone.last_measured_s = instance.last_measured_s.value_or(0);
  alone.policies = {instance.policy};
  return alone;
}

std::vector<PolicyFacts> PolicyFactsOf(const std::vector<InstanceDetails>& instances,
                                       const std::map<int64_t, HaSetDetails>& sets) {
  std::vector<PolicyFacts> facts;
  for (const InstanceDetails& instance : instances) facts.push_back(instance.policy);
  for (const auto& [lead, set] : sets) {
    facts.insert(facts.end(), set.policies.begin(), set.policies.end());
  }
  return facts;
}

InstanceReporting AssessReporting(const InstanceDetails& instance, const HaSetDetails& set,
                                  const std::vector<PositionDetails>& positions,
                                  const InstancePolicies& policies, const ReportingMoment& moment) {
  InstanceReporting reporting;
  reporting.policy = policies.InForceFor(set.policies);
  ReportingFacts facts;
  facts.ever_reported = instance.first_contact_at.has_value();
  for (const PositionDetails& position : positions) {
    reporting.uses.push_back(UseOf(position));
    facts.has_gap |= position.coverage.HasGap(moment.gap_after_s);
  }
  reporting.times = {Seconds(set.last_acknowledged_at), Seconds(set.last_contact_at)};
  reporting.next = policy::NextDeadlinesOf(reporting.policy, reporting.uses, reporting.times);
  facts.deadline_s = reporting.next.report_s;
  reporting.status = ReportingStatusAt(facts, absl::ToUnixSeconds(moment.now));
  return reporting;
}

v1::ReportingStatus ToProto(ReportingStatus status) {
  switch (status) {
    case ReportingStatus::kCurrent:
      return v1::REPORTING_STATUS_CURRENT;
    case ReportingStatus::kDue:
      return v1::REPORTING_STATUS_DUE;
    case ReportingStatus::kOverdue:
      return v1::REPORTING_STATUS_OVERDUE;
    case ReportingStatus::kGap:
      return v1::REPORTING_STATUS_GAP;
    case ReportingStatus::kNever:
      return v1::REPORTING_STATUS_NEVER;
  }
  return v1::REPORTING_STATUS_UNSPECIFIED;
}

}  // namespace quartermaster::ledger
