// policy why: a deadline, rule by rule.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_POLICY_WHY_H_
#define QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_POLICY_WHY_H_

#include "clients/qmctl/words.h"
#include "quartermaster/ledger/v1/policies.pb.h"

namespace quartermaster::qmctl {

void PrintExplanation(Output& output, const ledger::v1::ExplainDeadlinesResponse& why);

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_POLICY_WHY_H_
