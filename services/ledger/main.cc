#include "services/common/lifecycle/run_process.h"
#include "services/ledger/ledger_service.h"

int main(int argc, char** argv) {
  return quartermaster::RunProcess(argc, argv, "ledger", {{"ledger", quartermaster::MakeLedgerService}});
}
