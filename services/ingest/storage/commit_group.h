// The reports of one group transaction, by Smart Account: who claims which identity, and what will
// be stored. Working data of one attempt; nothing here outlives it.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_COMMIT_GROUP_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_COMMIT_GROUP_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/time/time.h"
#include "services/ingest/storage/identity_decision.h"
#include "services/ingest/storage/pending_report.h"

namespace quartermaster::ingest {

// rum_reports.outcome: values are stored.
enum class StoredOutcome : int16_t { kNone = 0, kAccepted = 1, kConflict = 3, kSuperseding = 5 };

// A report of a group whose sender is known.
struct GroupReport {
  const Submission* submission = nullptr;
  PendingReport* report = nullptr;
  ReportAnswer* answer = nullptr;
  int64_t sender_id = 0;
  int64_t source_id = 0;
  // Its place in the change, in the order of arrival.
  int32_t place = 0;
  // kNone: no row.
  StoredOutcome stored = StoredOutcome::kNone;
};

// All reports of one identity in a group, in the order of arrival: they are decided one after the
// other, exactly as if each had come in a group of its own.
struct IdentityChain {
  std::span<GroupReport* const> reports;
  // Whether the first report's INSERT into report_identities took the identity.
  bool claimed = false;
  // What stands; from the database when not claimed.
  StandingReport standing = {};
  std::vector<OtherPayload> others = {};
  // Whether `standing` differs from the row.
  bool standing_changed = false;
  // How many of `others` are rows already.
  size_t others_stored = 0;

  int64_t source_id() const { return reports.front()->source_id; }
  int64_t report_id() const { return reports.front()->report->report_id; }
};

// The part of a group that belongs to one Smart Account: one change of the feed.
class AccountShare {
 public:
  AccountShare(int64_t smart_account_id, absl::Time received_at)
      : smart_account_id_(smart_account_id), received_at_(received_at) {}
  AccountShare(AccountShare&&) = default;

  void Add(GroupReport report);
  // After the last Add: sorts into chains by (source, report id).
  void BuildChains();

  // Decides the chain from its standing report on and sets answers and what is stored.
  void Decide(IdentityChain& chain);
  // Whether the chain's answer needs neither the row lock nor the other payloads: each report is
  // a plain duplicate of what stands.
  static bool IsPlainDuplicate(const IdentityChain& chain);

  int64_t smart_account_id() const { return smart_account_id_; }
  absl::Time received_at() const { return received_at_; }
  int64_t change_id() const { return change_id_; }
  void set_change_id(int64_t change_id) { change_id_ = change_id; }
  std::vector<GroupReport>& reports() { return reports_; }
  const std::vector<GroupReport>& reports() const { return reports_; }
  std::vector<IdentityChain>& chains() { return chains_; }
  const std::vector<IdentityChain>& chains() const { return chains_; }
  int32_t stored_count() const;

 private:
  StandingReport AsStanding(const GroupReport& report) const;
  void DecideOne(IdentityChain& chain, GroupReport& report);
  void Store(GroupReport& report, StoredOutcome outcome);

  int64_t smart_account_id_;
  absl::Time received_at_;
  int64_t change_id_ = 0;
  std::vector<GroupReport> reports_;
  std::vector<GroupReport*> sorted_;
  std::vector<IdentityChain> chains_;
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_COMMIT_GROUP_H_
