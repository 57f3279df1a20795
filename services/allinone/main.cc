// Every service in one process, over in-process channels, with a private PostgreSQL unless the
// configuration names another one.
#include "services/allinone/hosted_services.h"
#include "services/common/lifecycle/run_process.h"

int main(int argc, char** argv) {
  return quartermaster::RunProcess(argc, argv, "allinone", quartermaster::AllServices());
}
