#include "services/ledger/jobs/apply_batch.h"

#include <algorithm>
#include <exception>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/errors/error.h"
#include "services/common/pg/pg_errors.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/domain/home_rule.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/jobs/batch_context.h"
#include "services/ledger/jobs/book_usage.h"
#include "services/ledger/jobs/decoded_report.h"
#include "services/ledger/jobs/merge_ha_sets.h"
#include "services/ledger/storage/policy_store.h"
#include "services/ledger/storage/product_instance_store.h"
#include "services/ledger/storage/set_aside_store.h"

namespace quartermaster::ledger {
namespace {

std::string ReasonOf(const absl::Status& why) {
  return absl::StrCat(errors::ErrorId(why), ": ", why.message());
}

// What is known of the report and why it was set aside: as a row and as a finding.
SetAsideReport SetAsideOf(const StoredReport& report, const Source& source, const absl::Status& why) {
  return {.name = {report.smart_account_id, report.change_id, report.place},
          .product_instance_id = source.product_instance_id,
          .tag_id = source.tag_id,
          .reason = ReasonOf(why)};
}

void RaiseUnbookable(const StoredReport& report, const SetAsideReport& aside, FindingRows& findings) {
  findings.Raise(
      {report.smart_account_id, aside.product_instance_id, aside.tag_id, FindingKind::kUnbookableReport},
      report.received_at, absl::StrCat(report.change_id, "-", report.place, ": ", aside.reason));
}

// The steps in their order.
class Application {
 public:
  Application(pg::RawConnection& connection, SourceDirectory& directory, const BookingTerms& terms)
      : batch_{.connection = connection,
               .directory = directory,
               .terms = terms,
               .policies = {},
               .instances = {},
               .positions = {},
               .books = {},
               .findings = {}} {}

  absl::StatusOr<AppliedCounts> Run(std::span<const StoredReport> reports, int32_t incarnation) {
    RETURN_IF_ERROR(LoadPoliciesOf(reports));
    RETURN_IF_ERROR(Resolve(reports));
    RETURN_IF_ERROR(MergeHaSets(decoded_.reports(), batch_));
    RETURN_IF_ERROR(BookUsage(decoded_, batch_));
    NoteDoors();
    RETURN_IF_ERROR(Write(incarnation));
    counts_.reports = std::ssize(decoded_.reports());
    counts_.movements = batch_.books.movement_count();
    return counts_;
  }

 private:
  absl::Status LoadPoliciesOf(std::span<const StoredReport> reports) {
    std::set<int64_t> accounts;
    for (const StoredReport& report : reports) accounts.insert(report.smart_account_id);
    for (const int64_t account : accounts) batch_.books.Touch(account);
    ASSIGN_OR_RETURN(batch_.policies,
                     LoadPolicies(batch_.connection, std::vector(accounts.begin(), accounts.end())));
    return absl::OkStatus();
  }

  absl::Status Resolve(std::span<const StoredReport> reports) {
    ASSIGN_OR_RETURN(const std::vector<std::optional<Source>> sources,
                     batch_.directory.Resolve(batch_.connection, reports, batch_.terms.now));
    std::vector<InstanceKey> instances;
    for (size_t i = 0; i < reports.size(); ++i) {
      if (sources[i].has_value()) {
        instances.push_back({reports[i].smart_account_id, sources[i]->product_instance_id});
      }
    }
    ASSIGN_OR_RETURN(batch_.instances, batch_.directory.Instances(batch_.connection, instances));
    for (size_t i = 0; i < reports.size(); ++i) Take(reports[i], sources[i]);
    return absl::OkStatus();
  }

  // Only accepted reports are booked; the others leave a finding.
  void Take(const StoredReport& report, const std::optional<Source>& source) {
    if (!source.has_value()) {
      PutAside(report, {},
               ReportUnbookable(absl::StrCat("source ", report.source_id,
                                             ", which is unknown or of another Smart Account")));
      return;
    }
    NoteContact(report, *source);
    if (report.outcome == StoredOutcome::kConflict) {
      batch_.findings.Raise({report.smart_account_id, source->product_instance_id, source->tag_id,
                             FindingKind::kReportConflict},
                            report.received_at, absl::StrCat("report ", report.report_id));
      ++counts_.conflicts;
      return;
    }
    if (const absl::Status added = decoded_.Add(report, *source); !added.ok()) {
      PutAside(report, *source, added);
      return;
    }
    NoteMeasured(decoded_.reports().back());
  }

  void PutAside(const StoredReport& report, const Source& source, const absl::Status& why) {
    set_aside_.push_back(SetAsideOf(report, source, why));
    RaiseUnbookable(report, set_aside_.back(), batch_.findings);
    ++counts_.unbookable;
  }

