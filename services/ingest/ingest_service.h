// The ingest service: receives reports, stores each exactly once, answers after commit.
#ifndef QUARTERMASTER_SERVICES_INGEST_INGEST_SERVICE_H_
#define QUARTERMASTER_SERVICES_INGEST_INGEST_SERVICE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "services/common/lifecycle/service.h"

namespace quartermaster {

// Stores the built-in body dictionary and makes partitions where they are missing, so that a service
// that starts can store. Role qm_ingest.
absl::StatusOr<std::unique_ptr<Service>> MakeIngestService(const ServiceContext& context);

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_INGEST_INGEST_SERVICE_H_
