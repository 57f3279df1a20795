// Which product instances a filter means, page by page. Each page looks through a bounded number of rows in
// the order of an index, so it takes as long in the middle of a million as at their beginning, found or not.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_INSTANCE_SEARCH_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_INSTANCE_SEARCH_H_

#include <cstdint>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "services/ledger/storage/administration/product_instance_query.h"

namespace quartermaster::ledger {

// What holds for all; empty and absent say nothing.
struct InstanceFilter {
  int64_t smart_account_id = 0;
  std::optional<int64_t> virtual_account_id;
  // Substring of product id, serial number or hostname, without case.
  std::string search;
  // "PID" or "PID:SN", or the beginning of either.
  std::string udi_prefix;
  // Substring, without case.
  std::string hostname;
  // The consumer has a position of it.
  std::optional<int32_t> tag_id;
  // Beginning.
  std::string software_version;
  // Stored value of an open finding's kind.
  std::optional<int> finding;
  bool show_removed = false;
};

struct InstancePage {
  // In the order of (product id, serial number).
  std::vector<InstanceDetails> instances;
  // Where to go on; absent at the end.
  std::optional<UdiText> next;
};
// At most `limit` of those after `after`. Runs in the caller's transaction and throws what libpqxx throws.
InstancePage SearchInstances(pqxx::transaction_base& transaction, const InstanceFilter& filter,
                             const UdiText& after, int limit);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_ADMINISTRATION_INSTANCE_SEARCH_H_
