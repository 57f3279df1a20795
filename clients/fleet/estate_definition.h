// The definition of a sample estate, read: docs/reference/formats.md, "Sample estate".
#ifndef QUARTERMASTER_CLIENTS_FLEET_ESTATE_DEFINITION_H_
#define QUARTERMASTER_CLIENTS_FLEET_ESTATE_DEFINITION_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/agent/report_content.h"
#include "clients/agent/report_signer.h"
#include "clients/fleet/sample_estate.h"

namespace quartermaster::fleet {

struct EstateTag {
  std::string tag;
  std::string display_name;
  std::string enforcement;
  std::string term;
  std::vector<std::string> substitutes_for;
};

struct EstateEntitlement {
  std::string entitlement_id;
  std::string virtual_account;
  std::string tag;
  int64_t quantity = 0;
  int64_t overage_quantity = 0;
  int64_t start_days_ago = 0;
  std::optional<int64_t> end_in_days;
  std::string subscription_id;
  std::string order_id;
};

// From `days_ago` on, `count` of `tag` is in use.
struct EstateCount {
  int64_t days_ago = 0;
  std::string tag;
  int64_t count = 0;
};

// `number` product instances that are alike.
struct EstateInstances {
  std::string virtual_account;
  // "hq-core" makes hq-core-01, hq-core-02 …
  std::string hostname;
  std::string product_id;
  // Beginning of the serial numbers.
  std::string serial;
  int64_t number = 1;
  bool ha_pair = false;
  agent::ReportForm form = agent::ReportForm::kV2;
  agent::SigningKind signing = agent::SigningKind::kEcdsa;
  int64_t last_report_days_ago = 0;
  // Oldest first.
  std::vector<EstateCount> counts;
};

struct EstateDefinition {
  std::vector<SampleVirtualAccount> virtual_accounts;
  std::vector<EstateTag> catalog;
  std::vector<EstateEntitlement> entitlements;
  std::vector<EstateInstances> product_instances;
};

// client.input_malformed. Short names of tags are replaced by the tags.
absl::StatusOr<EstateDefinition> ParseEstateDefinition(std::string_view text);

}  // namespace quartermaster::fleet

#endif  // QUARTERMASTER_CLIENTS_FLEET_ESTATE_DEFINITION_H_
