#include "services/ledger/openings/write_openings.h"

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/common/log/log.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::ledger {
namespace {

std::string MonthName(absl::Time from) { return absl::FormatTime("%Y-%m", from, absl::UTCTimeZone()); }

}  // namespace

absl::StatusOr<bool> WriteOpenings::RunOnce(absl::Time now) {
  ASSIGN_OR_RETURN(const std::optional<ReportMonth> month, store_.NextMonth(now - keep_));
  if (!month.has_value()) return false;
  ASSIGN_OR_RETURN(const int64_t draft_id, store_.NewDraft());
  OpeningHead head;
  RETURN_IF_ERROR(WriteDraft(*month, draft_id, head));
  ASSIGN_OR_RETURN(const OpeningHead last, store_.LastOpening());
  head.opening_id = last.opening_id + 1;
  head.previous_hash = last.previous_hash;
  head.received_from_us = absl::ToUnixMicros(month->from);
  head.received_until_us = absl::ToUnixMicros(month->until);
  head.signed_at_us = absl::ToUnixMicros(now);
  const crypto::Sha256Digest hash = OpeningHash(head);
  ASSIGN_OR_RETURN(const BlockSignature signature,
                   signer_({reinterpret_cast<const char*>(hash.data()), hash.size()}));
  const absl::Status appended = store_.Append(head, draft_id, signature);
  if (!appended.ok() && !absl::IsAlreadyExists(appended)) return appended;
  if (appended.ok()) {
    log::Info("opening written", {{"month", MonthName(month->from)},
                                  {"opening_id", head.opening_id},
                                  {"sources", head.source_count},
                                  {"reports", head.report_count}});
  }
  RETURN_IF_ERROR(store_.ForgetDrafts(draft_id));
  return true;
}

absl::Status WriteOpenings::WriteDraft(const ReportMonth& month, int64_t draft_id, OpeningHead& head) {
  SourcesHash hash;
  ASSIGN_OR_RETURN(const std::vector<int64_t> accounts, store_.SmartAccounts());
  for (const int64_t account : accounts) {
    for (int64_t after = 0;;) {
      ASSIGN_OR_RETURN(const OpeningPage page, store_.ReadPage(account, month, after));
      if (page.last_source_id == 0) break;
      RETURN_IF_ERROR(store_.WritePage(draft_id, account, page, hash));
      for (const OpeningSource& source : page.sources) head.report_count += std::ssize(source.reports);
      head.source_count += std::ssize(page.sources);
      for (const OpeningException& exception : page.exceptions) {
        log::Warning(
            "no opening can stand in for a report: it stays",
            {{"report", absl::StrCat(exception.change_id, "-", exception.place)}, {"why", exception.why}});
      }
      after = page.last_source_id;
    }
  }
  head.sources_hash = hash.Finish();
  return absl::OkStatus();
}

}  // namespace quartermaster::ledger
