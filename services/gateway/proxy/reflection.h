// grpc.reflection.v1alpha for the methods that can be reached from outside. The services live in
// other processes, so gRPC's own plugin, which lists what is registered in the server, would list
// nothing; and it would tell the internal services' descriptors to whoever asks.
#ifndef QUARTERMASTER_SERVICES_GATEWAY_PROXY_REFLECTION_H_
#define QUARTERMASTER_SERVICES_GATEWAY_PROXY_REFLECTION_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <grpcpp/support/byte_buffer.h>

#include <memory>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "services/gateway/methods/method_directory.h"

namespace quartermaster::gateway {

// Immutable; thread-safe.
class Reflection {
 public:
  static constexpr char kMethod[] = "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

  // `directory` outlives this.
  explicit Reflection(const MethodDirectory& directory);

  // The answer to one ServerReflectionRequest. Questions about what is not public are answered as
  // not found, inside of the response.
  absl::StatusOr<grpc::ByteBuffer> Answer(const grpc::ByteBuffer& request) const;

 private:
  using FileDescriptor = google::protobuf::FileDescriptor;
  using Message = google::protobuf::Message;

  void AddFile(const FileDescriptor* file);
  void ListServices(Message& response) const;
  // Null is answered as not found.
  void AnswerWithFile(const FileDescriptor* file, Message& response) const;
  void AnswerError(int code, const std::string& text, Message& response) const;

  const MethodDirectory& directory_;
  // The public files and what they import.
  std::set<const FileDescriptor*> files_;
  const google::protobuf::Descriptor* const request_type_;
  const google::protobuf::Descriptor* const response_type_;
};

}  // namespace quartermaster::gateway

#endif  // QUARTERMASTER_SERVICES_GATEWAY_PROXY_REFLECTION_H_
