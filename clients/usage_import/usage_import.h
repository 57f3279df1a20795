// Sends one usage file of any size to a node and hands on the answers, in constant memory. Starts
// again from the first byte when the connection breaks: the node answers what it has already as
// duplicates.
#ifndef QUARTERMASTER_CLIENTS_USAGE_IMPORT_USAGE_IMPORT_H_
#define QUARTERMASTER_CLIENTS_USAGE_IMPORT_USAGE_IMPORT_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "clients/connection/node_connection.h"
#include "clients/usage_import/byte_source.h"
#include "quartermaster/ingest/v1/ingest.pb.h"

namespace quartermaster::client {

struct UsageImportOptions {
  std::string smart_account;
  std::string virtual_account;
  // Ask for the accepted reports one by one too.
  bool list_accepted = false;
  // Called from the thread of ImportUsage.
  std::function<void(const ingest::v1::ReportResult&)> on_result;
  std::function<void(const ingest::v1::ImportTotals&)> on_progress;
};

struct UsageImportOutcome {
  ingest::v1::ImportSummary summary;
  // More than 1 when the connection broke. Then the totals count what earlier attempts brought in
  // as duplicates, unless list_accepted is set.
  int attempts = 1;
};

// Bytes of one chunk.
inline constexpr size_t kImportChunkBytes = 256 << 10;

// Errors: of the node for the whole import; client.unreachable; client.file_unreadable. That the
// file broke off at some byte is no error here but stands in the summary.
absl::StatusOr<UsageImportOutcome> ImportUsage(const NodeConnection& node, ByteSource& source,
                                               const UsageImportOptions& options);

}  // namespace quartermaster::client

#endif  // QUARTERMASTER_CLIENTS_USAGE_IMPORT_USAGE_IMPORT_H_
