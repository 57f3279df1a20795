#include "clients/agent/acknowledge.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "clients/agent/agent_errors.h"
#include "services/common/crypto/acknowledgement_file.h"
#include "services/common/errors/error.h"
#include "services/common/policy/reporting_policy.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::agent {
namespace {

using crypto::AcknowledgementFile;

crypto::AcknowledgementReader ReaderFor(const AgentState& state, const Udi& udi) {
  crypto::AcknowledgementReader reader;
  reader.udi = {udi.product_id, udi.serial_number};
  const auto seen = state.acknowledgement_sequences.find(udi);
  if (seen != state.acknowledgement_sequences.end()) reader.sequence_seen = seen->second;
  reader.now = absl::FromUnixSeconds(state.clock_s);
  if (state.policy.has_value()) reader.policy_issued_at = absl::FromUnixSeconds(state.policy->issued_s);
  return reader;
}

// For the active unit or, in an HA pair, for the other one. `verify` is asked with the reader.
template <typename Verify>
auto ForEitherUnit(const AgentState& state, Verify verify) -> decltype(verify(ReaderFor(state, state.udi))) {
  auto answer = verify(ReaderFor(state, state.udi));
  const bool for_another = errors::ErrorId(answer.status()) == "crypto.acknowledgement_for_another";
  if (!answer.ok() && for_another && state.ha_peer.has_value()) {
    answer = verify(ReaderFor(state, *state.ha_peer));
  }
  return answer;
}

int64_t MarkReports(const AcknowledgementFile& file, const Udi& udi, AgentState& state) {
  std::map<std::string, std::set<int64_t>> ids;
  for (const crypto::AcknowledgedTag& tag : file.acknowledged) {
    ids[tag.entitlement_tag].insert(tag.report_ids.begin(), tag.report_ids.end());
  }
  int64_t marked = 0;
  for (ClosedReport& report : state.reports) {
    if (report.acknowledged || report.udi != udi) continue;
    const auto tag = ids.find(report.entitlement_tag);
    if (tag == ids.end() || !tag->second.contains(report.report_id)) continue;
    report.acknowledged = report.reported = true;
    ++marked;
  }
  return marked;
}

InstalledPolicy Installed(const crypto::PolicyInForce& delivered, absl::Time issued_at, int64_t now_s) {
  InstalledPolicy policy;
  policy.name = delivered.policy.name;
  policy.type = std::string(policy::PolicyTypeWord(delivered.policy.type));
  policy.acknowledgement_required = delivered.policy.acknowledgement_required;
  policy.push_interval_days = delivered.policy.push_interval_days;
  for (const policy::ReportingDays& days : delivered.policy.days) {
    policy.classes.push_back({days.first_report, days.ongoing, days.on_change});
  }
  policy.installed_s = now_s;
  policy.issued_s = absl::ToUnixSeconds(issued_at);
  policy.next_report_due_s = absl::ToUnixSeconds(delivered.next_report_due);
  if (delivered.next_acknowledgement_due.has_value()) {
    policy.next_acknowledgement_due_s = absl::ToUnixSeconds(*delivered.next_acknowledgement_due);
  }
  return policy;
}

}  // namespace

absl::StatusOr<AcknowledgementTaken> TakeAcknowledgement(std::string_view file,
                                                         const std::vector<crypto::Certificate>& pinned,
                                                         AgentState& state) {
  if (pinned.empty()) return AuthorityUnknown();
  ASSIGN_OR_RETURN(const auto verifier, crypto::AcknowledgementVerifier::Create(pinned));
  ASSIGN_OR_RETURN(const AcknowledgementFile answer,
                   ForEitherUnit(state, [&](const auto& reader) { return verifier.Verify(file, reader); }));
  AcknowledgementTaken taken;
  taken.udi = {answer.udi.product_id, answer.udi.serial_number};
  taken.sequence = answer.sequence;
  taken.newly_acknowledged = MarkReports(answer, taken.udi, state);
  state.acknowledgement_sequences[taken.udi] = answer.sequence;
  state.last_acknowledged_s = std::max(state.last_acknowledged_s, absl::ToUnixSeconds(answer.issued_at));
  state.policy = Installed(answer.policy, answer.issued_at, state.clock_s);
  return taken;
}

bool IsPolicyFile(std::string_view file) { return file.starts_with("<smartLicensePolicy>"); }

absl::StatusOr<PolicyTaken> TakePolicy(std::string_view file, const std::vector<crypto::Certificate>& pinned,
                                       AgentState& state) {
  if (pinned.empty()) return AuthorityUnknown();
  ASSIGN_OR_RETURN(const auto verifier, crypto::AcknowledgementVerifier::Create(pinned));
  ASSIGN_OR_RETURN(const crypto::PolicyFile policy, ForEitherUnit(state, [&](const auto& reader) {
                     return verifier.VerifyPolicy(file, reader);
                   }));
  state.policy = Installed(policy.policy, policy.issued_at, state.clock_s);
  return PolicyTaken{.udi = {policy.udi.product_id, policy.udi.serial_number},
                     .sequence = policy.sequence,
                     .policy_name = policy.policy.policy.name};
}

}  // namespace quartermaster::agent
