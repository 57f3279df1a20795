// A REST listener in front of the toys, and requests to it.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_TESTING_REST_DOOR_H_
#define QUARTERMASTER_SERVICES_GATEWAY_TESTING_REST_DOOR_H_

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "services/gateway/rest/rest_listener.h"
#include "services/gateway/testing/front_door.h"
#include "services/gateway/testing/https_client.h"
#include "services/gateway/tls/tls_context.h"

namespace quartermaster::gateway {

class RestDoor {
 public:
  explicit RestDoor(RestLimits limits = RestLimits(), int connections_max = 100,
                    double calls_per_second_per_client = 100000,
                    Admission::Limits admission = Admission::Limits(), int connections_per_address_max = 100)
      : door(calls_per_second_per_client, admission) {
    listener = *RestListener::Start({.address = "127.0.0.1:0",
                                     .connections_max = connections_max,
                                     .connections_per_address_max = connections_per_address_max},
                                    {routes, door.authenticator, door.admission, door.upstreams, door.journal,
                                     [this] { return not_ready; }, "1.2.3", limits},
                                    *tls, door.registry);
  }

  HttpsClient Connect() { return HttpsClient(listener->port(), door.ca_pem()); }

  // The text of a request.
  static std::string Request(std::string_view method_and_target, std::string_view token,
                             std::string_view body = "", std::string_view fields = "") {
    std::string text =
        absl::StrCat(View(method_and_target), " HTTP/1.1\r\nHost: localhost\r\n", View(fields));
    if (!token.empty()) absl::StrAppend(&text, "Authorization: Bearer ", View(token), "\r\n");
    if (!body.empty()) absl::StrAppend(&text, "Content-Length: ", body.size(), "\r\n");
    return absl::StrCat(text, "\r\n", View(body));
  }

  // On a connection of its own.
  HttpsClient::Response Call(std::string_view method_and_target, std::string_view token,
                             std::string_view body = "", std::string_view fields = "") {
    HttpsClient client = Connect();
    client.Send(Request(method_and_target, token, body, fields));
    return client.Read();
  }

  static std::string Reason(const HttpsClient::Response& response) {
    const auto json = nlohmann::json::parse(response.body(), nullptr, false);
    if (!json.is_object() || !json.contains("error")) return "";
    return json["error"]["details"][0]["reason"];
  }

  FrontDoor door;
  RouteTable routes = *RouteTable::Build(door.methods);
  std::unique_ptr<TlsContext> tls = *TlsContext::Open(door.tls);
  std::string not_ready;
  std::unique_ptr<RestListener> listener;

 private:
  static absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_TESTING_REST_DOOR_H_
