#include "services/ingest/storage/storage_errors.h"

#include "absl/strings/str_cat.h"
#include "services/common/errors/error.h"
#include "services/ingest/domain/ingest_errors.h"

namespace quartermaster::ingest {
namespace {

using absl::StatusCode;
using errors::ErrorKind;
using errors::MakeError;
using errors::RegisterErrorKind;

const ErrorKind kStopping =
    RegisterErrorKind({"ingest.stopping", StatusCode::kUnavailable, /*retryable=*/true});
const ErrorKind kReportNotStorable =
    RegisterErrorKind({"ingest.report_not_storable", StatusCode::kInternal, /*retryable=*/false});
const ErrorKind kReportUnknown =
    RegisterErrorKind({"ingest.report_unknown", StatusCode::kNotFound, /*retryable=*/false});
const ErrorKind kReportBodyRetired =
    RegisterErrorKind({"ingest.report_body_retired", StatusCode::kFailedPrecondition, /*retryable=*/false});
const ErrorKind kBodyUnreadable =
    RegisterErrorKind({"ingest.body_unreadable", StatusCode::kDataLoss, /*retryable=*/false});
const ErrorKind kDictionaryMismatch =
    RegisterErrorKind({"ingest.dictionary_mismatch", StatusCode::kFailedPrecondition, false});

}  // namespace

absl::Status Stopping() {
  return MakeError(kStopping, "service: got a stop, want a retry at another replica or later");
}

absl::Status ReportNotStorable(const absl::Status& cause) {
  return MakeError(kReportNotStorable, absl::StrCat("report: got a refusal by the database (",
                                                    cause.message(), "), want one that it takes"));
}

absl::Status ReportUnknown(std::string_view name) {
  return MakeError(kReportUnknown,
                   absl::StrCat("name: got ", Quoted(name), ", want the name of a stored report"));
}

absl::Status ReportBodyRetired(std::string_view name) {
  return MakeError(kReportBodyRetired,
                   absl::StrCat("name: got ", Quoted(name),
                                ", whose body retention has taken, want a report that is still stored"));
}

absl::Status BodyUnreadable(std::string_view what) {
  return MakeError(kBodyUnreadable, absl::StrCat("body: got ", std::string(what), ", want what was stored"));
}

absl::Status DictionaryMismatch(int32_t dictionary_id) {
  return MakeError(kDictionaryMismatch, absl::StrCat("body_dictionaries: got other bytes under id ",
                                                     dictionary_id, ", want those of this program"));
}

}  // namespace quartermaster::ingest
