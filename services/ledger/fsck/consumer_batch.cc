#include "services/ledger/fsck/consumer_batch.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace quartermaster::ledger::fsck {
namespace {

constexpr char kSelectMembers[] = R"sql(
  SELECT product_instance_id, ha_lead_id, virtual_account_id, udi_pid, udi_sn FROM product_instances
  WHERE smart_account_id = $1 AND product_instance_id = ANY($2::bigint[])
  UNION ALL
  SELECT product_instance_id, ha_lead_id, virtual_account_id, udi_pid, udi_sn FROM product_instances
  WHERE smart_account_id = $1 AND ha_lead_id = ANY($2::bigint[]) AND ha_lead_id <> product_instance_id)sql";
constexpr char kSelectPositions[] = R"sql(
  SELECT p.product_instance_id, p.tag_id, t.tag, p.virtual_account_id, p.in_use, p.latest_end_s,
         p.latest_report_id, p.latest_place, p.latest_product_instance_id, p.flags, p.first_use_s,
         p.last_change_s, p.open_change_s, p.chunk_count, p.points, p.coverage
  FROM usage_positions p JOIN license_tags t USING (tag_id)
  WHERE p.smart_account_id = $1 AND p.product_instance_id = ANY($2::bigint[]))sql";
constexpr char kSelectFormerHomes[] = R"sql(
  SELECT product_instance_id, until_s, virtual_account_id FROM former_homes
  WHERE smart_account_id = $1 AND product_instance_id = ANY($2::bigint[]))sql";
constexpr char kSelectChunks[] = R"sql(
  SELECT c.product_instance_id, t.tag, c.chunk, c.points
  FROM usage_timeline_chunks c JOIN license_tags t USING (tag_id)
  WHERE c.smart_account_id = $1 AND c.product_instance_id = ANY($2::bigint[])
  ORDER BY c.product_instance_id, c.tag_id, c.chunk)sql";

std::string Bytes(const pqxx::field& field) { return pqxx::binarystring(field).str(); }

PositionRow PositionOf(const pqxx::row& row) {
  PositionRow position;
  position.tag_id = row["tag_id"].as<int32_t>();
  position.virtual_account_id = row["virtual_account_id"].as<int64_t>();
  position.in_use = row["in_use"].as<int64_t>();
  position.latest_end_s = row["latest_end_s"].as<int64_t>();
  position.latest_report_id = row["latest_report_id"].as<int64_t>();
  position.latest_place = row["latest_place"].as<int64_t>();
  position.latest_product_instance_id = row["latest_product_instance_id"].as<int64_t>();
  position.flags = row["flags"].as<int32_t>();
  position.first_use_s = row["first_use_s"].as<int64_t>();
  position.last_change_s = row["last_change_s"].as<int64_t>();
  position.open_change_s = row["open_change_s"].as<int64_t>();
  position.chunk_count = row["chunk_count"].as<int32_t>();
  position.points = Bytes(row["points"]);
  position.coverage = Bytes(row["coverage"]);
  return position;
}

void NumberMembers(ConsumerBatch& batch) {
  std::sort(batch.members.begin(), batch.members.end(),
            [](const Member& a, const Member& b) { return a.udi < b.udi; });
  for (Member& member : batch.members) {
    std::vector<int64_t>& set = batch.members_of[member.lead_id];
    member.number = static_cast<int32_t>(set.size());
    set.push_back(member.product_instance_id);
    if (member.product_instance_id == member.lead_id) batch.home[member.lead_id] = member.virtual_account_id;
  }
}

}  // namespace

ConsumerBatch ReadConsumerBatch(pqxx::transaction_base& transaction, int64_t smart_account_id,
                                const std::vector<int64_t>& leads) {
  const std::string array = absl::StrCat("{", absl::StrJoin(leads, ","), "}");
  ConsumerBatch batch;
  for (const auto& row : transaction.exec_params(kSelectMembers, smart_account_id, array)) {
    Member& member = batch.members.emplace_back();
    member.product_instance_id = row[0].as<int64_t>();
    member.lead_id = row[1].as<int64_t>();
    member.virtual_account_id = row[2].as<int64_t>();
    member.udi = {row[3].as<std::string>(), row[4].as<std::string>()};
  }
  NumberMembers(batch);
  for (const auto& row : transaction.exec_params(kSelectFormerHomes, smart_account_id, array)) {
    batch.former_homes[row[0].as<int64_t>()][row[1].as<int64_t>()] = row[2].as<int64_t>();
  }
  for (const auto& row : transaction.exec_params(kSelectPositions, smart_account_id, array)) {
    batch.positions[{row[0].as<int64_t>(), row["tag"].as<std::string>()}] = PositionOf(row);
  }
  for (const auto& row : transaction.exec_params(kSelectChunks, smart_account_id, array)) {
    const auto position = batch.positions.find({row[0].as<int64_t>(), row[1].as<std::string>()});
    // A rule of its own names the others.
    if (position == batch.positions.end() || row[2].as<int32_t>() >= position->second.chunk_count) continue;
    position->second.chunks.push_back(Bytes(row[3]));
  }
  return batch;
}

}  // namespace quartermaster::ledger::fsck
