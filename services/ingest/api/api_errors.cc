#include "services/ingest/api/api_errors.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "services/common/errors/error.h"

namespace quartermaster::ingest {
namespace {

using absl::StatusCode;
using errors::ErrorKind;
using errors::MakeError;
using errors::RegisterErrorKind;

const ErrorKind kImportOutOfOrder =
    RegisterErrorKind({"ingest.import_out_of_order", StatusCode::kInvalidArgument, /*retryable=*/false});
const ErrorKind kChunkTooLarge =
    RegisterErrorKind({"ingest.chunk_too_large", StatusCode::kInvalidArgument, /*retryable=*/false});
const ErrorKind kTooManyImports =
    RegisterErrorKind({"ingest.too_many_imports", StatusCode::kResourceExhausted, /*retryable=*/true});
const ErrorKind kImportIdle =
    RegisterErrorKind({"ingest.import_idle", StatusCode::kDeadlineExceeded, /*retryable=*/false});
const ErrorKind kImportCancelled =
    RegisterErrorKind({"ingest.import_cancelled", StatusCode::kCancelled, /*retryable=*/false});

constexpr absl::Duration kRetryImportAfter = absl::Seconds(5);

}  // namespace

absl::Status ImportOutOfOrder(std::string_view got, std::string_view want) {
  return MakeError(kImportOutOfOrder,
                   absl::StrCat("request: got ", std::string(got), ", want ", std::string(want)));
}

absl::Status ChunkTooLarge(size_t got_bytes, size_t want_bytes_max) {
  return MakeError(kChunkTooLarge,
                   absl::StrCat("chunk: got ", got_bytes, " bytes, want at most ", want_bytes_max));
}

absl::Status TooManyImports(int running) {
  return errors::WithRetryDelay(
      MakeError(kTooManyImports,
                absl::StrCat("import: got ", running, " that run already, want a retry after the delay")),
      kRetryImportAfter);
}

absl::Status ImportIdle(absl::Duration got, absl::Duration want_less_than) {
  return MakeError(
      kImportIdle,
      absl::StrCat("import: got nothing for ", absl::FormatDuration(absl::Trunc(got, absl::Seconds(1))),
                   ", want a chunk or the end within ", absl::FormatDuration(want_less_than)));
}

absl::Status ImportCancelled() { return MakeError(kImportCancelled, "import: cancelled"); }

}  // namespace quartermaster::ingest
