#include "services/authority/storage/source_senders.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "services/authority/domain/authority_errors.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::authority {
namespace {

constexpr char kSelectSenders[] = R"sql(
SELECT k.smart_account_id, k.source_id, s.sender_id
FROM unnest($1::bigint[], $2::bigint[]) AS k(smart_account_id, source_id)
JOIN ingest_v1_sources s USING (smart_account_id, source_id))sql";

}  // namespace

absl::Status SourceSenders::Load(pg::RawConnection& connection, const std::set<SourceKey>& sources) {
  if (senders_.size() + sources.size() > remembered_max_) senders_.clear();
  std::vector<int64_t> accounts, source_ids;
  for (const SourceKey& source : sources) {
    if (senders_.contains(source)) continue;
    accounts.push_back(source.first);
    source_ids.push_back(source.second);
  }
  if (source_ids.empty()) return absl::OkStatus();
  pg::Params params;
  params.AddArray(accounts);
  params.AddArray(source_ids);
  ASSIGN_OR_RETURN(const pg::Result rows, connection.Execute(kSelectSenders, params));
  for (int row = 0; row < rows.rows(); ++row) {
    senders_[{rows.Int64(row, 0), rows.Int64(row, 1)}] = rows.Int64(row, 2);
  }
  if (rows.rows() == static_cast<int>(source_ids.size())) return absl::OkStatus();
  return StoredRowDamaged(absl::StrCat("rum_reports.source_id: got ", source_ids.size(),
                                       " sources, of which report_sources has ", rows.rows()));
}

}  // namespace quartermaster::authority
