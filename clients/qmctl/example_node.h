// A node that answers every method of the API with an example: each field of the answer holds
// something. For tests that walk all commands.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_EXAMPLE_NODE_H_
#define QUARTERMASTER_CLIENTS_QMCTL_EXAMPLE_NODE_H_

#include <google/protobuf/message.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>

#include <memory>
#include <set>
#include <string>

#include "absl/synchronization/mutex.h"

namespace quartermaster::qmctl {

// Text is the name of its field, a number 7, a flag true, an enum its first word, a list has one item;
// page tokens stay empty. A message of a stream comes once for each of its alternatives.
std::unique_ptr<google::protobuf::Message> ExampleOf(const google::protobuf::Descriptor& type);

// Plaintext on loopback.
class ExampleNode final : private grpc::CallbackGenericService {
 public:
  ExampleNode();
  ~ExampleNode() override;

  // Path of a credential file for it.
  const std::string& credentials() const { return credentials_; }
  // Full names of the methods that were called: "package.Service.Method".
  std::set<std::string> methods_called();

 private:
  class Call;
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override;

  absl::Mutex mutex_;
  std::set<std::string> methods_called_;
  std::unique_ptr<grpc::Server> server_;
  std::string credentials_;
};

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_EXAMPLE_NODE_H_
