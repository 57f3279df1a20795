#include "clients/fleet/fleet_manifest.h"

#include <array>
#include <nlohmann/json.hpp>

#include "clients/connection/client_errors.h"

namespace quartermaster::fleet {
namespace {

using Json = nlohmann::ordered_json;

// Goes up when the same parameters make other bytes.
constexpr int kGenerator = 1;
constexpr std::array<const char*, 3> kFormWords = {"v2", "v1", "switch"};

}  // namespace

std::string ManifestOf(const FleetParameters& parameters) {
  const Json json = {{"generator", kGenerator},
                     {"seed", parameters.seed},
                     {"instances", parameters.instances},
                     {"tags", parameters.tags},
                     {"reports_per_tag", parameters.reports_per_tag},
                     {"measurements_per_report", parameters.measurements_per_report},
                     {"form", kFormWords[static_cast<size_t>(parameters.form)]},
                     {"signing", std::string(SigningKindWord(parameters.signing))},
                     {"keys", parameters.keys},
                     {"end_s", parameters.end_s},
                     {"days_per_report", parameters.days_per_report},
                     {"in_time_order", parameters.in_time_order}};
  return json.dump(2) + "\n";
}

absl::StatusOr<FleetParameters> ParseManifest(const std::string& text) {
  FleetParameters parameters;
  try {
    const Json json = Json::parse(text);
    if (json.at("generator") != kGenerator) {
      return client::Usage("fleet.json: got a fleet of another version, want a new directory");
    }
    parameters.seed = json.at("seed");
    parameters.instances = json.at("instances");
    parameters.tags = json.at("tags");
    parameters.reports_per_tag = json.at("reports_per_tag");
    parameters.measurements_per_report = json.at("measurements_per_report");
    const std::string form = json.at("form");
    for (size_t i = 0; i < kFormWords.size(); ++i) {
      if (form == kFormWords[i]) parameters.form = static_cast<agent::ReportForm>(i);
    }
    parameters.signing =
        agent::ParseSigningKind(json.at("signing").get<std::string>()).value_or(agent::SigningKind::kNone);
    parameters.keys = json.at("keys");
    parameters.end_s = json.at("end_s");
    parameters.days_per_report = json.at("days_per_report");
    parameters.in_time_order = json.at("in_time_order");
  } catch (const nlohmann::json::exception& error) {
    return client::InputMalformed(std::string("fleet.json: ") + error.what());
  }
  return parameters;
}

}  // namespace quartermaster::fleet
