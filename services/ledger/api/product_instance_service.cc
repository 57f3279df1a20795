#include "services/ledger/api/product_instance_service.h"

#include <map>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/ids/page_token.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/api/product_instance_selection.h"
#include "services/ledger/api/product_instance_view.h"
#include "services/ledger/api/row_errors.h"

namespace quartermaster::ledger {
namespace {

constexpr size_t kNameBytesMax = 128;
constexpr size_t kHostnameBytesMax = 255;

v1::ProductInstanceFilter FilterOf(const v1::ListProductInstancesRequest& request) {
  v1::ProductInstanceFilter filter;
  filter.set_virtual_account(request.virtual_account());
  filter.set_search(request.search());
  filter.set_udi_prefix(request.udi_prefix());
  filter.set_hostname(request.hostname());
  filter.set_tag(request.tag());
  filter.set_software_version(request.software_version());
  filter.set_reporting_status(request.reporting_status());
  filter.set_finding(request.finding());
  return filter;
}

absl::StatusOr<InventoryRow> FromProto(const v1::ProductInstance& row,
                                       const std::map<std::string, int64_t>& virtual_accounts) {
  RETURN_IF_ERROR(CheckUdi(row.udi().product_id(), row.udi().serial_number()));
  RETURN_IF_ERROR(CheckText("virtual_account", row.virtual_account(), kNameBytesMax));
  RETURN_IF_ERROR(CheckText("hostname", row.hostname(), kHostnameBytesMax, true));
  auto home = virtual_accounts.find(row.virtual_account());
  if (home == virtual_accounts.end()) return VirtualAccountUnknown("virtual_account", row.virtual_account());
  return InventoryRow{{row.udi().product_id(), row.udi().serial_number()}, home->second, row.hostname()};
}

}  // namespace

grpc::Status ProductInstanceServiceImpl::ImportProductInstances(
    grpc::ServerContext* context, const v1::ImportProductInstancesRequest* request,
    v1::ImportResponse* response) {
  if (auto status = CheckRowCount("product_instances", request->product_instances_size()); !status.ok()) {
    return rpc::ToGrpc(status);
  }
  return IdempotentWrite(
      api_, *context, "ledger.v1.ProductInstanceService/ImportProductInstances", *request,
      request->request_id(), response, [&](pqxx::transaction_base& tx, const Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        // Before the names: who closes a Virtual Account holds it too.
        LockInstances(tx, act.now);
        std::set<std::string> names;
        for (const v1::ProductInstance& row : request->product_instances()) {
          if (CheckText("", row.virtual_account(), kNameBytesMax).ok()) names.insert(row.virtual_account());
        }
        const std::map<std::string, int64_t> virtual_accounts = VirtualAccountIds(tx, account.id, names);
        std::vector<UdiText> udis;
        for (const v1::ProductInstance& row : request->product_instances()) {
          if (CheckUdi(row.udi().product_id(), row.udi().serial_number()).ok()) {
            udis.push_back({row.udi().product_id(), row.udi().serial_number()});
          }
        }
        std::map<UdiText, KnownInstance> known = FindKnownInstances(tx, account.id, udis);
        std::vector<InventoryRow> added, renamed;
        for (int i = 0; i < request->product_instances_size(); ++i) {
          absl::StatusOr<InventoryRow> row = FromProto(request->product_instances(i), virtual_accounts);
          absl::Status status = row.status();
          if (status.ok()) {
            auto [found, is_new] =
                known.emplace(row->udi, KnownInstance{account.id, row->virtual_account_id, row->hostname});
            if (is_new) {
              added.push_back(*std::move(row));
              continue;
            }
            // Inventory places what has no home yet; it moves nothing.
            if (found->second.smart_account_id != account.id ||
                found->second.virtual_account_id != row->virtual_account_id) {
              status = ProductInstanceElsewhere(row->udi.product_id, row->udi.serial_number);
            } else if (!found->second.removed &&
                       (row->hostname.empty() || row->hostname == found->second.hostname)) {
              response->set_unchanged(response->unchanged() + 1);
            } else {
              found->second.hostname = row->hostname;
              found->second.removed = false;
              renamed.push_back(*std::move(row));
            }
          }
          if (!status.ok()) AddRowError(i + 1, status, response);
        }
        if (added.empty() && renamed.empty()) return absl::OkStatus();
        InsertInventory(tx, account.id, added, act.now);
        UpdateHostnames(tx, account.id, renamed);
        response->set_added(static_cast<int64_t>(added.size()));
        response->set_updated(static_cast<int64_t>(renamed.size()));
        WriteChange(tx, account.id, ChangeKind::kAdministration, {}, act);
        WriteAudit(tx, account.id, act, "",
                   absl::StrCat("{\"added\":", added.size(), ",\"renamed\":", renamed.size(), "}"));
        return absl::OkStatus();
      });
}

grpc::Status ProductInstanceServiceImpl::ListProductInstances(grpc::ServerContext* context,
                                                              const v1::ListProductInstancesRequest* request,
                                                              v1::ListProductInstancesResponse* response) {
  return rpc::ToGrpc(
      api_.pool->Read("ledger_list_product_instances", [&](pqxx::transaction_base& tx) -> absl::Status {
        response->Clear();
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        const v1::ProductInstanceFilter wanted = FilterOf(*request);
        const uint64_t token_filter =
            ids::FilterHash({"ListProductInstances", absl::StrCat(account.id), wanted.SerializeAsString(),
                             request->show_removed() ? "removed" : ""});
        ASSIGN_OR_RETURN(const int limit, ids::PageSize(request->page_size()));
        ASSIGN_OR_RETURN(const std::vector<std::string> after,
                         ids::ParsePageToken(request->page_token(), token_filter));
        ASSIGN_OR_RETURN(InstanceFilter filter, ledger::FilterOf(tx, account.id, wanted));
        filter.show_removed = request->show_removed();
        ViewedPage page =
            ViewPage(tx, filter, wanted.reporting_status(),
                     after.size() == 2 ? UdiText{after[0], after[1]} : UdiText{}, limit, Options(false));
        for (v1::ProductInstance& view : page.views) response->add_product_instances()->Swap(&view);
        if (page.next) {
          response->set_next_page_token(
              ids::MakePageToken({page.next->product_id, page.next->serial_number}, token_filter));
        }
        return absl::OkStatus();
      }));
}

grpc::Status ProductInstanceServiceImpl::GetProductInstance(grpc::ServerContext* context,
                                                            const v1::GetProductInstanceRequest* request,
                                                            v1::ProductInstance* response) {
  return rpc::ToGrpc(
      api_.pool->Read("ledger_get_product_instance", [&](pqxx::transaction_base& tx) -> absl::Status {
        RETURN_IF_ERROR(CheckUdi(request->product_id(), request->serial_number()));
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        const auto found = FindInstance(tx, account.id, {request->product_id(), request->serial_number()});
        if (!found) return ProductInstanceUnknown(request->product_id(), request->serial_number());
        *response = ViewInstances(tx, account.id, {*found}, Options(true)).front();
        return absl::OkStatus();
      }));
}

grpc::Status ProductInstanceServiceImpl::ReleaseUsage(grpc::ServerContext* context,
                                                      const v1::ReleaseUsageRequest* request,
                                                      v1::ReleaseUsageResponse* response) {
  // The releases commit in transactions of their own; a repetition finds them done.
  ReleaseRequest wanted;
  return IdempotentWork(
      api_, *context, "ledger.v1.ProductInstanceService/ReleaseUsage", *request, request->request_id(),
      response,
      [&](pqxx::transaction_base& tx, const Act&) -> absl::Status {
        wanted.tag = request->tag();
        if (request->has_udi()) {
          RETURN_IF_ERROR(CheckUdi(request->udi().product_id(), request->udi().serial_number()));
          wanted.udi = UdiText{request->udi().product_id(), request->udi().serial_number()};
        } else if (!request->tag().empty()) {
          return FieldMissing("udi", "the product instance whose tag is to be released");
        }
        ASSIGN_OR_RETURN(const SmartAccount account,
                         SmartAccountOfCall(tx, *context, request->smart_account()));
        wanted.smart_account_id = account.id;
        return absl::OkStatus();
      },
      [&](const Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const int64_t released, release_(wanted, act));
        response->set_released_positions(released);
        return absl::OkStatus();
      });
}

}  // namespace quartermaster::ledger
