#include "services/ledger/api/product_instance_view.h"

#include <algorithm>
#include <map>
#include <optional>

#include "services/ledger/api/field_checks.h"
#include "services/ledger/api/instance_reporting.h"
#include "services/ledger/domain/reporting_status.h"
#include "services/ledger/storage/administration/account_book.h"
#include "services/ledger/storage/administration/instance_policies.h"
#include "services/ledger/storage/usage_position_store.h"

namespace quartermaster::ledger {
namespace {

using PositionsByLead = std::map<int64_t, std::vector<PositionDetails>>;

void AddReporting(const InstanceReporting& reporting, v1::ProductInstance* out) {
  out->set_reporting_policy(reporting.policy.name);
  if (reporting.next.report_s) out->mutable_next_report_due()->set_seconds(*reporting.next.report_s);
  if (reporting.next.push_s) out->mutable_next_push_due()->set_seconds(*reporting.next.push_s);
  out->set_reporting_status(ToProto(reporting.status));
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

void SetUdi(const UdiText& udi, common::v1::Udi* out) {
  out->set_product_id(udi.product_id);
  out->set_serial_number(udi.serial_number);
}

void AddReplacements(const Replacements& replacements, v1::ProductInstance* out) {
  if (replacements.replaced_by) SetUdi(*replacements.replaced_by, out->mutable_replaced_by());
  for (const UdiText& udi : replacements.replaces) SetUdi(udi, out->add_replaces());
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
  const auto policies = InstancePolicies::Read(transaction, smart_account_id, PolicyFactsOf(instances, sets));
  const ReportingMoment moment = {options.now, options.gap_after_s};
  const auto replacements = ReadReplacements(transaction, smart_account_id, ids);

  std::vector<v1::ProductInstance> views;
  for (const InstanceDetails& instance : instances) {
    v1::ProductInstance& out = views.emplace_back();
    SetUdi(instance.udi, out.mutable_udi());
    out.set_virtual_account(names.at(instance.virtual_account_id));
    out.set_hostname(instance.hostname);
    out.set_software_version(instance.software_version);
    const HaSetDetails set = SetOf(instance, sets);
    for (const UdiText& udi : set.members) SetUdi(udi, out.add_ha_members());
    SetOptionalTime(instance.first_contact_at, &v1::ProductInstance::mutable_first_contact, &out);
    SetOptionalTime(instance.last_contact_at, &v1::ProductInstance::mutable_last_contact, &out);
    SetOptionalTime(instance.last_acknowledged_at, &v1::ProductInstance::mutable_last_acknowledged, &out);
    SetOptionalTime(instance.removed_at, &v1::ProductInstance::mutable_removed_at, &out);
    if (const auto other = replacements.find(instance.id); other != replacements.end()) {
      AddReplacements(other->second, &out);
    }
    AddReporting(AssessReporting(instance, set, positions[instance.lead_id], policies, moment), &out);
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
