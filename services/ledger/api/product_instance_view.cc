#include "services/ledger/api/product_instance_view.h"

#include <algorithm>
#include <map>
#include <optional>

#include "services/common/policy/default_policy.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/domain/reporting_policy.h"
#include "services/ledger/storage/administration/account_book.h"
#include "services/ledger/storage/usage_position_store.h"

namespace quartermaster::ledger {
namespace {

using PositionsByLead = std::map<int64_t, std::vector<PositionDetails>>;

v1::ReportingStatus StatusOf(ReportingStatus status) {
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

ReportedUse UseOf(const PositionDetails& position) {
  return {policy::ClassOf(position.enforcement, position.known ? position.term : 2), position.in_use,
          position.first_use_s, position.last_change_s, position.open_change_s};
}

// What deadlines and staleness go by: of the whole HA set, because it is one consumer.
HaSetDetails SetOf(const InstanceDetails& instance, const std::map<int64_t, HaSetDetails>& sets) {
  if (const auto set = sets.find(instance.lead_id); set != sets.end()) return set->second;
  return {{}, instance.last_acknowledged_at, instance.last_measured_s.value_or(0)};
}

void AddDeadline(const InstanceDetails& instance, const HaSetDetails& set,
                 const std::vector<PositionDetails>& positions, const ViewOptions& options,
                 v1::ProductInstance* out) {
  std::vector<ReportedUse> uses;
  ReportingFacts facts;
  facts.ever_reported = instance.first_contact_at.has_value();
  for (const PositionDetails& position : positions) {
    uses.push_back(UseOf(position));
    facts.has_gap |= position.coverage.HasGap(options.gap_after_s);
  }
  std::optional<int64_t> acknowledged_s;
  if (set.last_acknowledged_at) acknowledged_s = absl::ToUnixSeconds(*set.last_acknowledged_at);
  facts.deadline_s = NextAcknowledgementDeadline(policy::kDefaultReportingDays, uses, acknowledged_s);
  if (facts.deadline_s) out->mutable_next_report_due()->set_seconds(*facts.deadline_s);
  out->set_reporting_status(StatusOf(ReportingStatusAt(facts, absl::ToUnixSeconds(options.now))));
}

void AddUsage(const HaSetDetails& set, const PositionDetails& position, const ViewOptions& options,
              v1::UsagePosition* out) {
  const bool suspect = (position.flags & kPositionClockSuspect) != 0;
  out->set_tag(position.tag);
  out->set_display_name(position.display_name);
  out->set_in_use(position.in_use);
  if (position.latest_end_s != 0) out->mutable_measured_at()->set_seconds(position.latest_end_s);
  out->set_report_id(position.latest_report_id);
  out->set_clock_suspect(suspect);
  out->set_stale(IsStale(position.in_use, suspect, position.latest_end_s, set.last_measured_s));
  out->set_counted((position.flags & kPositionNotCounted) == 0);
  for (const CoverageHole& hole : position.coverage.Holes(options.gap_after_s)) {
    v1::UsageGap& gap = *out->add_gaps();
    gap.mutable_start_time()->set_seconds(hole.start_s);
    gap.mutable_end_time()->set_seconds(hole.end_s);
    if (hole.explained) gap.set_reason(hole.restart ? "ProductReload" : "explained by the device");
  }
}

// Not a finding of its own: it comes and goes with the catalogue.
bool UsesUnknownTag(const std::vector<PositionDetails>& positions) {
  return std::any_of(positions.begin(), positions.end(),
                     [](const PositionDetails& position) { return !position.known; });
}

void SetOptionalTime(const std::optional<absl::Time>& time,
                     google::protobuf::Timestamp* (v1::ProductInstance::*field)(), v1::ProductInstance* out) {
  if (time) SetTime(*time, (out->*field)());
}

}  // namespace

std::vector<v1::ProductInstance> ViewInstances(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                               const std::vector<InstanceDetails>& instances,
                                               const ViewOptions& options) {
  std::vector<int64_t> ids, leads;
  for (const InstanceDetails& instance : instances) {
    ids.push_back(instance.id);
    leads.push_back(instance.lead_id);
  }
  PositionsByLead positions;
  for (PositionDetails& position : ReadPositions(transaction, smart_account_id, leads)) {
    positions[position.consumer_id].push_back(std::move(position));
  }
  const auto sets = ReadHaSets(transaction, smart_account_id, leads);
  const auto findings = ReadFindings(transaction, smart_account_id, ids);
  const auto names = VirtualAccountNames(transaction, smart_account_id);

  std::vector<v1::ProductInstance> views;
  for (const InstanceDetails& instance : instances) {
    v1::ProductInstance& out = views.emplace_back();
    out.mutable_udi()->set_product_id(instance.udi.product_id);
    out.mutable_udi()->set_serial_number(instance.udi.serial_number);
    out.set_virtual_account(names.at(instance.virtual_account_id));
    out.set_hostname(instance.hostname);
    out.set_software_version(instance.software_version);
    const HaSetDetails set = SetOf(instance, sets);
    for (const UdiText& udi : set.members) {
      auto& member = *out.add_ha_members();
      member.set_product_id(udi.product_id);
      member.set_serial_number(udi.serial_number);
    }
    SetOptionalTime(instance.first_contact_at, &v1::ProductInstance::mutable_first_contact, &out);
    SetOptionalTime(instance.last_contact_at, &v1::ProductInstance::mutable_last_contact, &out);
    SetOptionalTime(instance.last_acknowledged_at, &v1::ProductInstance::mutable_last_acknowledged, &out);
    AddDeadline(instance, set, positions[instance.lead_id], options, &out);
    if (options.with_usage) {
      for (const PositionDetails& position : positions[instance.lead_id])
        AddUsage(set, position, options, out.add_usage());
    }
    if (instance.id == instance.lead_id && UsesUnknownTag(positions[instance.id])) {
      out.add_findings("unknown_tag");
    }
    if (auto open = findings.find(instance.id); open != findings.end()) {
      for (const std::string& name : open->second) out.add_findings(name);
    }
  }
  return views;
}

}  // namespace quartermaster::ledger
