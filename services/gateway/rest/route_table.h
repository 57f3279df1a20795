// Which HTTP method and path means which RPC: read from the google.api.http annotations of the public
// protos, plus the two routes that take raw bodies.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_REST_ROUTE_TABLE_H_
#define QUARTERMASTER_SERVICES_GATEWAY_REST_ROUTE_TABLE_H_

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/gateway/domain/path_template.h"
#include "services/gateway/methods/method_directory.h"

namespace quartermaster::gateway {

struct Route {
  // "GET", "POST", …
  std::string http_method;
  PathTemplate path;
  const Method* method = nullptr;
  // The field that the body fills: "" = there is none, "*" = all fields that the path does not.
  std::string body;
  // The field that is answered; "" = the whole response.
  std::string response_body;
  // Bytes field that a body of another type than JSON fills as it is; "" = there is none.
  std::string raw_body;
  // The body is a file of any size that is streamed through; the answer is a line per message.
  bool streams_file = false;
};

struct RouteMatch {
  const Route* route = nullptr;
  std::vector<PathTemplate::Binding> bindings;
};

// Immutable; thread-safe.
class RouteTable {
 public:
  // InvalidArgument when an annotation cannot be read, names a field that is not there, or belongs
  // to a streaming method. `directory` outlives the table.
  static absl::StatusOr<RouteTable> Build(const MethodDirectory& directory);

  // `gateway.route_unknown`; `gateway.method_not_allowed` when the path is there for other methods,
  // which `allowed` then lists.
  absl::StatusOr<RouteMatch> Find(std::string_view http_method, std::span<const std::string> segments,
                                  std::vector<std::string>& allowed) const;

  const std::deque<Route>& routes() const { return routes_; }

 private:
  absl::Status AddMethod(const Method& method);
  absl::Status AddFileRoute(const MethodDirectory& directory);

  // The most specific first.
  std::deque<Route> routes_;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_REST_ROUTE_TABLE_H_
