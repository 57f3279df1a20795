// Prints docs/reference/metrics.md.
#include <iostream>

#include "services/allinone/hosted_services.h"
#include "services/common/lifecycle/run_process.h"
#include "services/common/metrics/reference.h"

int main() {
  // Naming the process and the services links them, and what they declare.
  auto* volatile const process = &quartermaster::RunProcess;
  if (process == nullptr || quartermaster::AllServices().empty()) return 1;
  std::cout << quartermaster::metrics::MetricsReference(quartermaster::metrics::AllDeclarations());
}
