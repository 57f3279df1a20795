#include "services/ledger/api/explain_deadlines.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "services/common/policy/deadlines.h"
#include "services/common/policy/policy_choice.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/api/policy_conversion.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/account_book.h"
#include "services/ledger/storage/administration/reporting_policy_book.h"

namespace quartermaster::ledger {
namespace {

// A product instance with everything that its deadlines depend on.
struct Subject {
  InstanceDetails instance;
  HaSetDetails set;
  std::vector<PositionDetails> positions;
};

// Who has a policy in this set: its members, or the instance alone. In the order of set.policies.
std::vector<UdiText> MembersOf(const Subject& subject) {
  return subject.set.members.empty() ? std::vector{subject.instance.udi} : subject.set.members;
}

void ForgetAfter(int64_t as_of_s, std::vector<PositionDetails>& positions) {
  std::erase_if(positions, [&](const PositionDetails& position) { return position.first_use_s > as_of_s; });
  for (PositionDetails& position : positions) {
    if (position.open_change_s > as_of_s) position.open_change_s = 0;
    if (position.last_change_s > as_of_s) position.last_change_s = position.open_change_s;
  }
}

// What was not yet so at that time.
void ForgetAfter(pqxx::transaction_base& transaction, const ExplanationWanted& wanted, absl::Time as_of,
                 Subject& subject) {
  const std::vector<UdiText> members = MembersOf(subject);
  subject.set.last_acknowledged_at.reset();
  for (size_t i = 0; i < members.size(); ++i) {
    const auto issued = FindAcknowledgement(transaction, wanted.smart_account_id, members[i].product_id,
                                            members[i].serial_number, as_of);
    PolicyFacts& facts = subject.set.policies[i];
    facts.acknowledged = issued.has_value();
    facts.delivered_policy_id = issued.has_value() ? issued->policy_id : std::nullopt;
    if (issued.has_value()) {
      subject.set.last_acknowledged_at =
          std::max(subject.set.last_acknowledged_at, std::optional(issued->issued_at));
    }
  }
  if (subject.set.last_contact_at > as_of) subject.set.last_contact_at.reset();
  if (subject.instance.first_contact_at > as_of) subject.instance.first_contact_at.reset();
  ForgetAfter(absl::ToUnixSeconds(as_of), subject.positions);
}

void SetUdi(const UdiText& udi, common::v1::Udi* out) {
  out->set_product_id(udi.product_id);
  out->set_serial_number(udi.serial_number);
}

void AddCandidate(const UdiText& udi, policy::PolicySource source,
                  const std::optional<policy::ReportingPolicy>& policy, policy::PolicySource in_force,
                  v1::ExplainDeadlinesResponse* out) {
  v1::PolicyCandidate& row = *out->add_candidates();
  SetUdi(udi, row.mutable_udi());
  row.set_source(static_cast<v1::PolicySource>(source));
  if (policy.has_value()) {
    row.set_name(policy->name);
    row.set_type(static_cast<v1::PolicyType>(policy->type));
  }
  row.set_in_force(source == in_force);
}

void AddCandidates(const UdiText& udi, const policy::PolicyCandidates& candidates,
                   v1::ExplainDeadlinesResponse* out) {
  const policy::PolicySource in_force = policy::SourceInForce(candidates);
  using enum policy::PolicySource;
  AddCandidate(udi, kDelivered, candidates.delivered, in_force, out);
  AddCandidate(udi, kVirtualAccount, candidates.virtual_account, in_force, out);
  AddCandidate(udi, kSmartAccount, candidates.smart_account, in_force, out);
  AddCandidate(udi, kDefault, policy::ReportingPolicy(), in_force, out);
}

void AddUses(const Subject& subject, const InstanceReporting& reporting, v1::ExplainDeadlinesResponse* out) {
  for (size_t i = 0; i < reporting.uses.size(); ++i) {
    const policy::ReportedUse& use = reporting.uses[i];
    v1::ReportedUse& row = *out->add_uses();
    row.set_tag(subject.positions[i].tag);
    row.set_license_class(ToProto(use.license_class));
    row.set_in_use(use.in_use);
    if (use.first_use_s != 0) row.mutable_first_use()->set_seconds(use.first_use_s);
    if (use.last_change_s != 0) row.mutable_last_change()->set_seconds(use.last_change_s);
  }
}

void AddDeadlines(const Subject& subject, const InstanceReporting& reporting,
                  v1::ExplainDeadlinesResponse* out) {
  const auto met_s = policy::MetAt(reporting.policy, reporting.times);
  for (const policy::RuleDeadline& rule : policy::ApplyRules(reporting.policy.days, reporting.uses, met_s)) {
    v1::Deadline& row = *out->add_deadlines();
    row.set_tag(subject.positions[rule.use].tag);
    row.set_license_class(ToProto(reporting.uses[rule.use].license_class));
    row.set_rule(static_cast<v1::DeadlineRule>(rule.rule));
    row.mutable_from()->set_seconds(rule.from_s);
    row.set_days(rule.days);
    if (!rule.due_s.has_value()) continue;
    row.mutable_due()->set_seconds(*rule.due_s);
    row.set_decides(rule.due_s == reporting.next.report_s);
  }
}

void AddTimes(const Subject& subject, const InstanceReporting& reporting, v1::ExplainDeadlinesResponse* out) {
  if (subject.set.last_acknowledged_at) {
    SetTime(*subject.set.last_acknowledged_at, out->mutable_last_acknowledged());
  }
  if (subject.set.last_contact_at) SetTime(*subject.set.last_contact_at, out->mutable_last_report());
  const policy::NextDeadlines& next = reporting.next;
  if (next.report_s) out->mutable_next_report_due()->set_seconds(*next.report_s);
  if (next.acknowledgement_s) out->mutable_next_acknowledgement_due()->set_seconds(*next.acknowledgement_s);
  if (next.push_s) out->mutable_next_push_due()->set_seconds(*next.push_s);
  out->set_reporting_status(ToProto(reporting.status));
}

}  // namespace

absl::Status Explain(pqxx::transaction_base& transaction, const ExplanationWanted& wanted,
                     v1::ExplainDeadlinesResponse* out) {
  const auto found = FindInstance(transaction, wanted.smart_account_id, wanted.udi);
  if (!found) return ProductInstanceUnknown(wanted.udi.product_id, wanted.udi.serial_number);
  Subject subject{*found, {}, ReadPositions(transaction, wanted.smart_account_id, {found->lead_id})};
  subject.set = SetOf(*found, ReadHaSets(transaction, wanted.smart_account_id, {found->lead_id}));
  if (wanted.as_of.has_value()) ForgetAfter(transaction, wanted, *wanted.as_of, subject);

  const auto policies =
      InstancePolicies::Read(transaction, wanted.smart_account_id, subject.set.policies, wanted.as_of);
  const InstanceReporting reporting =
      AssessReporting(subject.instance, subject.set, subject.positions, policies, wanted.moment);

  SetUdi(found->udi, out->mutable_udi());
  out->set_virtual_account(
      VirtualAccountNames(transaction, wanted.smart_account_id).at(found->virtual_account_id));
  SetTime(wanted.moment.now, out->mutable_as_of());
  const std::vector<UdiText> members = MembersOf(subject);
  for (size_t i = 0; i < members.size(); ++i) {
    AddCandidates(members[i], policies.CandidatesFor(subject.set.policies[i]), out);
  }
  ToProto(reporting.policy, out->mutable_policy());
  AddUses(subject, reporting, out);
  AddDeadlines(subject, reporting, out);
  AddTimes(subject, reporting, out);
  return absl::OkStatus();
}

}  // namespace quartermaster::ledger
