// Lists of product activation keys (PAKs), read as the rights that they stand for.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_INPUT_PAK_ROWS_H_
#define QUARTERMASTER_CLIENTS_QMCTL_INPUT_PAK_ROWS_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/qmctl/input/import_rows.h"

namespace quartermaster::qmctl {

// What a list does not say itself.
struct PakDefaults {
  // By SKU; a column `tag` goes first.
  std::map<std::string, std::string> tags;
  std::optional<absl::Time> start;
  std::string virtual_account;
};

// Columns `sku` and `tag`. A SKU that stands twice for two tags is client.input_malformed.
absl::StatusOr<std::map<std::string, std::string>> ReadSkuTags(std::string_view text);

// One right for each PAK and SKU, named "PAK <pak> <sku>", so that a list can be imported again. Headings are
// taken without case and punctuation, "PAK #" as "pak", and have other names in the lists that are about:
//
//   pak               pak_number, pak_no, pak_id
//   sku               product_sku, license_sku, sku_name
//   tag               entitlement_tag
//   quantity          quantity_purchased, qty
//   start             start_date, issue_date, issued
//   end               end_date, expiration_date, term_end_date
//   virtual_account
//   order             order_number, sales_order_number; else the PAK stands for the order
//
// Other columns say nothing about rights and are left out; of two columns for one thing the row is refused.
absl::StatusOr<ImportRows<ledger::v1::Entitlement>> ReadPaks(std::string_view text,
                                                             const PakDefaults& defaults);

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_INPUT_PAK_ROWS_H_
