// Messages as JSON, for answers.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_REST_JSON_TEXT_H_
#define QUARTERMASTER_SERVICES_GATEWAY_REST_JSON_TEXT_H_

#include <google/protobuf/message.h>

#include <string>

namespace quartermaster::gateway {

// Appends the proto3 JSON form of the message, with every field that has no presence of its own (numbers,
// lists, … also when they are empty). Says what protobuf's own writer says, which a test compares, in a
// small part of its time: that one takes the message apart and looks up types for each field. False when some
// part has no JSON form.
bool AppendJson(const google::protobuf::Message& message, std::string& json);

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_REST_JSON_TEXT_H_
