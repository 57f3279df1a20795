// What a submission's poll id stands for. A node answers it in pages; only all of them together say
// that nothing more will come.
#ifndef QUARTERMASTER_CLIENTS_ACKNOWLEDGEMENT_POLL_ACKNOWLEDGEMENT_POLL_H_
#define QUARTERMASTER_CLIENTS_ACKNOWLEDGEMENT_POLL_ACKNOWLEDGEMENT_POLL_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/connection/node_connection.h"
#include "quartermaster/authority/v1/authority.pb.h"

namespace quartermaster::client {

struct AcknowledgementPoll {
  // Domain or name; empty = the caller's.
  std::string smart_account;
  int64_t poll_id = 0;
};

// What the pages say together.
struct PollEnd {
  // Whether each of them said that nothing more will come.
  bool complete = true;
  // The longest that one of them asks to wait; 0 when complete.
  int poll_interval_s = 0;
};

// The first page alone: enough to know whether the submission is complete.
absl::StatusOr<authority::v1::PollAcknowledgementsResponse> FirstPage(const NodeConnection& node,
                                                                      const AcknowledgementPoll& poll);

// Hands every page to `on_page`, in order and at least one, each as soon as it is there. Ends with the
// first error of a call or of `on_page`; client.answer_malformed when the pages lead nowhere.
absl::StatusOr<PollEnd> ReadEveryPage(
    const NodeConnection& node, const AcknowledgementPoll& poll,
    absl::FunctionRef<absl::Status(const authority::v1::PollAcknowledgementsResponse&)> on_page);

}  // namespace quartermaster::client

#endif  // QUARTERMASTER_CLIENTS_ACKNOWLEDGEMENT_POLL_ACKNOWLEDGEMENT_POLL_H_
