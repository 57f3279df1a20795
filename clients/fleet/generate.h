// Writes a whole fleet to files: certificates, CA, and one big usage file.
#ifndef QUARTERMASTER_CLIENTS_FLEET_GENERATE_H_
#define QUARTERMASTER_CLIENTS_FLEET_GENERATE_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "clients/fleet/fleet_plan.h"

namespace quartermaster::fleet {

struct GeneratedFleet {
  int64_t reports = 0;
  int64_t usage_bytes = 0;
  // Nothing was done: the directory holds this very fleet already.
  bool was_there = false;
};

// Into `directory`:
//   usage.xml              one <smartLicense> with every report
//   catalog.csv            the tags, for `qmctl catalog import`
//   certificates.pem, manufacturer-ca.pem, manufacturer-ca-key.pem, keys/
//                          for reports with signatures of ours
//   fleet.json             the parameters; written last, so that its presence says "complete"
// Streams, on all cores; `on_progress` gets reports written. client.usage when the directory holds
// a fleet of other parameters.
absl::StatusOr<GeneratedFleet> GenerateFleet(const FleetParameters& parameters, const std::string& directory,
                                             const std::function<void(int64_t)>& on_progress);

// The parameters that fleet.json holds.
absl::StatusOr<FleetParameters> ReadFleetParameters(const std::string& directory);

}  // namespace quartermaster::fleet

#endif  // QUARTERMASTER_CLIENTS_FLEET_GENERATE_H_
