#include "services/ingest/api/show_reports.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/signature.h"
#include "services/common/ids/ids_errors.h"
#include "services/common/ids/page_token.h"
#include "services/common/status/status_macros.h"
#include "services/common/usage/digest.h"
#include "services/ingest/api/measurement_details.h"
#include "services/ingest/api/report_results.h"
#include "services/ingest/domain/report_parser.h"
#include "services/ingest/storage/storage_errors.h"

namespace quartermaster::ingest {
namespace {

void SetTime(int64_t unix_s, google::protobuf::Timestamp& time) { time.set_seconds(unix_s); }

v1::ReportSummary::Progress ProgressOf(const StoredReport& stored) {
  if (stored.outcome == StoredOutcome::kConflict) return v1::ReportSummary::PROGRESS_CONFLICT;
  if (stored.superseded) return v1::ReportSummary::PROGRESS_SUPERSEDED;
  if (stored.acknowledged) return v1::ReportSummary::PROGRESS_ACKNOWLEDGED;
  if (stored.applied) return v1::ReportSummary::PROGRESS_APPLIED;
  return v1::ReportSummary::PROGRESS_RECEIVED;
}

void FillMeasured(const std::vector<Measurement>& measurements, v1::ReportSummary& summary) {
  summary.set_measurement_count(static_cast<int32_t>(measurements.size()));
  if (measurements.empty()) return;
  ParsedReport report;
  report.measurements = measurements;
  summary.set_in_use(report.InUse());
  int64_t start_s = measurements.front().start_s, end_s = measurements.front().end_s;
  for (const Measurement& measurement : measurements) {
    start_s = std::min(start_s, measurement.start_s);
    end_s = std::max(end_s, measurement.end_s);
    if (measurement.flags & kClockSuspect) summary.set_clock_suspect(true);
  }
  SetTime(start_s, *summary.mutable_start_time());
  SetTime(end_s, *summary.mutable_end_time());
}

void FillSummary(const StoredReport& stored, const usage::Digest& digest, v1::ReportSummary& summary) {
  summary.set_name(NameOf(stored.name));
  summary.mutable_udi()->set_product_id(stored.udi.product_id);
  summary.mutable_udi()->set_serial_number(stored.udi.serial_number);
  summary.set_entitlement_tag(stored.entitlement_tag);
  summary.set_report_id(stored.report_id);
  summary.set_verification(static_cast<quartermaster::common::v1::VerificationState>(stored.verification));
  SetMicros(absl::ToUnixMicros(stored.received_at), *summary.mutable_received_at());
  summary.set_progress(ProgressOf(stored));
  summary.set_stored_bytes(stored.body_bytes);
  FillMeasured(digest.measurements, summary);
}

uint64_t FilterOf(const ReportFilter& filter) {
  return ids::FilterHash({"ListReports", absl::StrCat(filter.smart_account_id), filter.udi.product_id,
                          filter.udi.serial_number, filter.entitlement_tag});
}

std::optional<int64_t> Number(const std::string& text) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

// The keys of a token are our own words: received_at in microseconds, and the name.
absl::StatusOr<ListedAfter> ParsePosition(const std::string& token, const ReportFilter& filter) {
  ASSIGN_OR_RETURN(const std::vector<std::string> keys, ids::ParsePageToken(token, FilterOf(filter)));
  if (keys.empty()) return ListedAfter();
  if (keys.size() == 2) {
    const std::optional<int64_t> micros = Number(keys[0]);
    const std::optional<StoredName> name = ParseName(keys[1]);
    if (micros.has_value() && name.has_value()) {
      return ListedAfter{absl::FromUnixMicros(*micros), *name};
    }
  }
  return ids::PageTokenInvalid();
}

std::string PositionToken(const StoredReport& last, const ReportFilter& filter) {
  return ids::MakePageToken({absl::StrCat(absl::ToUnixMicros(last.received_at)), NameOf(last.name)},
                            FilterOf(filter));
}

void FillMeasurements(const std::vector<Measurement>& measurements,
                      const std::vector<MeasurementDetails>& details, v1::Report& report) {
  for (size_t i = 0; i < measurements.size(); ++i) {
    v1::Report::Measurement& shown = *report.add_measurements();
    SetTime(measurements[i].start_s, *shown.mutable_start_time());
    SetTime(measurements[i].end_s, *shown.mutable_end_time());
    shown.set_count(measurements[i].count);
    shown.set_clock_suspect((measurements[i].flags & kClockSuspect) != 0);
    if (i >= details.size()) continue;
    if (details[i].log_time_s != 0) SetTime(details[i].log_time_s, *shown.mutable_log_time());
    shown.set_metric_name(details[i].metric_name);
    shown.set_termination_reason(details[i].termination_reason);
    shown.set_close_reason(details[i].close_reason);
  }
}

}  // namespace

absl::Status ShowReports::List(const std::string& smart_account, absl::Time deadline,
                               const v1::ListReportsRequest& request, v1::ListReportsResponse& response) {
  ASSIGN_OR_RETURN(const Door door, accounts_.Find(smart_account, "", deadline));
  ASSIGN_OR_RETURN(const int page_size, ids::PageSize(request.page_size()));
  const ReportFilter filter = {.smart_account_id = door.smart_account_id,
                               .udi = {request.product_id(), request.serial_number()},
                               .entitlement_tag = request.entitlement_tag()};
  ASSIGN_OR_RETURN(const ListedAfter after, ParsePosition(request.page_token(), filter));
  // One more than the page tells whether there is a next one.
  ASSIGN_OR_RETURN(std::vector<StoredReport> reports, reader_.List(filter, after, page_size + 1));
  const bool more = static_cast<int>(reports.size()) > page_size;
  if (more) reports.pop_back();
  usage::Digest digest;
  for (const StoredReport& stored : reports) {
    RETURN_IF_ERROR(usage::DecodeDigest(stored.digest, digest));
    FillSummary(stored, digest, *response.add_reports());
  }
  if (more) response.set_next_page_token(PositionToken(reports.back(), filter));
  return absl::OkStatus();
}

absl::Status ShowReports::Get(const std::string& smart_account, absl::Time deadline,
                              const v1::GetReportRequest& request, v1::Report& response) {
  const std::optional<StoredName> name = ParseName(request.name());
  if (!name.has_value()) return ReportUnknown(request.name());
  ASSIGN_OR_RETURN(const Door door, accounts_.Find(smart_account, "", deadline));
  ASSIGN_OR_RETURN(const std::optional<StoredReport> stored, reader_.Get(door.smart_account_id, *name));
  if (!stored.has_value()) {
    ASSIGN_OR_RETURN(const bool retired, reader_.WasRetired(door.smart_account_id, *name));
    return retired ? ReportBodyRetired(request.name()) : ReportUnknown(request.name());
  }
  return FillReport(*stored, response);
}

absl::Status ShowReports::FillReport(const StoredReport& stored, v1::Report& report) {
  usage::Digest digest;
  RETURN_IF_ERROR(usage::DecodeDigest(stored.digest, digest));
  FillSummary(stored, digest, *report.mutable_summary());
  report.set_software_version(digest.software_version);
  ASSIGN_OR_RETURN(const auto dictionary, dictionaries_.Find(stored.dictionary_id));
  ASSIGN_OR_RETURN(*report.mutable_raw(), BodyCodec().Decompress(*dictionary, stored.body));
  ParsedReport parsed;
  RETURN_IF_ERROR(ReportParser().Parse(report.raw(), absl::ToUnixSeconds(stored.received_at), parsed));
  FillMeasurements(parsed.measurements, ReadMeasurementDetails(parsed.payload), report);
  const crypto::Sha256Digest hash = crypto::Sha256(parsed.payload);
  report.set_payload_sha256(
      crypto::HexEncode(std::string_view(reinterpret_cast<const char*>(hash.data()), hash.size())));
  return absl::OkStatus();
}

}  // namespace quartermaster::ingest
