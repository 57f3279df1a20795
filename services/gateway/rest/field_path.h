// Fields of a message named by a path of names ("udi.productId"), and set from plain text, as URLs
// carry it.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_REST_FIELD_PATH_H_
#define QUARTERMASTER_SERVICES_GATEWAY_REST_FIELD_PATH_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace quartermaster::gateway {

// From the outermost message to the field. Names are those of the proto or of its JSON form.
// `gateway.field_invalid` when a name is unknown or stands inside of something that is no message.
absl::StatusOr<std::vector<const google::protobuf::FieldDescriptor*>> FindFieldPath(
    const google::protobuf::Descriptor& message, std::string_view path);

// Sets the field, or adds to it when it is repeated. Numbers are decimal, enums are names or
// numbers, bytes are base64 (either alphabet), timestamps RFC 3339, durations "3.5s".
// `gateway.field_invalid` with field, got, want.
absl::Status SetFieldFromText(google::protobuf::Message& message, std::string_view path,
                              const std::string& text);

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_REST_FIELD_PATH_H_
