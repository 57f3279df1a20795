// What goes back over HTTP: answers as JSON, errors as google.rpc.Status in JSON,
//   {"error": {"code": 404, "status": "NOT_FOUND", "message": "…",
//              "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo",
//                           "reason": "gateway.route_unknown", "domain": "quartermaster"}, …]}}
#ifndef QUARTERMASTER_SERVICES_GATEWAY_REST_REST_ANSWER_H_
#define QUARTERMASTER_SERVICES_GATEWAY_REST_REST_ANSWER_H_

#include <google/protobuf/message.h>
#include <grpcpp/support/byte_buffer.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/gateway/rest/route_table.h"

namespace quartermaster::gateway {

struct RestAnswer {
  int http_code = 200;
  std::string content_type = "application/json";
  std::string body;
  // Beside those that every answer has.
  std::vector<std::pair<std::string, std::string>> headers;
};

// The HTTP code of an error: by its canonical code, or a finer one where HTTP has it (405, 413,
// 415, 431).
int HttpCodeOf(const absl::Status& error);

// `error` is not OK. 401 brings WWW-Authenticate; what can be retried with a delay, Retry-After.
RestAnswer ErrorAnswer(const absl::Status& error);
// {"error": …} alone, in one line.
std::string ErrorJson(const absl::Status& error);

// `gateway.answer_unreadable` when the bytes are not the method's response.
absl::StatusOr<RestAnswer> AnswerFromBytes(const Route& route, const grpc::ByteBuffer& bytes);

// One line of JSON; field names in lowerCamelCase, zeros and empty lists written out.
absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message);

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_REST_REST_ANSWER_H_
