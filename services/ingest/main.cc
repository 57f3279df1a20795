#include "services/common/lifecycle/run_process.h"
#include "services/ingest/ingest_service.h"

int main(int argc, char** argv) {
  return quartermaster::RunProcess(argc, argv, "ingest", {{"ingest", quartermaster::MakeIngestService}});
}
