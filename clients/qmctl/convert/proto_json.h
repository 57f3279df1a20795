// Values of proto messages as the output shows them.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_CONVERT_PROTO_JSON_H_
#define QUARTERMASTER_CLIENTS_QMCTL_CONVERT_PROTO_JSON_H_

#include <google/protobuf/generated_enum_reflection.h>
#include <google/protobuf/timestamp.pb.h>

#include <string>

#include "absl/time/time.h"
#include "clients/output/json_writer.h"
#include "quartermaster/common/v1/common.pb.h"

namespace quartermaster::qmctl {

using output::Json;

// RFC 3339 in UTC, with a fraction only where there is one; null when `set` is false.
Json TimeJson(bool set, const google::protobuf::Timestamp& time);
google::protobuf::Timestamp ToProto(absl::Time time);

// "PID:SN", as people write it.
std::string UdiText(const common::v1::Udi& udi);

// The enum's word in lower case without its type's prefix: OUTCOME_ACCEPTED is "accepted"; null for
// the unspecified one.
Json EnumWordOf(const google::protobuf::EnumDescriptor* type, int value);
template <typename Enum>
Json EnumWord(Enum value) {
  return EnumWordOf(google::protobuf::GetEnumDescriptor<Enum>(), value);
}

// Null instead of an empty text.
Json TextOrNull(const std::string& text);

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_CONVERT_PROTO_JSON_H_
