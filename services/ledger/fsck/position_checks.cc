#include "services/ledger/fsck/position_checks.h"

#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/ledger/fsck/consumer_batch.h"
#include "services/ledger/fsck/entry_stream.h"
#include "services/ledger/fsck/retired_reports.h"
#include "services/ledger/fsck/stored_reports.h"
#include "services/ledger/fsck/timeline_checks.h"
#include "services/ledger/fsck/timeline_oracle.h"
#include "services/ledger/fsck/usage_oracle.h"

namespace quartermaster::ledger::fsck {
namespace {

// Consumers read at a time: bounds memory by the reports of so many.
constexpr int kConsumersPerBatch = 50;

constexpr char kSelectLeads[] = R"sql(
  SELECT product_instance_id FROM product_instances
  WHERE smart_account_id = $1 AND product_instance_id > $2 AND ha_lead_id = product_instance_id
  ORDER BY product_instance_id LIMIT $3)sql";
constexpr char kSelectPolicy[] = R"sql(
  SELECT floor(extract(epoch FROM effective_at))::bigint, counts, posted_at IS NOT NULL
  FROM unverifiable_policies WHERE smart_account_id = $1 ORDER BY effective_at)sql";
// A release ends the use when it is made, or at the latest measurement when that ends later; a policy
// switch that it posts on the way is earlier. Where the consumer moved after it, what it ends moves too.
constexpr char kSelectReleases[] = R"sql(
  SELECT p.ha_lead_id, t.tag, floor(extract(epoch FROM greatest(
           max(e.effective_at) FILTER (WHERE e.from_state <> e.to_state), c.recorded_at)))::bigint
  FROM ledger_changes c
  JOIN ledger_entries e USING (smart_account_id, recorded_at, change_id)
  JOIN product_instances p USING (smart_account_id, product_instance_id)
  JOIN license_tags t ON t.tag_id = e.tag_id
  WHERE c.smart_account_id = $1 AND c.kind = 4 AND e.book = 2
  GROUP BY c.change_id, c.recorded_at, p.ha_lead_id, t.tag)sql";

class AccountCheck {
 public:
  AccountCheck(pqxx::transaction_base& transaction, int64_t smart_account_id, const FindingSink& sink,
               Totals& totals)
      : transaction_(transaction),
        smart_account_id_(smart_account_id),
        sink_(sink),
        totals_(totals),
        reports_(transaction),
        entries_(transaction, smart_account_id) {
    CountingPolicy policy;
    bool posted = true;
    for (const auto& row : transaction_.exec_params(kSelectPolicy, smart_account_id)) {
      if (posted && !row[2].as<bool>()) policies_.push_back(policy);
      posted = row[2].as<bool>();
      policy[row[0].as<int64_t>()] = row[1].as<bool>();
      if (!posted) policies_.push_back(policy);
    }
    if (posted) policies_.push_back(policy);
    for (const auto& row : transaction_.exec_params(kSelectReleases, smart_account_id)) {
      releases_[{row[0].as<int64_t>(), row[1].as<std::string>()}].insert(row[2].as<int64_t>());
    }
  }

  bool Run(const Progress& progress) {
    int64_t last = 0;
    while (true) {
      const auto rows = transaction_.exec_params(kSelectLeads, smart_account_id_, last, kConsumersPerBatch);
      if (rows.empty()) break;
      std::vector<int64_t> leads;
      for (const auto& row : rows) leads.push_back(row[0].as<int64_t>());
      last = leads.back();
      CheckBatch(leads);
      if (!progress(absl::StrCat("positions of account ", smart_account_id_, ": ", totals_.reports,
                                 " reports read"))) {
        return false;
      }
    }
    CheckEntriesWithoutConsumer(entries_.TakeAll(), {});
    return true;
  }

 private:
  void CheckBatch(const std::vector<int64_t>& leads) {
    ConsumerBatch batch = ReadConsumerBatch(transaction_, smart_account_id_, leads);
    auto usage = reports_.Read(smart_account_id_, batch.members, sink_, totals_);
    DeltasByPosition deltas = entries_.TakeThrough(leads.back());
    for (auto& [key, stored] : usage) {
      const auto position = batch.positions.find(key);
      if (position == batch.positions.end()) {
        if (!stored.in_flight &&
            !(stored.points.empty() && stored.silent.empty() && !RetiredMeasured(stored))) {
          sink_({"position_missing", Subject(key), "none",
                 absl::StrCat(stored.points.size(), " measurements, ", stored.retired.size(),
                              " reports that an opening stands in for")});
        }
        continue;
      }
      ++totals_.positions;
      DeltasByHome booked;
      if (auto node = deltas.extract({key.first, position->second.tag_id})) booked = std::move(node.mapped());
      if (!stored.in_flight) Judge(key, position->second, batch, stored, booked);
      batch.positions.erase(position);
    }
    for (const auto& [key, position] : batch.positions) {
      sink_({"position_unexpected", Subject(key), absl::StrCat(position.in_use, " in use"),
             "no stored report"});
    }
    CheckEntriesWithoutConsumer(deltas, usage);
  }

