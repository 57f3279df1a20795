// What the commands of product-instance share.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_PRODUCT_INSTANCE_H_
#define QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_PRODUCT_INSTANCE_H_

#include <CLI/CLI.hpp>
#include <string>

#include "clients/qmctl/words.h"
#include "quartermaster/ledger/v1/product_instances.pb.h"

namespace quartermaster::qmctl {

struct InstanceFilterOptions {
  std::string virtual_account, search, udi_prefix, hostname, tag, software_version, reporting, finding;
};
void AddFilterOptions(CLI::App& app, InstanceFilterOptions& options);
ledger::v1::ProductInstanceFilter FilterOf(const InstanceFilterOptions& options);

const RowSpec<ledger::v1::ProductInstance>& InstanceSpec();

// Adds move, remove and replace to the group product-instance.
void AddProductInstanceChanges(CLI::App& group, Invocation& invocation);

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_PRODUCT_INSTANCE_H_
