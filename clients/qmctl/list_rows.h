// Prints every row of a paged list call, page by page, in constant memory.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_LIST_ROWS_H_
#define QUARTERMASTER_CLIENTS_QMCTL_LIST_ROWS_H_

#include <algorithm>
#include <cstdint>

#include "clients/qmctl/words.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::qmctl {

// The largest page that list calls answer.
inline constexpr int kPageSize = 1000;

// `rows` answers the rows of a response. limit: 0 = all. Nothing is printed when the first page
// fails.
template <typename Service, typename Request, typename Response, typename Row, typename Rows>
absl::StatusOr<ExitCode> ListRows(Invocation& invocation, const Section& section, const RowSpec<Row>& spec,
                                  grpc::Status (Service::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                        Response*),
                                  Request request, Rows rows, int64_t limit) {
  Output& output = invocation.output();
  int64_t left = limit > 0 ? limit : INT64_MAX;
  bool begun = false;
  do {
    request.set_page_size(static_cast<int>(std::min<int64_t>(left, kPageSize)));
    ASSIGN_OR_RETURN(const Response page, invocation.Call<Service>(method, request));
    if (!begun) {
      output.Begin();
      output.BeginRows(section, spec);
      begun = true;
    }
    for (const Row& row : rows(page)) {
      if (left-- <= 0) break;
      output.AddRow(spec, row);
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && left > 0);
  output.EndRows();
  output.End();
  return ExitCode::kOk;
}

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_LIST_ROWS_H_
