#include "clients/fleet/sample_estate.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "clients/agent/agent_state.h"
#include "clients/agent/manufacturer_ca.h"
#include "clients/agent/report_writer.h"
#include "clients/agent/usage_file.h"
#include "clients/connection/client_errors.h"
#include "clients/connection/file.h"
#include "clients/fleet/estate_definition.h"
#include "clients/output/cell.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::fleet {
namespace {

constexpr char kAssetName[] =
    "regid.2026-01.example.quartermaster.C9K,1.0_5a1c3f0e-8d27-4b6e-9c41-2f7d0b9e6a10";
constexpr int64_t kDay = 86400;

std::string DateOf(absl::Time time) { return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone()); }

std::string CatalogCsv(const EstateDefinition& definition) {
  std::string csv = "tag,display_name,enforcement,term,substitutes_for\n";
  for (const EstateTag& tag : definition.catalog) {
    absl::StrAppend(&csv, output::CsvField(tag.tag), ",", output::CsvField(tag.display_name), ",",
                    tag.enforcement, ",", tag.term, ",",
                    output::CsvField(absl::StrJoin(tag.substitutes_for, ";")), "\n");
  }
  return csv;
}

std::string EntitlementsCsv(const EstateDefinition& definition, absl::Time now) {
  std::string csv =
      "entitlement_id,virtual_account,tag,quantity,overage_quantity,start,end,subscription_id,"
      "order_id\n";
  for (const EstateEntitlement& row : definition.entitlements) {
    const std::string end =
        row.end_in_days.has_value() ? DateOf(now + absl::Hours(24 * *row.end_in_days)) : "";
    absl::StrAppend(&csv, row.entitlement_id, ",", output::CsvField(row.virtual_account), ",",
                    output::CsvField(row.tag), ",", row.quantity, ",", row.overage_quantity, ",",
                    DateOf(now - absl::Hours(24 * row.start_days_ago)), ",");
    absl::StrAppend(&csv, end, ",", row.subscription_id, ",", row.order_id, "\n");
  }
  return csv;
}

// Lives the months of one product instance and writes what they leave.
class InstanceHistory {
 public:
  InstanceHistory(const EstateInstances& group, int64_t number, const agent::ManufacturerCa& ca,
                  absl::Time now)
      : group_(group), ca_(ca), now_(now) {
    state_.udi = {group.product_id, absl::StrFormat("%s%04d", group.serial, 2 * number)};
    if (group.ha_pair) {
      state_.ha_peer = {group.product_id, absl::StrFormat("%s%04d", group.serial, 2 * number + 1)};
    }
    state_.hostname = absl::StrFormat("%s-%02d", group.hostname, number);
    state_.asset_name = kAssetName;
    state_.product_instance_identifier = absl::StrFormat("5e1f0000-0000-4000-8000-%012d", number);
    state_.form = group.form;
    state_.signing = group.signing;
    state_.clock_s = DaysAgo(group.counts.front().days_ago);
  }

  absl::Status Run() {
    RETURN_IF_ERROR(MakeSigner());
    for (const EstateCount& count : group_.counts) {
      RETURN_IF_ERROR(AdvanceTo(DaysAgo(count.days_ago)));
      RETURN_IF_ERROR(agent::SetTagCount(state_, count.tag, count.count));
    }
    RETURN_IF_ERROR(AdvanceTo(DaysAgo(group_.last_report_days_ago)));
    return Write(agent::CloseReports(state_, agent::CloseReason::kInterval));
  }

  const agent::AgentState& state() const { return state_; }
  const std::string& certificates() const { return certificates_; }
  const std::string& reports() const { return reports_; }

 private:
  int64_t DaysAgo(int64_t days) const { return absl::ToUnixSeconds(now_) - days * kDay; }

  absl::Status MakeSigner() {
    if (group_.signing == agent::SigningKind::kBuiltin) signer_ = agent::ReportSigner::Builtin();
    if (group_.signing == agent::SigningKind::kNone) signer_ = agent::ReportSigner::None();
    if (signer_.has_value()) return absl::OkStatus();
    const bool rsa = group_.signing == agent::SigningKind::kRsa;
    ASSIGN_OR_RETURN(auto key, crypto::PrivateKey::Generate(rsa ? crypto::Algorithm::kRsa2048Sha256
                                                                : crypto::Algorithm::kEcdsaP256Sha256));
    ASSIGN_OR_RETURN(const auto certificate, ca_.Issue(key.Public(), state_.udi, now_));
    certificates_ = certificate.ToPem();
    if (state_.ha_peer.has_value()) {
      ASSIGN_OR_RETURN(const auto of_peer, ca_.Issue(key.Public(), *state_.ha_peer, now_));
      certificates_ += of_peer.ToPem();
    }
    signer_ = agent::ReportSigner::WithKey(std::move(key));
    return absl::OkStatus();
  }

  absl::Status AdvanceTo(int64_t until_s) {
    ASSIGN_OR_RETURN(const auto closed, agent::Advance(state_, until_s - state_.clock_s));
    return Write(closed);
  }

  absl::Status Write(const std::vector<agent::ReportToWrite>& closed) {
    for (const agent::ReportToWrite& report : closed) {
      ASSIGN_OR_RETURN(const std::string text, agent::WriteReport(report.content, *signer_));
      absl::StrAppend(&reports_, agent::WrapReport(text), "\n");
    }
    return absl::OkStatus();
  }

  const EstateInstances& group_;
  const agent::ManufacturerCa& ca_;
  const absl::Time now_;
  agent::AgentState state_;
  std::optional<agent::ReportSigner> signer_;
  std::string certificates_;
  std::string reports_;
};

}  // namespace

absl::StatusOr<SampleEstate> WriteSampleEstate(std::string_view definition_text, const std::string& directory,
                                               absl::Time now) {
  ASSIGN_OR_RETURN(const EstateDefinition definition, ParseEstateDefinition(definition_text));
  ASSIGN_OR_RETURN(const auto ca, agent::ManufacturerCa::OpenOrCreate(directory, now));
  SampleEstate estate;
  estate.virtual_accounts = definition.virtual_accounts;
  std::string inventory = "product_id,serial_number,virtual_account,hostname\n";
  std::string certificates;
  std::string usage = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<smartLicense>\n";
  for (const EstateInstances& group : definition.product_instances) {
    for (int64_t number = 1; number <= group.number; ++number) {
      InstanceHistory history(group, number, ca, now);
      RETURN_IF_ERROR(history.Run());
      const agent::AgentState& state = history.state();
      ++estate.product_instances;
      estate.reports += static_cast<int64_t>(state.reports.size());
      absl::StrAppend(&inventory, state.udi.product_id, ",", state.udi.serial_number, ",",
                      output::CsvField(group.virtual_account), ",", state.hostname, "\n");
      certificates += history.certificates();
      usage += agent::SystemInfoElement(state);
      usage += history.reports();
    }
  }
  usage += "</smartLicense>\n";
  const std::string folder = directory + "/";
  RETURN_IF_ERROR(client::WriteFileAtomically(folder + "catalog.csv", CatalogCsv(definition)));
  RETURN_IF_ERROR(client::WriteFileAtomically(folder + "entitlements.csv", EntitlementsCsv(definition, now)));
  RETURN_IF_ERROR(client::WriteFileAtomically(folder + "product-instances.csv", inventory));
  RETURN_IF_ERROR(client::WriteFileAtomically(folder + "certificates.pem", certificates));
  RETURN_IF_ERROR(client::WriteFileAtomically(folder + "usage.xml", usage));
  return estate;
}

}  // namespace quartermaster::fleet
