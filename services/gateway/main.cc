#include "services/common/lifecycle/run_process.h"
#include "services/gateway/gateway_service.h"

int main(int argc, char** argv) {
  return quartermaster::RunProcess(argc, argv, "gateway", {{"gateway", quartermaster::MakeGatewayService}});
}
