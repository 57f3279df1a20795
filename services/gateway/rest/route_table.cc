#include "services/gateway/rest/route_table.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/api/annotations.pb.h"
#include "services/common/status/status_macros.h"
#include "services/gateway/gateway_errors.h"
#include "services/gateway/rest/field_path.h"

namespace quartermaster::gateway {
namespace {

using google::api::HttpRule;

// A document in a device's own form goes in as it is.
constexpr std::string_view kRawBodyMethod = "quartermaster.ingest.v1.UsageService/SubmitReports";
constexpr char kRawBodyField[] = "document";

// A stream has no annotation; this is its REST form.
constexpr char kFileMethodPath[] = "/quartermaster.ingest.v1.UsageService/ImportUsage";
constexpr char kFilePath[] = "/quartermaster/v1/usage:import";

std::pair<std::string, std::string> MethodAndPath(const HttpRule& rule) {
  switch (rule.pattern_case()) {
    case HttpRule::kGet:
      return {"GET", rule.get()};
    case HttpRule::kPut:
      return {"PUT", rule.put()};
    case HttpRule::kPost:
      return {"POST", rule.post()};
    case HttpRule::kDelete:
      return {"DELETE", rule.delete_()};
    case HttpRule::kPatch:
      return {"PATCH", rule.patch()};
    case HttpRule::kCustom:
      return {rule.custom().kind(), rule.custom().path()};
    case HttpRule::PATTERN_NOT_SET:
      break;
  }
  return {"", ""};
}

absl::StatusOr<Route> MakeRoute(const Method& method, const HttpRule& rule) {
  const auto [http_method, path] = MethodAndPath(rule);
  ASSIGN_OR_RETURN(PathTemplate parsed, PathTemplate::Parse(path));
  const auto* request = method.descriptor->input_type();
  for (const std::string& field : parsed.fields()) {
    RETURN_IF_ERROR(FindFieldPath(*request, field).status());
  }
  if (!rule.body().empty() && rule.body() != "*") {
    RETURN_IF_ERROR(FindFieldPath(*request, rule.body()).status());
  }
  if (!rule.response_body().empty()) {
    RETURN_IF_ERROR(FindFieldPath(*method.descriptor->output_type(), rule.response_body()).status());
  }
  return Route{.http_method = http_method,
               .path = std::move(parsed),
               .method = &method,
               .body = rule.body(),
               .response_body = rule.response_body(),
               .raw_body = method.name == kRawBodyMethod ? kRawBodyField : "",
               .streams_file = false};
}

}  // namespace

absl::StatusOr<RouteTable> RouteTable::Build(const MethodDirectory& directory) {
  RouteTable table;
  for (const Method& method : directory.methods()) {
    const absl::Status added = table.AddMethod(method);
    if (!added.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(method.name, ": ", added.message()));
    }
  }
  RETURN_IF_ERROR(table.AddFileRoute(directory));
  std::stable_sort(table.routes_.begin(), table.routes_.end(), [](const Route& a, const Route& b) {
    return a.path.specificity() > b.path.specificity();
  });
  return table;
}

absl::Status RouteTable::AddMethod(const Method& method) {
  if (!method.descriptor->options().HasExtension(google::api::http)) return absl::OkStatus();
  if (!method.unary) return absl::InvalidArgumentError("a stream cannot be annotated");
  const HttpRule& rule = method.descriptor->options().GetExtension(google::api::http);
  ASSIGN_OR_RETURN(Route route, MakeRoute(method, rule));
  routes_.push_back(std::move(route));
  for (const HttpRule& additional : rule.additional_bindings()) {
    ASSIGN_OR_RETURN(Route other, MakeRoute(method, additional));
    routes_.push_back(std::move(other));
  }
  return absl::OkStatus();
}

absl::Status RouteTable::AddFileRoute(const MethodDirectory& directory) {
  const Method* method = directory.FindByPath(kFileMethodPath);
  if (method == nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(PathTemplate path, PathTemplate::Parse(kFilePath));
  routes_.push_back({.http_method = "POST",
                     .path = std::move(path),
                     .method = method,
                     .body = "",
                     .response_body = "",
                     .raw_body = "",
                     .streams_file = true});
  return absl::OkStatus();
}

absl::StatusOr<RouteMatch> RouteTable::Find(std::string_view http_method,
                                            std::span<const std::string> segments,
                                            std::vector<std::string>& allowed) const {
  for (const Route& route : routes_) {
    auto bindings = route.path.Match(segments);
    if (!bindings.has_value()) continue;
    if (route.http_method == http_method) return RouteMatch{&route, *std::move(bindings)};
    allowed.push_back(route.http_method);
  }
  if (allowed.empty())
    return RouteUnknown("path: got one that does not exist, want one of the API reference");
  return MethodNotAllowed(absl::StrCat("method: got another, want ", absl::StrJoin(allowed, " or ")));
}

}  // namespace quartermaster::gateway
