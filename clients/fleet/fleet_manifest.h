// fleet.json: which fleet a directory holds.
#ifndef QUARTERMASTER_CLIENTS_FLEET_FLEET_MANIFEST_H_
#define QUARTERMASTER_CLIENTS_FLEET_FLEET_MANIFEST_H_

#include <string>

#include "absl/status/statusor.h"
#include "clients/fleet/fleet_plan.h"

namespace quartermaster::fleet {

std::string ManifestOf(const FleetParameters& parameters);
absl::StatusOr<FleetParameters> ParseManifest(const std::string& text);

}  // namespace quartermaster::fleet

#endif  // QUARTERMASTER_CLIENTS_FLEET_FLEET_MANIFEST_H_
