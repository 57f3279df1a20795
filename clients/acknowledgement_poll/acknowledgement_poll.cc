#include "clients/acknowledgement_poll/acknowledgement_poll.h"

#include <algorithm>

#include "clients/connection/client_errors.h"
#include "quartermaster/authority/v1/authority.grpc.pb.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::client {
namespace {

using authority::v1::AcknowledgementService;
using authority::v1::PollAcknowledgementsRequest;
using authority::v1::PollAcknowledgementsResponse;

absl::StatusOr<PollAcknowledgementsResponse> Page(const NodeConnection& node, const AcknowledgementPoll& poll,
                                                  const std::string& page_token) {
  const auto stub = AcknowledgementService::NewStub(node.channel());
  PollAcknowledgementsRequest request;
  request.set_smart_account(poll.smart_account);
  request.set_poll_id(poll.poll_id);
  request.set_page_token(page_token);
  PollAcknowledgementsResponse page;
  RETURN_IF_ERROR(node.Call([&](grpc::ClientContext& context) {
    page.Clear();
    return stub->PollAcknowledgements(&context, request, &page);
  }));
  return page;
}

}  // namespace

absl::StatusOr<PollAcknowledgementsResponse> FirstPage(const NodeConnection& node,
                                                       const AcknowledgementPoll& poll) {
  return Page(node, poll, "");
}

absl::StatusOr<PollEnd> ReadEveryPage(
    const NodeConnection& node, const AcknowledgementPoll& poll,
    absl::FunctionRef<absl::Status(const PollAcknowledgementsResponse&)> on_page) {
  PollEnd end;
  std::string token;
  while (true) {
    ASSIGN_OR_RETURN(const PollAcknowledgementsResponse page, Page(node, poll, token));
    RETURN_IF_ERROR(on_page(page));
    // A submission may become complete between two pages; the first one still lacks what came since.
    end.complete &= page.status() == PollAcknowledgementsResponse::STATUS_COMPLETE;
    end.poll_interval_s = std::max<int>(end.poll_interval_s, page.poll_interval_s());
    if (page.next_page_token().empty()) return end;
    if (page.next_page_token() == token) {
      return AnswerMalformed("next_page_token: got the one of this page, want that of the next");
    }
    token = page.next_page_token();
  }
}

}  // namespace quartermaster::client
