#include "services/ledger/fsck/openings.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace quartermaster::ledger::fsck {
namespace {

constexpr char kSelectListed[] = R"sql(
  SELECT s.source_id, o.opening_id, floor(extract(epoch FROM o.received_from))::bigint AS from_s,
         floor(extract(epoch FROM o.received_until))::bigint AS until_s,
         format('%s:%s tag %s', s.udi_pid, s.udi_sn, s.entitlement_tag) AS source, l.reports
  FROM unnest($2::text[], $3::text[]) AS u (pid, sn)
  JOIN ingest_v1_sources s ON s.smart_account_id = $1 AND s.udi_pid = u.pid AND s.udi_sn = u.sn
  JOIN report_opening_sources l ON (l.smart_account_id, l.source_id) = (s.smart_account_id, s.source_id)
  JOIN report_openings o ON o.draft_id = l.draft_id
  ORDER BY o.opening_id)sql";

}  // namespace

Openings::Openings(pqxx::transaction_base& transaction, int64_t smart_account_id, const std::string& pids,
                   const std::string& sns, const FindingSink& sink) {
  for (const auto& row : transaction.exec_params(kSelectListed, smart_account_id, pids, sns)) {
    Listed listed{.opening_id = row["opening_id"].as<int64_t>(),
                  .from_s = row["from_s"].as<int64_t>(),
                  .until_s = row["until_s"].as<int64_t>(),
                  .source = row["source"].as<std::string>()};
    if (!UnpackOpenedReports(pqxx::binarystring(row["reports"]).str(), listed.reports)) {
      sink({"opening_differs", absl::StrCat("opening ", listed.opening_id, " ", listed.source), "unreadable",
            "a list of reports"});
    }
    listed.asked.resize(listed.reports.size());
    by_source_[row["source_id"].as<int64_t>()].push_back(std::move(listed));
  }
}

const OpenedReport* Openings::Find(int64_t source_id, int64_t report_id, int64_t received_s, bool verified) {
  const auto source = by_source_.find(source_id);
  if (source == by_source_.end()) return nullptr;
  const OpenedReport* answer = nullptr;
  for (Listed& listed : source->second) {
    const auto found = std::lower_bound(listed.reports.begin(), listed.reports.end(), report_id,
                                        [](const OpenedReport& a, int64_t id) { return a.report_id < id; });
    if (found == listed.reports.end() || found->report_id != report_id) continue;
    const bool of_its_month = received_s >= listed.from_s && received_s < listed.until_s;
    const bool replaced_later = verified && received_s >= listed.until_s;
    if (of_its_month || replaced_later) listed.asked[found - listed.reports.begin()] = true;
    if (of_its_month) answer = &*found;
  }
  return answer;
}

void Openings::ReportUnasked(const FindingSink& sink) const {
  for (const auto& [source_id, openings] : by_source_) {
    for (const Listed& listed : openings) {
      for (size_t i = 0; i < listed.reports.size(); ++i) {
        if (listed.asked[i]) continue;
        sink({"opening_report_missing",
              absl::StrCat("opening ", listed.opening_id, " ", listed.source, " report ",
                           listed.reports[i].report_id),
              "no identity of its month", "the identity of a report that it stands in for"});
      }
    }
  }
}

}  // namespace quartermaster::ledger::fsck
