#include "services/allinone/hosted_services.h"

#include "services/authority/authority_service.h"
#include "services/gateway/gateway_service.h"
#include "services/ingest/ingest_service.h"
#include "services/ledger/ledger_service.h"

namespace quartermaster {

std::vector<HostedService> AllServices() {
  return {
      {"authority", MakeAuthorityService},
      {"ingest", MakeIngestService},
      {"ledger", MakeLedgerService},
      {"gateway", MakeGatewayService},
  };
}

}  // namespace quartermaster