  void NoteContact(const StoredReport& report, const Source& source) {
    const auto [contact, is_new] = contacts_.try_emplace(source.product_instance_id);
    Contact& noted = contact->second;
    if (is_new) {
      noted = {.smart_account_id = report.smart_account_id,
               .product_instance_id = source.product_instance_id,
               .first = report.received_at,
               .last = report.received_at,
               .last_measured_s = 0,
               .software_version = {},
               .verified = false};
    }
    noted.first = std::min(noted.first, report.received_at);
    noted.last = std::max(noted.last, report.received_at);
  }

  void NoteMeasured(const DecodedReport& report) {
    Contact& contact = contacts_.at(report.source.product_instance_id);
    contact.verified |= !report.unverifiable();
    if (report.last_measured_s >= contact.last_measured_s) {
      contact.last_measured_s = report.last_measured_s;
      contact.software_version = report.software_version;
    }
  }

  // A wrong door is a finding until the instance comes through its own again.
  void NoteDoors() {
    for (const DecodedReport& report : decoded_.reports()) {
      const auto& door = report.stored->door_virtual_account_id;
      if (!door.has_value()) continue;
      Instance& instance = batch_.instances.at(report.source.product_instance_id);
      const FindingKey key{report.stored->smart_account_id, instance.product_instance_id, 0,
                           FindingKind::kWrongVirtualAccount};
      const bool wrong = IsWrongDoor(door, instance.virtual_account_id);
      if (wrong) {
        batch_.findings.Raise(key, report.stored->received_at,
                              absl::StrCat("came through Virtual Account ", *door));
      } else if (instance.may_have_wrong_door) {
        batch_.findings.Resolve(key, report.stored->received_at);
      }
      if (wrong == instance.may_have_wrong_door) continue;
      instance.may_have_wrong_door = wrong;
      batch_.directory.Remember(instance);
    }
  }

  absl::Status Write(int32_t incarnation) {
    RETURN_IF_ERROR(batch_.positions.Save(batch_.connection));
    RETURN_IF_ERROR(batch_.books.Write(batch_.connection, incarnation,
                                       {.kind = ChangeKind::kReportsApplied,
                                        .actor = {},
                                        .request_id = {},
                                        .recorded_at = batch_.terms.now}));
    std::vector<Contact> contacts;
    for (auto& [id, contact] : contacts_) contacts.push_back(std::move(contact));
    RETURN_IF_ERROR(RecordContacts(batch_.connection, contacts));
    RETURN_IF_ERROR(InsertSetAside(batch_.connection, set_aside_, batch_.terms.now));
    return batch_.findings.Write(batch_.connection);
  }

  BatchContext batch_;
  DecodedReports decoded_;
  std::map<int64_t, Contact> contacts_;
  std::vector<SetAsideReport> set_aside_;
  AppliedCounts counts_;
};

}  // namespace

absl::StatusOr<AppliedCounts> ApplyBatch(pg::RawConnection& connection, SourceDirectory& directory,
                                         int32_t incarnation, std::span<const StoredReport> reports,
                                         const BookingTerms& terms) {
  if (reports.empty()) return AppliedCounts{};
  try {
    return Application(connection, directory, terms).Run(reports, incarnation);
  } catch (const std::bad_alloc&) {
    throw;  // nobody's fault
  } catch (const std::exception& error) {
    return ReportUnbookable(absl::StrCat("an exception (", error.what(), ")"));
  }
}

void AppliedCounts::Add(const AppliedCounts& other) {
  reports += other.reports;
  conflicts += other.conflicts;
  unbookable += other.unbookable;
  movements += other.movements;
}

bool IsAboutTheReports(const absl::Status& status, const pg::RawConnection& connection) {
  if (!connection.healthy() || pg::IsCommitInDoubt(status)) return false;
  const std::string_view id = errors::ErrorId(status);
  if (id == "ledger.report_unbookable" || id == "usage.digest_malformed") return true;
  const std::string state_class = pg::SqlStateOf(status).substr(0, 2);
  return state_class == "22" || state_class == "23" || state_class == "54";
}

absl::Status SetAside(pg::RawConnection& connection, SourceDirectory& directory, const StoredReport& report,
                      const absl::Status& why, absl::Time now) {
  Source source;
  // Whose report it is may be the very thing that cannot be said.
  RETURN_IF_ERROR(connection.Run("SAVEPOINT set_aside"));
  const auto sources = directory.Resolve(connection, {&report, 1}, now);
  if (!sources.ok()) {
    if (!IsAboutTheReports(sources.status(), connection)) return sources.status();
    directory.Clear();
    RETURN_IF_ERROR(connection.Run("ROLLBACK TO SAVEPOINT set_aside"));
  } else if (sources->front().has_value()) {
    source = *sources->front();
  }
  const SetAsideReport aside = SetAsideOf(report, source, why);
  RETURN_IF_ERROR(InsertSetAside(connection, {&aside, 1}, now));
  FindingRows findings;
  RaiseUnbookable(report, aside, findings);
  return findings.Write(connection);
}

}  // namespace quartermaster::ledger
