#include "clients/qmctl/example_node.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "clients/connection/file.h"

namespace quartermaster::qmctl {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

// Any time will do.
constexpr int64_t kTimestampS = 1'767'225'600;

void Fill(Message& message);

void SetOne(Message& message, const FieldDescriptor& field) {
  const Reflection& set = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      set.SetString(&message, &field, field.name());
      break;
    case FieldDescriptor::CPPTYPE_INT32:
      set.SetInt32(&message, &field, 7);
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      set.SetInt64(&message, &field, 7);
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      set.SetBool(&message, &field, true);
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      set.SetEnumValue(&message, &field, 1);
      break;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      Fill(*set.MutableMessage(&message, &field));
      break;
    default:
      ADD_FAILURE() << field.full_name() << ": got a kind of field without an example";
  }
}

void AddOne(Message& message, const FieldDescriptor& field) {
  const Reflection& set = *message.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    set.AddString(&message, &field, field.name());
  } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    Fill(*set.AddMessage(&message, &field));
  } else {
    ADD_FAILURE() << field.full_name() << ": got a kind of list without an example";
  }
}

void Fill(Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  if (type.full_name() == "google.protobuf.Timestamp") {
    message.GetReflection()->SetInt64(&message, type.FindFieldByName("seconds"), kTimestampS);
    return;
  }
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.name() == "next_page_token") continue;
    field.is_repeated() ? AddOne(message, field) : SetOne(message, field);
  }
}

std::unique_ptr<Message> NewOf(const Descriptor& type) {
  return std::unique_ptr<Message>(MessageFactory::generated_factory()->GetPrototype(&type)->New());
}

// What a call is answered: of a stream, a message for each alternative, the last one last.
std::vector<std::unique_ptr<Message>> AnswersOf(const MethodDescriptor& method) {
  std::vector<std::unique_ptr<Message>> answers;
  const Descriptor& type = *method.output_type();
  if (!method.server_streaming()) {
    answers.push_back(ExampleOf(type));
    return answers;
  }
  const OneofDescriptor& alternatives = *type.oneof_decl(0);
  for (int i = 0; i < alternatives.field_count(); ++i) {
    answers.push_back(NewOf(type));
    SetOne(*answers.back(), *alternatives.field(i));
  }
  return answers;
}

// "/package.Service/Method" -> "package.Service.Method".
std::string FullName(const std::string& path) { return absl::StrReplaceAll(path.substr(1), {{"/", "."}}); }

}  // namespace

std::unique_ptr<Message> ExampleOf(const Descriptor& type) {
  auto message = NewOf(type);
  Fill(*message);
  return message;
}

// Hears the client out, then answers. Deletes itself when the call is over.
class ExampleNode::Call final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Call(const MethodDescriptor* method) {
    if (method == nullptr) {
      Finish({grpc::StatusCode::UNIMPLEMENTED, "no method of the API"});
      return;
    }
    for (const auto& answer : AnswersOf(*method)) {
      const grpc::Slice slice(answer->SerializeAsString());
      answers_.emplace_back(&slice, 1);
    }
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override { ok ? StartRead(&request_) : WriteNext(); }
  void OnWriteDone(bool ok) override { ok ? WriteNext() : Finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }

 private:
  void WriteNext() {
    if (written_ == answers_.size()) {
      Finish(grpc::Status::OK);
    } else {
      StartWrite(&answers_[written_++]);
    }
  }

  grpc::ByteBuffer request_;
  std::vector<grpc::ByteBuffer> answers_;
  size_t written_ = 0;
};

grpc::ServerGenericBidiReactor* ExampleNode::CreateReactor(grpc::GenericCallbackServerContext* context) {
  const std::string name = FullName(context->method());
  {
    absl::MutexLock lock(&mutex_);
    methods_called_.insert(name);
  }
  return new Call(DescriptorPool::generated_pool()->FindMethodByName(name));
}

ExampleNode::ExampleNode() {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(this);
  server_ = builder.BuildAndStart();
  credentials_ = absl::StrCat(::testing::TempDir(), "/example-credential-", port, ".json");
  const absl::Status written = client::WriteFileAtomically(
      credentials_,
      absl::StrCat(R"({"rest_endpoint": "", "ca_certificate": "", "grpc_endpoint": "127.0.0.1:)", port,
                   R"(", "client_id": "admin", "secret": "s3cret"})"));
  EXPECT_TRUE(written.ok()) << written;
}

ExampleNode::~ExampleNode() { server_->Shutdown(std::chrono::system_clock::now()); }

std::set<std::string> ExampleNode::methods_called() {
  absl::MutexLock lock(&mutex_);
  return methods_called_;
}

}  // namespace quartermaster::qmctl
