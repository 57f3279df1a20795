// The rows of the three import files, turned into requests.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_INPUT_IMPORT_ROWS_H_
#define QUARTERMASTER_CLIENTS_QMCTL_INPUT_IMPORT_ROWS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/qmctl/input/row_file.h"
#include "quartermaster/ledger/v1/catalog.pb.h"
#include "quartermaster/ledger/v1/entitlements.pb.h"
#include "quartermaster/ledger/v1/product_instances.pb.h"

namespace quartermaster::qmctl {

// What could be read of a file: rows that are well-formed with their places, and what is wrong with
// the others.
template <typename Row>
struct ImportRows {
  std::vector<Row> rows;
  std::vector<std::string> places;
  std::vector<RowProblem> problems;
};

// Columns: tag, display_name, description, enforcement (unenforced, enforced, export_controlled;
// default unenforced), term (perpetual, subscription; default subscription), substitutes_for.
absl::StatusOr<ImportRows<ledger::v1::LicenseTag>> ReadCatalog(std::string_view text);

// Columns: entitlement_id, virtual_account, tag, quantity, term (default: subscription when there
// is an end, else perpetual), start, end, subscription_id, order_id, overage_quantity. An end that
// is a date means the end of that day in UTC.
absl::StatusOr<ImportRows<ledger::v1::Entitlement>> ReadEntitlements(std::string_view text);

// Columns: product_id, serial_number, virtual_account, hostname.
absl::StatusOr<ImportRows<ledger::v1::ProductInstance>> ReadProductInstances(std::string_view text);

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_INPUT_IMPORT_ROWS_H_
