// Reporting policies between the API and the rest.
#ifndef QUARTERMASTER_SERVICES_LEDGER_API_POLICY_CONVERSION_H_
#define QUARTERMASTER_SERVICES_LEDGER_API_POLICY_CONVERSION_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "quartermaster/ledger/v1/policies.pb.h"
#include "services/common/policy/reporting_policy.h"
#include "services/ledger/storage/administration/reporting_policy_book.h"

namespace quartermaster::ledger {

// Checked: `ledger.field_invalid` names the field.
absl::StatusOr<policy::ReportingPolicy> PolicyOf(const v1::SetReportingPolicyRequest& request);

void ToProto(const policy::ReportingPolicy& policy, v1::ReportingPolicy* out);
// `names`: of Virtual Accounts, by id.
void ToProto(const StoredPolicy& stored, const std::map<int64_t, std::string>& names,
             v1::ReportingPolicy* out);
v1::LicenseClass ToProto(policy::LicenseClass license_class);

// As the audit keeps it: a JSON object.
std::string AuditOf(const StoredPolicy& stored, const std::map<int64_t, std::string>& names);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_API_POLICY_CONVERSION_H_
