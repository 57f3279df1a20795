#include "services/ledger/api/policy_conversion.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/request_log.h"

namespace quartermaster::ledger {
namespace {

constexpr size_t kPolicyNameBytesMax = 64;
constexpr char kCustomName[] = "Custom";

absl::Status TakeClasses(const v1::SetReportingPolicyRequest& request, policy::DaysByClass& days) {
  std::array<bool, policy::kLicenseClassCount> seen{};
  for (int i = 0; i < request.classes_size(); ++i) {
    const v1::ClassDays& row = request.classes(i);
    const std::string field = absl::StrCat("classes[", i, "].license_class");
    const int index = static_cast<int>(row.license_class()) - 1;
    if (index < 0 || index >= policy::kLicenseClassCount) {
      return FieldInvalid(field, absl::StrCat(static_cast<int>(row.license_class())),
                          "one of the four classes");
    }
    const auto place = static_cast<size_t>(index);
    if (seen[place]) {
      return FieldInvalid(field, policy::LicenseClassWord(static_cast<policy::LicenseClass>(index)),
                          "each class once");
    }
    seen[place] = true;
    days[place] = {row.first_report_days(), row.ongoing_days(), row.on_change_days()};
  }
  return absl::OkStatus();
}

std::string ScopeName(const StoredPolicy& stored, const std::map<int64_t, std::string>& names) {
  return stored.virtual_account_id.has_value() ? names.at(*stored.virtual_account_id) : "";
}

}  // namespace

absl::StatusOr<policy::ReportingPolicy> PolicyOf(const v1::SetReportingPolicyRequest& request) {
  RETURN_IF_ERROR(CheckText("name", request.name(), kPolicyNameBytesMax, /*may_be_empty=*/true));
  if (request.type() < 0 || request.type() > static_cast<int>(policy::PolicyType::kMerged)) {
    return FieldInvalid("type", absl::StrCat(static_cast<int>(request.type())), "a type of policy");
  }
  policy::ReportingPolicy policy;
  policy.type = request.type() == v1::POLICY_TYPE_UNSPECIFIED
                    ? policy::PolicyType::kCustom
                    : static_cast<policy::PolicyType>(request.type());
  policy.name = request.name().empty() ? kCustomName : request.name();
  if (request.has_acknowledgement_required()) {
    policy.acknowledgement_required = request.acknowledgement_required();
  }
  if (request.has_push_interval_days()) policy.push_interval_days = request.push_interval_days();
  RETURN_IF_ERROR(TakeClasses(request, policy.days));
  if (const auto problem = policy::CheckPolicy(policy)) {
    return FieldInvalid(problem->field, problem->got, problem->want);
  }
  return policy;
}

v1::LicenseClass ToProto(policy::LicenseClass license_class) {
  return static_cast<v1::LicenseClass>(static_cast<int>(license_class) + 1);
}

void ToProto(const policy::ReportingPolicy& policy, v1::ReportingPolicy* out) {
  out->set_name(policy.name);
  out->set_type(static_cast<v1::PolicyType>(policy.type));
  out->set_acknowledgement_required(policy.acknowledgement_required);
  out->set_push_interval_days(policy.push_interval_days);
  for (size_t i = 0; i < policy.days.size(); ++i) {
    v1::ClassDays& row = *out->add_classes();
    row.set_license_class(ToProto(static_cast<policy::LicenseClass>(i)));
    row.set_first_report_days(policy.days[i].first_report);
    row.set_ongoing_days(policy.days[i].ongoing);
    row.set_on_change_days(policy.days[i].on_change);
  }
}

void ToProto(const StoredPolicy& stored, const std::map<int64_t, std::string>& names,
             v1::ReportingPolicy* out) {
  ToProto(stored.policy, out);
  out->set_policy_id(stored.id);
  out->set_virtual_account(ScopeName(stored, names));
  SetTime(stored.effective_at, out->mutable_effective_at());
  if (stored.ended_at.has_value()) SetTime(*stored.ended_at, out->mutable_ended_at());
  out->set_actor(stored.actor);
}

std::string AuditOf(const StoredPolicy& stored, const std::map<int64_t, std::string>& names) {
  const policy::ReportingPolicy& policy = stored.policy;
  const std::string days = policy::DaysToArray(policy.days);
  return absl::StrCat(
      "{\"policy_id\":", stored.id, ",\"virtual_account\":", JsonString(ScopeName(stored, names)),
      ",\"name\":", JsonString(policy.name), ",\"type\":", JsonString(policy::PolicyTypeWord(policy.type)),
      ",\"acknowledgement_required\":", policy.acknowledgement_required ? "true" : "false",
      ",\"push_interval_days\":", policy.push_interval_days, ",\"days\":[", days.substr(1, days.size() - 2),
      "]}");
}

}  // namespace quartermaster::ledger
