// Rows of usage_positions and usage_timeline_chunks on their way to the database, as the arrays that
// one statement each unnests.
#ifndef QUARTERMASTER_SERVICES_LEDGER_STORAGE_POSITION_ROWS_H_
#define QUARTERMASTER_SERVICES_LEDGER_STORAGE_POSITION_ROWS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/common/pg/raw_connection.h"
#include "services/ledger/storage/stored_position.h"

namespace quartermaster::ledger {

class PositionRows {
 public:
  void Reserve(size_t rows);
  void Add(StoredPosition& position);
  absl::Status Write(pg::RawConnection& connection) const;

 private:
  absl::Status WritePositions(pg::RawConnection& connection) const;
  absl::Status WriteChunks(pg::RawConnection& connection) const;

  std::vector<int64_t> accounts_, consumers_, virtual_accounts_, in_use_, latest_ends_, latest_reports_,
      latest_instances_, first_uses_, last_changes_, open_changes_;
  std::vector<int32_t> tags_, latest_places_, flags_, chunk_counts_;
  std::vector<std::string> points_, coverages_;

  std::vector<int64_t> chunk_accounts_, chunk_consumers_;
  std::vector<int32_t> chunk_tags_, chunk_numbers_;
  std::vector<std::string> chunk_points_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_STORAGE_POSITION_ROWS_H_
