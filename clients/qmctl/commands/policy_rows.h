// Reporting policies as rows.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_POLICY_ROWS_H_
#define QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_POLICY_ROWS_H_

#include "clients/qmctl/words.h"
#include "quartermaster/ledger/v1/policies.pb.h"

namespace quartermaster::qmctl {

const RowSpec<ledger::v1::ReportingPolicy>& PolicySpec();

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_POLICY_ROWS_H_