  // The differences under the policy by which there are fewest: none when it is posted everywhere.
  void Judge(const ConsumerTag& key, const PositionRow& got, const ConsumerBatch& batch, StoredUsage& stored,
             const DeltasByHome& booked) {
    AddRetired(got, batch.members_of.at(key.first), stored, sink_);
    for (int64_t release_s : releases_[key]) {
      OraclePoint release;
      release.start_s = release.end_s = release_s;
      release.release = true;
      stored.points.push_back(release);
    }
    const TimelineOracle timeline(std::move(stored.points));
    std::optional<std::vector<Finding>> fewest;
    for (const CountingPolicy& policy : policies_) {
      const UsageOracle oracle(timeline.points(), policy);
      std::vector<Finding> found = Differences(key, got, batch, oracle, booked);
      CompareTimeline(got,
                      {.timeline = &timeline,
                       .latest = oracle.Latest(),
                       .members = &batch.members_of.at(key.first),
                       .silent = &stored.silent,
                       .policy = &policy},
                      Subject(key), found);
      if (!fewest.has_value() || found.size() < fewest->size()) fewest = std::move(found);
    }
    for (const Finding& finding : *fewest) sink_(finding);
  }

  std::vector<Finding> Differences(const ConsumerTag& key, const PositionRow& got, const ConsumerBatch& batch,
                                   const UsageOracle& oracle, const DeltasByHome& booked) const {
    std::vector<Finding> found;
    const auto differs = [&](const char* what, std::string is, std::string should) {
      found.push_back(
          {"position_differs", absl::StrCat(Subject(key), " ", what), std::move(is), std::move(should)});
    };
    if (got.in_use != oracle.InTheEnd()) {
      differs("in use", absl::StrCat(got.in_use), absl::StrCat(oracle.InTheEnd()));
    }
    const OraclePoint none;
    const OraclePoint* latest = oracle.Latest() == nullptr ? &none : oracle.Latest();
    if (std::tie(got.latest_end_s, got.latest_report_id, got.latest_place) !=
        std::tie(latest->end_s, latest->report_id, latest->place)) {
      differs("latest measurement", Name(got.latest_end_s, got.latest_report_id, got.latest_place),
              Name(latest->end_s, latest->report_id, latest->place));
    }
    const int64_t reporter =
        oracle.Latest() == nullptr ? 0 : batch.members_of.at(key.first).at(latest->member);
    if (got.latest_product_instance_id != reporter) {
      differs("reporter of the latest measurement", absl::StrCat(got.latest_product_instance_id),
              absl::StrCat(reporter));
    }
    if (const int64_t home = batch.home.at(key.first); got.virtual_account_id != home) {
      differs("virtual account", absl::StrCat(got.virtual_account_id), absl::StrCat(home));
    }
    CompareHistory(key, HomesOf(key.first, batch), oracle, booked, found);
    return found;
  }

  static std::string Name(int64_t end_s, int64_t report_id, int64_t place) {
    return absl::StrCat("end ", end_s, " report ", report_id, " place ", place);
  }

  // Where a consumer was at home: from when on, Unix seconds, and in which Virtual Account.
  using Homes = std::vector<std::pair<int64_t, int64_t>>;
  static Homes HomesOf(int64_t lead, const ConsumerBatch& batch) {
    Homes homes;
    int64_t since = std::numeric_limits<int64_t>::min();
    if (const auto former = batch.former_homes.find(lead); former != batch.former_homes.end()) {
      for (const auto& [until, account] : former->second) {
        homes.emplace_back(since, account);
        since = until;
      }
    }
    homes.emplace_back(since, batch.home.at(lead));
    return homes;
  }

