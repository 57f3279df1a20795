#include "services/common/ids/ids_errors.h"

#include "absl/strings/str_cat.h"
#include "services/common/errors/error.h"

namespace quartermaster::ids {
namespace {

using errors::MakeError;
using errors::RegisterErrorKind;

const errors::ErrorKind kPageTokenInvalid =
    RegisterErrorKind({"ids.page_token_invalid", absl::StatusCode::kInvalidArgument, /*retryable=*/false});
const errors::ErrorKind kPageTokenOfOtherFilter = RegisterErrorKind(
    {"ids.page_token_of_other_filter", absl::StatusCode::kInvalidArgument, /*retryable=*/false});
const errors::ErrorKind kPageSizeOutOfRange = RegisterErrorKind(
    {"ids.page_size_out_of_range", absl::StatusCode::kInvalidArgument, /*retryable=*/false});

}  // namespace

absl::Status PageTokenInvalid() {
  return MakeError(kPageTokenInvalid,
                   "page_token: got a damaged token, want next_page_token of the page before");
}

absl::Status PageTokenOfOtherFilter() {
  return MakeError(kPageTokenOfOtherFilter,
                   "page_token: got a token of another filter or order, want the same request as "
                   "for the page before");
}

absl::Status PageSizeOutOfRange(int got, int max) {
  return MakeError(kPageSizeOutOfRange, absl::StrCat("page_size: got ", got, ", want 0 to ", max));
}

}  // namespace quartermaster::ids
