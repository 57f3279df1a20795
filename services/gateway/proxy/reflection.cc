#include "services/gateway/proxy/reflection.h"

#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/support/status.h>

#include "services/gateway/gateway_errors.h"
#include "services/gateway/upstream/message_bytes.h"

namespace quartermaster::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;

// gRPC's library brings the messages but not their header, so they are used by descriptor.
const Descriptor* ReflectionType(const char* name) {
  // Naming the library is what links it in.
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  return DescriptorPool::generated_pool()->FindMessageTypeByName(std::string("grpc.reflection.v1alpha.") +
                                                                 name);
}

const FieldDescriptor* Field(const Message& message, const char* name) {
  return message.GetDescriptor()->FindFieldByName(name);
}
Message* Sub(Message& message, const char* name) {
  return message.GetReflection()->MutableMessage(&message, Field(message, name));
}
Message* Add(Message& message, const char* name) {
  return message.GetReflection()->AddMessage(&message, Field(message, name));
}
void Set(Message& message, const char* name, std::string value) {
  message.GetReflection()->SetString(&message, Field(message, name), std::move(value));
}

// A file before those that import it come after it; each once.
void CollectWithImports(const FileDescriptor* file, std::set<const FileDescriptor*>& seen,
                        std::vector<const FileDescriptor*>& files) {
  if (!seen.insert(file).second) return;
  files.push_back(file);
  for (int i = 0; i < file->dependency_count(); ++i) {
    CollectWithImports(file->dependency(i), seen, files);
  }
}

}  // namespace

Reflection::Reflection(const MethodDirectory& directory)
    : directory_(directory),
      request_type_(ReflectionType("ServerReflectionRequest")),
      response_type_(ReflectionType("ServerReflectionResponse")) {
  for (const Method& method : directory.methods()) AddFile(method.descriptor->file());
  AddFile(request_type_->file());
}

void Reflection::AddFile(const FileDescriptor* file) {
  std::vector<const FileDescriptor*> files;
  CollectWithImports(file, files_, files);
}

absl::StatusOr<grpc::ByteBuffer> Reflection::Answer(const grpc::ByteBuffer& bytes) const {
  MessageFactory* factory = MessageFactory::generated_factory();
  const std::unique_ptr<Message> request(factory->GetPrototype(request_type_)->New());
  if (!ParseBytes(bytes, *request)) {
    return RequestMalformed("reflection: got bytes that are no ServerReflectionRequest");
  }
  const std::unique_ptr<Message> response(factory->GetPrototype(response_type_)->New());
  Sub(*response, "original_request")->CopyFrom(*request);
  const auto* question = request->GetReflection()->GetOneofFieldDescriptor(
      *request, request_type_->FindOneofByName("message_request"));
  const std::string kind = question == nullptr ? "" : question->name();
  const DescriptorPool* pool = DescriptorPool::generated_pool();
  if (kind == "list_services") {
    ListServices(*response);
  } else if (kind == "file_by_filename") {
    AnswerWithFile(pool->FindFileByName(request->GetReflection()->GetString(*request, question)), *response);
  } else if (kind == "file_containing_symbol") {
    AnswerWithFile(pool->FindFileContainingSymbol(request->GetReflection()->GetString(*request, question)),
                   *response);
  } else {
    // No proto of ours is extended.
    AnswerError(grpc::StatusCode::NOT_FOUND, "extensions: there are none", *response);
  }
  return ToBytes(*response);
}

void Reflection::ListServices(Message& response) const {
  Message* list = Sub(response, "list_services_response");
  for (const std::string& name : directory_.service_names()) {
    Set(*Add(*list, "service"), "name", name);
  }
  for (const char* name : {"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}) {
    Set(*Add(*list, "service"), "name", name);
  }
}

void Reflection::AnswerWithFile(const FileDescriptor* file, Message& response) const {
  if (file == nullptr || !files_.contains(file)) {
    return AnswerError(grpc::StatusCode::NOT_FOUND, "no such file or symbol", response);
  }
  std::set<const FileDescriptor*> seen;
  std::vector<const FileDescriptor*> files;
  CollectWithImports(file, seen, files);
  Message* answer = Sub(response, "file_descriptor_response");
  for (const FileDescriptor* each : files) {
    google::protobuf::FileDescriptorProto proto;
    each->CopyTo(&proto);
    answer->GetReflection()->AddString(answer, Field(*answer, "file_descriptor_proto"),
                                       proto.SerializeAsString());
  }
}

void Reflection::AnswerError(int code, const std::string& text, Message& response) const {
  Message* error = Sub(response, "error_response");
  error->GetReflection()->SetInt32(error, Field(*error, "error_code"), code);
  Set(*error, "error_message", text);
}

}  // namespace quartermaster::gateway