  // What should be in use in one Virtual Account at every time at which that changes: all while the consumer
  // is at home there, nothing else.
  static std::map<int64_t, int64_t> FiguresAt(int64_t account, const Homes& homes,
                                              const UsageOracle& oracle) {
    std::map<int64_t, int64_t> figures;
    for (size_t i = 0; i < homes.size(); ++i) {
      if (homes[i].second != account) continue;
      const int64_t since = homes[i].first;
      const bool last = i + 1 == homes.size();
      int64_t at_start = 0;
      for (const auto& [time, figure] : oracle.figures()) {
        if (time <= since) at_start = figure;
        if (time > since && (last || time < homes[i + 1].first)) figures[time] = figure;
      }
      if (i > 0) figures[since] = at_start;
      if (!last && homes[i + 1].second != account) figures[homes[i + 1].first] = 0;
    }
    return figures;
  }

  void CompareHistory(const ConsumerTag& key, const Homes& homes, const UsageOracle& oracle,
                      const DeltasByHome& booked, std::vector<Finding>& found) const {
    std::set<int64_t> accounts;
    for (const auto& [since, account] : homes) accounts.insert(account);
    for (const auto& [account, deltas] : booked) accounts.insert(account);
    for (const int64_t account : accounts) {
      const auto there = booked.find(account);
      CompareAt(key, account, there == booked.end() ? DeltasByTime() : there->second,
                FiguresAt(account, homes, oracle), found);
    }
  }

  // At every time at which either side changes, both must say the same.
  void CompareAt(const ConsumerTag& key, int64_t account, const DeltasByTime& booked,
                 const std::map<int64_t, int64_t>& figures, std::vector<Finding>& found) const {
    std::map<int64_t, int64_t> booked_figures;
    int64_t sum = 0;
    for (const auto& [time, delta] : booked) booked_figures[time] = sum += delta;
    auto is = booked_figures.begin();
    auto should = figures.begin();
    int64_t is_figure = 0, should_figure = 0;
    while (is != booked_figures.end() || should != figures.end()) {
      const bool take_is =
          should == figures.end() || (is != booked_figures.end() && is->first <= should->first);
      const int64_t time = take_is ? is->first : should->first;
      if (is != booked_figures.end() && is->first == time) is_figure = (is++)->second;
      if (should != figures.end() && should->first == time) should_figure = (should++)->second;
      if (is_figure == should_figure) continue;
      found.push_back({"usage_entries_differ",
                       absl::StrCat(Subject(key), " in virtual account ", account, " at ", time),
                       absl::StrCat(is_figure), absl::StrCat(should_figure)});
      return;
    }
  }

  // Entries of a product instance that is no consumer (any more), or of a tag it never reported.
  void CheckEntriesWithoutConsumer(const DeltasByPosition& deltas,
                                   const std::map<ConsumerTag, StoredUsage>& usage) {
    for (const auto& [position, booked] : deltas) {
      bool in_flight = false;
      for (const auto& [key, stored] : usage) in_flight |= key.first == position.first && stored.in_flight;
      for (const auto& [account, deltas] : booked) {
        int64_t sum = 0;
        for (const auto& [time, delta] : deltas) {
          sum += delta;
          if (sum == 0 || in_flight) continue;
          sink_({"usage_entries_differ",
                 absl::StrCat("account ", smart_account_id_, " product instance ", position.first, " tag id ",
                              position.second, " in virtual account ", account, " at ", time),
                 absl::StrCat(sum), "0"});
          break;
        }
      }
    }
  }

  std::string Subject(const ConsumerTag& key) const {
    return absl::StrCat("account ", smart_account_id_, " product instance ", key.first, " tag ", key.second);
  }

  pqxx::transaction_base& transaction_;
  const int64_t smart_account_id_;
  const FindingSink& sink_;
  Totals& totals_;
  StoredReports reports_;
  EntryStream entries_;
  // The policy in force; while switches are being posted, position by position, also those before.
  std::vector<CountingPolicy> policies_;
  std::map<ConsumerTag, std::set<int64_t>> releases_;
};

}  // namespace

bool CheckPositions(pqxx::transaction_base& transaction, int64_t smart_account_id, const FindingSink& sink,
                    const Progress& progress, Totals& totals) {
  // Each batch looks up a few consumers by key, which no statistics should talk the planner out of.
  transaction.exec(
      "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off");
  const bool whole = AccountCheck(transaction, smart_account_id, sink, totals).Run(progress);
  transaction.exec(
      "SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on; SET LOCAL enable_seqscan = on");
  return whole;
}

}  // namespace quartermaster::ledger::fsck
