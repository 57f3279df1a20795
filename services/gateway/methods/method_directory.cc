#include "services/gateway/methods/method_directory.h"

#include <algorithm>

#include "quartermaster/authority/v1/authority.pb.h"
#include "quartermaster/authority/v1/policy_files.pb.h"
#include "quartermaster/authority/v1/trust_codes.pb.h"
#include "quartermaster/gateway/v1/gateway.pb.h"
#include "quartermaster/ingest/v1/ingest.pb.h"
#include "quartermaster/ledger/v1/accounts.pb.h"
#include "quartermaster/ledger/v1/authorization_releases.pb.h"
#include "quartermaster/ledger/v1/authorizations.pb.h"
#include "quartermaster/ledger/v1/books.pb.h"
#include "quartermaster/ledger/v1/catalog.pb.h"
#include "quartermaster/ledger/v1/compliance.pb.h"
#include "quartermaster/ledger/v1/entitlements.pb.h"
#include "quartermaster/ledger/v1/erasure.pb.h"
#include "quartermaster/ledger/v1/figures.pb.h"
#include "quartermaster/ledger/v1/history.pb.h"
#include "quartermaster/ledger/v1/holds.pb.h"
#include "quartermaster/ledger/v1/id_tokens.pb.h"
#include "quartermaster/ledger/v1/landing_rules.pb.h"
#include "quartermaster/ledger/v1/policies.pb.h"
#include "quartermaster/ledger/v1/product_instances.pb.h"
#include "quartermaster/ledger/v1/reservations.pb.h"
#include "quartermaster/ledger/v1/terms.pb.h"

namespace quartermaster::gateway {

std::vector<PublicFile> PublicFiles() {
  // Naming a message of each file is also what links the file into the binary.
  return {
      {"ingest", ingest::v1::SubmitReportsRequest::descriptor()->file()},
      {"ledger", ledger::v1::Authorization::descriptor()->file()},
      {"ledger", ledger::v1::AuthorizationRelease::descriptor()->file()},
      {"ledger", ledger::v1::CheckBooksRequest::descriptor()->file()},
      {"ledger", ledger::v1::ConsumptionOrderSetting::descriptor()->file()},
      {"ledger", ledger::v1::Entitlement::descriptor()->file()},
      {"ledger", ledger::v1::EntitlementFigure::descriptor()->file()},
      {"ledger", ledger::v1::EraseProductInstanceRequest::descriptor()->file()},
      {"ledger", ledger::v1::GetComplianceRequest::descriptor()->file()},
      {"ledger", ledger::v1::HistoryEntry::descriptor()->file()},
      {"ledger", ledger::v1::Hold::descriptor()->file()},
      {"ledger", ledger::v1::IdToken::descriptor()->file()},
      {"ledger", ledger::v1::LandingRule::descriptor()->file()},
      {"ledger", ledger::v1::LicenseTag::descriptor()->file()},
      {"ledger", ledger::v1::ProductInstance::descriptor()->file()},
      {"ledger", ledger::v1::ReportingPolicy::descriptor()->file()},
      {"ledger", ledger::v1::ReserveLicensesRequest::descriptor()->file()},
      {"ledger", ledger::v1::SmartAccount::descriptor()->file()},
      {"authority", authority::v1::GetAcknowledgementRequest::descriptor()->file()},
      {"authority", authority::v1::GetPolicyFileRequest::descriptor()->file()},
      {"authority", authority::v1::TrustCode::descriptor()->file()},
      {"gateway", v1::GetNodeRequest::descriptor()->file()},
  };
}

MethodDirectory::MethodDirectory(const std::vector<PublicFile>& files) {
  for (const PublicFile& file : files) AddFile(file);
  for (const Method& method : methods_) by_path_.emplace(method.path, &method);
}

void MethodDirectory::AddFile(const PublicFile& file) {
  for (int s = 0; s < file.file->service_count(); ++s) {
    const auto* service = file.file->service(s);
    bool reachable = false;
    for (int m = 0; m < service->method_count(); ++m) {
      const auto* descriptor = service->method(m);
      Method method;
      method.name = service->full_name() + "/" + descriptor->name();
      method.roles = RolesOf(method.name).value_or(kInternal);
      if (method.roles == kInternal) continue;
      method.path = "/" + method.name;
      method.owner = file.owner;
      method.descriptor = descriptor;
      method.unary = !descriptor->client_streaming() && !descriptor->server_streaming();
      method.index = static_cast<int>(methods_.size());
      methods_.push_back(std::move(method));
      reachable = true;
    }
    if (reachable) service_names_.push_back(service->full_name());
  }
}

const Method* MethodDirectory::FindByPath(std::string_view path) const {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? nullptr : found->second;
}

std::vector<std::string> MethodDirectory::owners() const {
  std::vector<std::string> names;
  for (const Method& method : methods_) {
    if (std::find(names.begin(), names.end(), method.owner) == names.end()) {
      names.push_back(method.owner);
    }
  }
  return names;
}

}  // namespace quartermaster::gateway
