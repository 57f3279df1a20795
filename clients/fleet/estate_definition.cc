#include "clients/fleet/estate_definition.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "clients/connection/client_errors.h"

namespace quartermaster::fleet {
namespace {

using Json = nlohmann::json;

// Reads with exceptions, which ParseEstateDefinition turns into a status.
class DefinitionReader {
 public:
  explicit DefinitionReader(const Json& json) : json_(json) {
    tags_ = json.at("tags").get<std::map<std::string, std::string>>();
  }

  EstateDefinition Read() {
    EstateDefinition definition;
    for (const Json& item : json_.at("virtual_accounts")) {
      definition.virtual_accounts.push_back({item.at("name"), item.value("description", "")});
    }
    for (const Json& item : json_.at("catalog")) definition.catalog.push_back(ReadTag(item));
    for (const Json& item : json_.at("entitlements")) {
      definition.entitlements.push_back(ReadEntitlement(item));
    }
    for (const Json& item : json_.at("product_instances")) {
      definition.product_instances.push_back(ReadInstances(item));
    }
    return definition;
  }

 private:
  std::string Tag(const Json& name) const {
    const auto found = tags_.find(name.get<std::string>());
    if (found == tags_.end()) {
      throw std::invalid_argument(absl::StrCat("tag: got ", name.dump(), ", want a key of `tags`"));
    }
    return found->second;
  }

  EstateTag ReadTag(const Json& item) const {
    EstateTag tag;
    tag.tag = Tag(item.at("tag"));
    tag.display_name = item.at("display_name");
    tag.enforcement = item.value("enforcement", "unenforced");
    tag.term = item.at("term");
    for (const Json& lower : item.value("substitutes_for", Json::array())) {
      tag.substitutes_for.push_back(Tag(lower));
    }
    return tag;
  }

  EstateEntitlement ReadEntitlement(const Json& item) const {
    EstateEntitlement entitlement;
    entitlement.entitlement_id = item.at("entitlement_id");
    entitlement.virtual_account = item.at("virtual_account");
    entitlement.tag = Tag(item.at("tag"));
    entitlement.quantity = item.at("quantity");
    entitlement.overage_quantity = item.value("overage_quantity", 0);
    entitlement.start_days_ago = item.at("start_days_ago");
    if (item.contains("end_in_days")) entitlement.end_in_days = item.at("end_in_days");
    entitlement.subscription_id = item.value("subscription_id", "");
    entitlement.order_id = item.value("order_id", "");
    return entitlement;
  }

  EstateInstances ReadInstances(const Json& item) const {
    static const std::map<std::string, agent::ReportForm> kForms = {{"v2", agent::ReportForm::kV2},
                                                                    {"v1", agent::ReportForm::kV1},
                                                                    {"switch", agent::ReportForm::kSwitch}};
    EstateInstances instances;
    instances.virtual_account = item.at("virtual_account");
    instances.hostname = item.at("hostname");
    instances.product_id = item.at("product_id");
    instances.serial = item.at("serial");
    instances.number = item.value("number", 1);
    instances.ha_pair = item.value("ha_pair", false);
    instances.form = kForms.at(item.value("form", "v2"));
    instances.signing = agent::ParseSigningKind(item.value("signing", "ecdsa")).value();
    instances.last_report_days_ago = item.at("last_report_days_ago");
    for (const Json& usage : item.at("usage")) {
      const std::string tag = Tag(usage.at("tag"));
      for (const Json& count : usage.at("counts")) {
        instances.counts.push_back({count.at("days_ago"), tag, count.at("count")});
      }
    }
    std::stable_sort(instances.counts.begin(), instances.counts.end(),
                     [](const EstateCount& a, const EstateCount& b) { return a.days_ago > b.days_ago; });
    if (instances.counts.empty() || instances.counts.back().days_ago < instances.last_report_days_ago) {
      throw std::invalid_argument(
          absl::StrCat(instances.hostname, ": want usage, and none after the last report"));
    }
    return instances;
  }

  const Json& json_;
  std::map<std::string, std::string> tags_;
};

}  // namespace

absl::StatusOr<EstateDefinition> ParseEstateDefinition(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    return DefinitionReader(json).Read();
  } catch (const std::exception& error) {
    return client::InputMalformed(absl::StrCat("sample estate: ", error.what()));
  }
}

}  // namespace quartermaster::fleet
