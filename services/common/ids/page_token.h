// Page tokens of list calls: keyset positions, opaque to callers, and bound to the filter that they
// were made for. A token tells nothing that the caller has not seen on the page before.
//
//   const uint64_t filter = ids::FilterHash({request.smart_account(), request.entitlement_tag()});
//   ASSIGN_OR_RETURN(const auto after, ids::ParsePageToken(request.page_token(), filter));
//   … WHERE (received_at, name) < (after[0], after[1]) …
//   response.set_next_page_token(ids::MakePageToken({last.received_at, last.name}, filter));
#ifndef QUARTERMASTER_SERVICES_COMMON_IDS_PAGE_TOKEN_H_
#define QUARTERMASTER_SERVICES_COMMON_IDS_PAGE_TOKEN_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace quartermaster::ids {

// Over every field that selects or orders rows; give the call's name first. Page size is no part.
uint64_t FilterHash(std::initializer_list<std::string_view> parts);

// `keys` are the sort columns of the last row of the page, as text.
std::string MakePageToken(const std::vector<std::string>& keys, uint64_t filter_hash);

// The keys; an empty vector for an empty token (first page). `ids.page_token_invalid` when the
// token is damaged, `ids.page_token_of_other_filter` when the filter changed.
absl::StatusOr<std::vector<std::string>> ParsePageToken(std::string_view token, uint64_t filter_hash);

// 0 = `fallback`; `ids.page_size_out_of_range` below 0; larger than `max` is cut to it.
absl::StatusOr<int> PageSize(int requested, int fallback = 100, int max = 1000);

}  // namespace quartermaster::ids

#endif  // QUARTERMASTER_SERVICES_COMMON_IDS_PAGE_TOKEN_H_
