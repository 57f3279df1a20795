// Turns the definition of a sample estate into files: everything that an administrator would have
// in his hands. Days in the definition count from now, so the estate never grows old.
#ifndef QUARTERMASTER_CLIENTS_FLEET_SAMPLE_ESTATE_H_
#define QUARTERMASTER_CLIENTS_FLEET_SAMPLE_ESTATE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace quartermaster::fleet {

struct SampleVirtualAccount {
  std::string name;
  std::string description;
};

struct SampleEstate {
  std::vector<SampleVirtualAccount> virtual_accounts;
  int64_t product_instances = 0;
  int64_t reports = 0;
};

// Into `directory`: catalog.csv, entitlements.csv, product-instances.csv, manufacturer-ca.pem (and
// its key), certificates.pem, usage.xml. `definition` is JSON as in docs/reference/formats.md,
// "Sample estate"; client.input_malformed names what is wrong with it.
absl::StatusOr<SampleEstate> WriteSampleEstate(std::string_view definition, const std::string& directory,
                                               absl::Time now);

}  // namespace quartermaster::fleet

#endif  // QUARTERMASTER_CLIENTS_FLEET_SAMPLE_ESTATE_H_
