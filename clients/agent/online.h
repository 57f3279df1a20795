// A product instance that talks to its node: pushes usage, asks for acknowledgements.
#ifndef QUARTERMASTER_CLIENTS_AGENT_ONLINE_H_
#define QUARTERMASTER_CLIENTS_AGENT_ONLINE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/agent/acknowledge.h"
#include "clients/agent/state_directory.h"
#include "clients/connection/node_connection.h"
#include "quartermaster/common/v1/common.pb.h"
#include "quartermaster/ingest/v1/ingest.pb.h"

namespace quartermaster::agent {

struct OnlineOptions {
  std::string smart_account;
  std::string virtual_account;
};

// Submits every closed report that is not reported yet, in documents of bounded size, and saves
// after each answer. Answers the results in order.
absl::StatusOr<std::vector<ingest::v1::ReportResult>> SubmitUnreported(StateDirectory& directory,
                                                                       const client::NodeConnection& node,
                                                                       const OnlineOptions& options);

// Fetches and pins the authority's certificates when none are pinned; the connection has proved by then that
// it is the node.
absl::Status PinAuthority(StateDirectory& directory, const client::NodeConnection& node);

struct PollOutcome {
  std::vector<AcknowledgementTaken> taken;
  // Poll ids for which more will come.
  int64_t pending = 0;
  // A vendor's signature: only the vendor acknowledges.
  bool vendor_acknowledgement_required = false;
};

// Asks for every open poll id, takes acknowledgements over, and saves. The authority's CAs are
// fetched and pinned at the first poll; the connection has proved by then that it is the node.
absl::StatusOr<PollOutcome> PollAcknowledgements(StateDirectory& directory,
                                                 const client::NodeConnection& node,
                                                 const OnlineOptions& options);

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_ONLINE_H_
