#include "services/ledger/api/compliance_service.h"

#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/domain/compliance.h"
#include "services/ledger/storage/administration/catalog_book.h"
#include "services/ledger/storage/administration/pool_query.h"

namespace quartermaster::ledger {
namespace {

v1::ComplianceStatus StatusOf(ComplianceStatus status) {
  switch (status) {
    case ComplianceStatus::kIn:
      return v1::COMPLIANCE_STATUS_IN;
    case ComplianceStatus::kUnknown:
      return v1::COMPLIANCE_STATUS_UNKNOWN;
    case ComplianceStatus::kOverage:
      return v1::COMPLIANCE_STATUS_OVERAGE;
    case ComplianceStatus::kOut:
      return v1::COMPLIANCE_STATUS_OUT;
  }
  return v1::COMPLIANCE_STATUS_UNSPECIFIED;
}

void ToProto(const PoolCompliance& pool, const std::string& virtual_account,
             const std::map<int32_t, std::string>& tag_names, v1::PoolCompliance* out) {
  out->set_virtual_account(virtual_account);
  out->set_tag(pool.figures.tag);
  out->set_display_name(pool.figures.display_name);
  out->set_entitled(pool.figures.entitled);
  out->set_in_use(pool.figures.in_use);
  out->set_reserved(pool.figures.reserved);
  out->set_balance(pool.figures.balance());
  out->set_borrowed(pool.borrowed);
  out->set_lent(pool.lent);
  out->set_overage_quantity(pool.figures.overage_quantity);
  out->set_status(StatusOf(pool.status));
  out->set_surplus_elsewhere(pool.surplus_elsewhere);
  for (const Lending& lending : pool.substitutions) {
    v1::PoolCompliance::Substitution& substitution = *out->add_substitutions();
    substitution.set_from_tag(tag_names.at(lending.from_tag_id));
    substitution.set_quantity(lending.quantity);
  }
}

}  // namespace

grpc::Status ComplianceServiceImpl::GetCompliance(grpc::ServerContext* context,
                                                  const v1::GetComplianceRequest* request,
                                                  v1::GetComplianceResponse* response) {
  const absl::Time now = api_.clock->Now();
  return rpc::ToGrpc(
      api_.pool->Read("ledger_get_compliance", [&](pqxx::transaction_base& tx) -> absl::Status {
        response->Clear();
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        absl::Time as_of = now, known_at = now;
        if (request->has_as_of()) {
          ASSIGN_OR_RETURN(as_of, TimeOf("as_of", request->as_of()));
        }
        if (request->has_known_at()) {
          ASSIGN_OR_RETURN(known_at, TimeOf("known_at", request->known_at()));
        }
        const bool present = !request->has_as_of() && !request->has_known_at();
        std::vector<PoolFigures> figures =
            present ? pools_now_.Read(tx, account.id, now) : ReadPoolsAsOf(tx, account.id, as_of, known_at);
        std::map<int32_t, std::string> tag_names;
        for (const PoolFigures& pool : figures) tag_names[pool.tag_id] = pool.tag;
        const std::vector<PoolCompliance> pools = AssessPools(std::move(figures), LoadHierarchy(tx));

        std::map<int64_t, std::string> names;
        for (const VirtualAccount& one :
             ListVirtualAccounts(tx, account.id, 0, std::numeric_limits<int>::max(), /*show_closed=*/true)) {
          if (!one.closed_at || *one.closed_at > as_of) names[one.id] = one.name;
        }
        if (!request->virtual_account().empty()) {
          ASSIGN_OR_RETURN(const VirtualAccount only,
                           FindVirtualAccount(tx, account.id, request->virtual_account(), "virtual_account"));
          names = {{only.id, only.name}};
        }
        std::map<int64_t, ComplianceStatus> status_of;
        for (const PoolCompliance& pool : pools) {
          auto name = names.find(pool.figures.virtual_account_id);
          if (name == names.end()) continue;
          ToProto(pool, name->second, tag_names, response->add_pools());
          ComplianceStatus& status = status_of[pool.figures.virtual_account_id];
          status = Worst(status, pool.status);
        }
        // Who is overdue is known of the present only.
        std::shared_ptr<const InstanceCountsCache::Counts> counts;
        if (present) {
          counts = instance_counts_.Get(account.id, [&] { return CountInstances(tx, account.id, now); });
        }
        ComplianceStatus worst = ComplianceStatus::kIn;
        for (const auto& [id, name] : names) {
          v1::VirtualAccountCompliance& out = *response->add_virtual_accounts();
          out.set_virtual_account(name);
          out.set_status(StatusOf(status_of[id]));
          if (counts != nullptr) {
            const auto counted = counts->find(id);
            const InstanceCounts none;
            const InstanceCounts& here = counted == counts->end() ? none : counted->second;
            out.set_product_instances(here.product_instances);
            out.set_reporting_overdue(here.reporting_overdue);
          }
          worst = Worst(worst, status_of[id]);
        }
        response->set_smart_account(account.domain);
        response->set_status(StatusOf(worst));
        SetTime(as_of, response->mutable_as_of());
        if (!present) SetTime(known_at, response->mutable_known_at());
        return absl::OkStatus();
      }));
}

}  // namespace quartermaster::ledger
