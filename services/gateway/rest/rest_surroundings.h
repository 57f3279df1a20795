// What the calls of the REST listener share.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_REST_REST_SURROUNDINGS_H_
#define QUARTERMASTER_SERVICES_GATEWAY_REST_REST_SURROUNDINGS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "services/gateway/access/admission.h"
#include "services/gateway/access/authenticator.h"
#include "services/gateway/methods/call_journal.h"
#include "services/gateway/rest/route_table.h"
#include "services/gateway/upstream/upstreams.h"

namespace quartermaster::gateway {

// How long a client may take, and how much it may send.
struct RestLimits {
  int64_t body_bytes_max = 4 << 20;
  // Request line and fields.
  uint32_t header_bytes_max = 16 << 10;
  // From the first byte of a request to the end of its header; also of the TLS handshake.
  absl::Duration header_time_max = absl::Seconds(10);
  // For the whole body of a unary call, and for writing an answer.
  absl::Duration body_time_max = absl::Seconds(60);
  // Between two pieces of a streamed file, and two requests of a connection.
  absl::Duration idle_time_max = absl::Seconds(60);
  // Between two requests of a connection that has brought no good credential yet.
  absl::Duration unknown_idle_time_max = absl::Seconds(10);
  // Deadline of the call behind.
  absl::Duration call_deadline = absl::Seconds(30);
};

// Outlives the listener; all of it is thread-safe.
struct RestSurroundings {
  const RouteTable& routes;
  Authenticator& authenticator;
  Admission& admission;
  Upstreams& upstreams;
  CallJournal& journal;
  // One line per service that does not serve; empty = ready.
  std::function<std::string()> what_is_not_ready;
  std::string_view version;
  RestLimits limits;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_REST_REST_SURROUNDINGS_H_
