#include "services/ingest/api/report_results.h"

#include <charconv>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/common/errors/error.h"
#include "services/common/pg/raw_connection.h"
#include "services/ingest/domain/ingest_errors.h"

namespace quartermaster::ingest {
namespace {

const metrics::CounterSpec kReports = metrics::DeclareCounter(
    "quartermaster_ingest_reports_total",
    "Reports answered and known by identity, by outcome and verification.", {"outcome", "verification"});
const metrics::CounterSpec kRejected = metrics::DeclareCounter("quartermaster_ingest_rejected_reports_total",
                                                               "Reports rejected, by error id.", {"reason"});

// By ReportAnswer::Outcome and Verification.
constexpr const char* kOutcomes[] = {"accepted", "duplicate", "conflict"};
constexpr const char* kVerifications[] = {"", "verified", "unverifiable"};

v1::ReportResult BaseResult(const PreparedReport& report) {
  v1::ReportResult result;
  result.set_offset(report.offset);
  if (report.udi.product_id.empty() && report.udi.serial_number.empty()) return result;
  result.mutable_udi()->set_product_id(report.udi.product_id);
  result.mutable_udi()->set_serial_number(report.udi.serial_number);
  result.set_entitlement_tag(report.entitlement_tag);
  result.set_report_id(report.report_id);
  result.set_measurement_count(report.measurement_count);
  result.set_in_use(report.in_use);
  return result;
}

std::string HashText(const pg::Uuid& hash) {
  return absl::BytesToHexString({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

v1::ReportResult::Outcome OutcomeOf(ReportAnswer::Outcome outcome) {
  switch (outcome) {
    case ReportAnswer::Outcome::kAccepted:
      return v1::ReportResult::OUTCOME_ACCEPTED;
    case ReportAnswer::Outcome::kDuplicate:
      return v1::ReportResult::OUTCOME_DUPLICATE;
    case ReportAnswer::Outcome::kConflict:
      return v1::ReportResult::OUTCOME_CONFLICT;
    case ReportAnswer::Outcome::kRejected:
      break;
  }
  return v1::ReportResult::OUTCOME_REJECTED;
}

}  // namespace

void SetMicros(int64_t unix_us, google::protobuf::Timestamp& time) {
  time.set_seconds(unix_us / 1'000'000);
  time.set_nanos(static_cast<int32_t>(unix_us % 1'000'000 * 1000));
}

std::string NameOf(const StoredName& name) { return absl::StrCat(name.change_id, "-", name.place); }

std::optional<StoredName> ParseName(std::string_view text) {
  StoredName name;
  const char* end = text.data() + text.size();
  const auto change = std::from_chars(text.data(), end, name.change_id);
  if (change.ec != std::errc() || change.ptr == end || *change.ptr != '-') return std::nullopt;
  const auto place = std::from_chars(change.ptr + 1, end, name.place);
  if (place.ec != std::errc() || place.ptr != end) return std::nullopt;
  // One report has one name.
  if (NameOf(name) != text || name.change_id < 0 || name.place < 0) return std::nullopt;
  return name;
}

v1::ReportResult RejectedResult(const PreparedReport& report, const absl::Status& why) {
  v1::ReportResult result = BaseResult(report);
  result.set_outcome(v1::ReportResult::OUTCOME_REJECTED);
  // Of a report that could not be read nothing is known about its signature.
  if (absl::IsPermissionDenied(why)) {
    result.set_verification(quartermaster::common::v1::VERIFICATION_STATE_REJECTED);
  }
  result.set_reason(errors::ErrorId(why));
  result.set_message(std::string(why.message()));
  return result;
}

v1::ReportResult AnsweredResult(const PreparedReport& report, const ReportAnswer& answer) {
  if (answer.outcome == ReportAnswer::Outcome::kRejected) {
    return RejectedResult(report, answer.status);
  }
  v1::ReportResult result = BaseResult(report);
  result.set_outcome(OutcomeOf(answer.outcome));
  result.set_verification(static_cast<quartermaster::common::v1::VerificationState>(answer.verification));
  SetMicros(absl::ToUnixMicros(answer.received_at), *result.mutable_received_at());
  result.set_name(NameOf(answer.name));
  if (answer.outcome == ReportAnswer::Outcome::kConflict) {
    const absl::Status conflict =
        ReportConflict(HashText(report.payload_hash), result.name(),
                       absl::FormatTime("%Y-%m-%d%ET%H:%M:%SZ", answer.received_at, absl::UTCTimeZone()));
    result.set_reason(errors::ErrorId(conflict));
    result.set_message(std::string(conflict.message()));
  }
  return result;
}

void ForEachAnswer(
    const PreparedReports& prepared, const std::vector<ReportAnswer>& answers,
    absl::FunctionRef<void(const PreparedReport& report, const ReportAnswer& answer)> on_report) {
  size_t next = 0;
  for (size_t i = 0; i < prepared.reports.size(); ++i) {
    const PreparedReport& report = prepared.reports[i];
    if (next < prepared.pending_index.size() && prepared.pending_index[next] == i) {
      on_report(report, answers[next++]);
      continue;
    }
    ReportAnswer rejected;
    rejected.status = report.status;
    on_report(report, rejected);
  }
}

ResultCounters::ResultCounters(metrics::Registry& metrics) : metrics_(metrics) {
  for (int outcome = 0; outcome < 3; ++outcome) {
    for (int verification = 1; verification <= 2; ++verification) {
      answered_[outcome][verification] =
          &metrics.Get(kReports, {kOutcomes[outcome], kVerifications[verification]});
    }
  }
}

void ResultCounters::Count(const ReportAnswer& answer) {
  if (answer.outcome == ReportAnswer::Outcome::kRejected) return CountRejected(answer.status);
  answered_[static_cast<int>(answer.outcome)][static_cast<int>(answer.verification)]->Increment();
}

void ResultCounters::CountRejected(const absl::Status& why) {
  const std::string reason = errors::ErrorId(why);
  absl::MutexLock lock(&mutex_);
  metrics::Counter*& counter = rejected_[reason];
  if (counter == nullptr) counter = &metrics_.Get(kRejected, {reason});
  counter->Increment();
}

}  // namespace quartermaster::ingest
