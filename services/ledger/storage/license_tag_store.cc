#include "services/ledger/storage/license_tag_store.h"

#include <string_view>
#include <vector>

#include "services/common/status/status_macros.h"

namespace quartermaster::ledger {
namespace {

constexpr char kSelectTags[] = "SELECT tag_id, tag FROM license_tags WHERE tag = ANY ($1)";

constexpr char kInsertUnknownTags[] =
    "INSERT INTO license_tags (tag, known, first_seen_at)"
    " SELECT tag, false, $2 FROM unnest($1::text[]) AS t (tag) ORDER BY tag"
    " ON CONFLICT (tag) DO NOTHING";

using TagIds = absl::flat_hash_map<std::string, int32_t>;

// Adds what is found to `ids`; returns the tags that are not there.
absl::StatusOr<std::vector<std::string_view>> Find(pg::RawConnection& connection,
                                                   const std::vector<std::string_view>& tags, TagIds& ids) {
  pg::Params params;
  params.AddTextArray(tags);
  ASSIGN_OR_RETURN(const pg::Result result, connection.Execute(kSelectTags, params));
  for (int row = 0; row < result.rows(); ++row) {
    ids.emplace(std::string(result.Bytes(row, 1)), result.Int32(row, 0));
  }
  std::vector<std::string_view> missing;
  for (const std::string_view tag : tags) {
    if (!ids.contains(std::string(tag))) missing.push_back(tag);
  }
  return missing;
}

}  // namespace

absl::StatusOr<TagIds> TagIdsOf(pg::RawConnection& connection, const std::set<std::string>& tags,
                                absl::Time now) {
  TagIds ids;
  ASSIGN_OR_RETURN(const std::vector<std::string_view> missing,
                   Find(connection, std::vector<std::string_view>(tags.begin(), tags.end()), ids));
  if (missing.empty()) return ids;
  pg::Params params;
  params.AddTextArray(missing);
  params.Add(now);
  RETURN_IF_ERROR(connection.Execute(kInsertUnknownTags, params).status());
  RETURN_IF_ERROR(Find(connection, missing, ids).status());
  return ids;
}

}  // namespace quartermaster::ledger
