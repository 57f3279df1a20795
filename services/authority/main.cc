#include "services/authority/authority_service.h"
#include "services/common/lifecycle/run_process.h"

int main(int argc, char** argv) {
  return quartermaster::RunProcess(argc, argv, "authority",
                                   {{"authority", quartermaster::MakeAuthorityService}});
}
