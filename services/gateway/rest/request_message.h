// From the parts of an HTTP request to the message of the RPC.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_REST_REQUEST_MESSAGE_H_
#define QUARTERMASTER_SERVICES_GATEWAY_REST_REQUEST_MESSAGE_H_

#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/gateway/rest/route_table.h"

namespace quartermaster::gateway {

using QueryParameters = std::vector<std::pair<std::string, std::string>>;

struct RequestParts {
  const RouteMatch* match = nullptr;
  const QueryParameters* query = nullptr;
  // Media type as it came, "" when there was none.
  std::string_view content_type;
  std::string body;
};

// Body, then path, then query. What the body or the path says already cannot be said again.
// `gateway.media_type_unsupported`, `gateway.body_malformed`, `gateway.field_invalid`.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> BuildRequestMessage(RequestParts parts);

// Sets the fields that a query names; each singular one once.
absl::Status SetFieldsFromQuery(google::protobuf::Message& message, const QueryParameters& query);

// Whether a body of this type is JSON; none is taken as JSON too.
bool IsJson(std::string_view content_type);

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_REST_REQUEST_MESSAGE_H_
