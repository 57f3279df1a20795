// Between messages and the raw bytes that travel.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_UPSTREAM_MESSAGE_BYTES_H_
#define QUARTERMASTER_SERVICES_GATEWAY_UPSTREAM_MESSAGE_BYTES_H_

#include <google/protobuf/message.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/byte_buffer.h>

namespace quartermaster::gateway {

// False when the bytes are not of this message.
inline bool ParseBytes(const grpc::ByteBuffer& bytes, google::protobuf::Message& message) {
  // Deserialize empties the buffer that it is given; a copy of it only counts references.
  grpc::ByteBuffer consumed(bytes);
  return grpc::SerializationTraits<google::protobuf::Message>::Deserialize(&consumed, &message).ok();
}

inline grpc::ByteBuffer ToBytes(const google::protobuf::Message& message) {
  grpc::ByteBuffer bytes;
  bool own_buffer = false;
  grpc::SerializationTraits<google::protobuf::Message>::Serialize(message, &bytes, &own_buffer);
  return bytes;
}

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_UPSTREAM_MESSAGE_BYTES_H_
